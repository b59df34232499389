"""What units ask for is judged by who sent the work: returns and extensions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from yousu.base.errors import Refused
from yousu.city.workdays import after_workdays
from yousu.dispatch.verbs.sending import fit, not_exhausted
from yousu.tickets.access import SENT_IT
from yousu.tickets.course import await_callback, end_assignments, recall_below
from yousu.tickets.inputs import Ask, Code, Text
from yousu.tickets.models import Assignment, Extension, Return
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import AssignmentState, TicketState

Opinion = Annotated[Text, Ask("审核意见", "textarea", limit="reply_chars")]


def _pending(act: Act, model: type[Return] | type[Extension], assignment: Assignment) -> Return | Extension:
    found = [row for row in act.all(model) if row.ordinal == assignment.ordinal and not row.decision]
    return found[-1]  # type: ignore[no-any-return]


def _decide(act: Act, row: Return | Extension, decision: str, opinion: str) -> None:
    row.decision, row.opinion = decision, opinion
    row.decided_at, row.decided_by = act.now, act.by
    act.rewrite(row)
    act.note(opinion=opinion)


@verb(
    "同意退单",
    on=Assignment,
    noun="return-approvals",
    event="assignment.return_accepted",
    who=SENT_IT,
    states={AssignmentState.RETURNING},
    tone="primary",
)
def accept_return(
    act: Act,
    assignment: Assignment,
    *,
    redirect_to: Annotated[Code, Ask("改派至", "unit", "留空则退回待派单")] = "",
    opinion: Opinion = "",
) -> Assignment:
    """同意退单: back to who sent it, or straight on to another unit in the same role."""
    _decide(act, _pending(act, Return, assignment), "accepted", opinion)
    assignment.state, assignment.ended_at = AssignmentState.RETURNED, act.now
    assignment.extension_pending = False
    recall_below(act, assignment)
    if assignment.parent_id is None:
        act.ticket.return_count += 1
    if redirect_to:
        if assignment.parent_id is None:
            not_exhausted(act)
        return _redirect(act, assignment, redirect_to)
    if assignment.is_principal and not act.case.principals():
        end_assignments(act)
        act.ticket.state, act.ticket.deadline = TicketState.REGISTERED, None
    elif assignment.is_principal:
        _settle_course(act)
    return assignment


def _redirect(act: Act, returned: Assignment, code: str) -> Assignment:
    unit = fit(act, code, "redirect_to")
    if unit.pk == returned.unit_id or any(a.unit_id == unit.pk for a in act.case.in_course()):
        raise Refused(f"{unit.name}已在办理这张工单，请改派其他单位。", field="redirect_to")
    parent = next((a for a in act.case.assignments if a.pk == returned.parent_id), None)
    if parent is not None and not unit.is_within(act.city.units[parent.unit_id]):
        raise Refused(f"只能改派给{act.city.units[parent.unit_id].name}的下属单位。", field="redirect_to")
    cap = parent.deadline if parent else None
    fresh = act.assign(unit, returned.role, limit=returned.limit, parent=parent, not_after=cap)
    if parent is None:
        act.ticket.deadline = max(a.deadline for a in act.case.principals())
    return fresh


def _settle_course(act: Act) -> None:
    """One of two parallel principals is out: if the other has answered, nothing more is awaited."""
    rest = act.case.principals()
    act.ticket.deadline = max(a.deadline for a in rest)
    if all(a.state == AssignmentState.REPLIED for a in rest):
        await_callback(act)


@verb(
    "驳回退单",
    on=Assignment,
    noun="return-rejections",
    event="assignment.return_rejected",
    who=SENT_IT,
    states={AssignmentState.RETURNING},
)
def reject_return(act: Act, assignment: Assignment, *, opinion: Opinion) -> None:
    """驳回退单: the work stays, its clock has never stopped, and the same assignment cannot be returned again."""
    asked = _pending(act, Return, assignment)
    assert isinstance(asked, Return)
    _decide(act, asked, "rejected", opinion)
    assignment.state = asked.state_before
    assignment.return_rejected = True


@verb(
    "同意延期",
    on=Assignment,
    noun="extension-approvals",
    event="assignment.extended",
    who=SENT_IT,
    states={AssignmentState.DISPATCHED, AssignmentState.SIGNED},
    open_when=lambda _, assignment: bool(assignment and assignment.extension_pending),
    tone="primary",
)
def grant_extension(
    act: Act,
    assignment: Assignment,
    *,
    told: Annotated[Text, Field(max_length=200), Ask("告知市民的情况", help="延期须告知市民，写明何时、如何告知")],
    opinion: Opinion = "",
) -> None:
    """同意延期: the new deadline counts from the old one; the citizen is told."""
    asked = _pending(act, Extension, assignment)
    assert isinstance(asked, Extension)
    due = after_workdays(assignment.deadline, asked.days, act.city.calendar)
    parent = next((a for a in act.case.assignments if a.pk == assignment.parent_id), None)
    if parent is not None and due.at > parent.deadline:
        raise Refused("下派的期限不能晚于本单位的期限，请先为本单位申请延期。", field="opinion")
    _decide(act, asked, "granted", opinion)
    asked.new_deadline = assignment.deadline = due.at
    assignment.provisional = assignment.provisional or bool(due.provisional)
    assignment.extensions += 1
    assignment.extension_pending = False
    if assignment.is_principal:
        act.ticket.deadline = max(a.deadline for a in act.case.principals())
    act.note(told=told, days=asked.days)


@verb(
    "不同意延期",
    on=Assignment,
    noun="extension-refusals",
    event="assignment.extension_refused",
    who=SENT_IT,
    states={AssignmentState.DISPATCHED, AssignmentState.SIGNED},
    open_when=lambda _, assignment: bool(assignment and assignment.extension_pending),
)
def refuse_extension(act: Act, assignment: Assignment, *, opinion: Opinion) -> None:
    """不同意延期: the deadline stands."""
    _decide(act, _pending(act, Extension, assignment), "refused", opinion)
    assignment.extension_pending = False
