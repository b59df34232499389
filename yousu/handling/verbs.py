"""The verbs of 办: sign, contact, return, sub-dispatch, ask for more time, reply, consolidate."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from yousu.base.errors import Refused
from yousu.dispatch.rules import why_not
from yousu.handling.rules import why_no_extension, why_no_return
from yousu.tickets.access import HANDLES
from yousu.tickets.case import Case
from yousu.tickets.course import await_callback, recall_below
from yousu.tickets.inputs import Ask, Code, Files, Text
from yousu.tickets.models import Assignment, Extension, Reply, Return
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import AssignmentRole, AssignmentState, TicketState

IN_HAND = {AssignmentState.SIGNED}
COURSE = {TicketState.HANDLING, TicketState.SHELVED}


@verb(
    "签收",
    on=Assignment,
    noun="signatures",
    event="assignment.signed",
    who=HANDLES,
    states={AssignmentState.DISPATCHED},
    tone="primary",
)
def sign(act: Act, assignment: Assignment) -> None:
    """签收: the unit takes the work. Late signing is recorded, not refused."""
    assignment.state = AssignmentState.SIGNED
    assignment.signed_at, assignment.signed_by = act.now, act.by
    act.note(late=act.now > assignment.sign_due)


@verb(
    "退单",
    on=Assignment,
    noun="returns",
    event="assignment.return_asked",
    who=HANDLES,
    states={AssignmentState.DISPATCHED, AssignmentState.SIGNED},
    ticket_states={TicketState.HANDLING},
    open_when=lambda _, assignment: bool(assignment and not assignment.forced and not assignment.return_rejected),
    tone="danger",
)
def return_assignment(
    act: Act,
    assignment: Assignment,
    *,
    reason: Annotated[Text, Ask("退单理由", "textarea", limit="reply_chars")],
    basis: Annotated[Text, Ask("法律或职责依据", "textarea", limit="reply_chars")],
    suggested: Annotated[Code, Ask("建议承办单位", "unit")] = "",
) -> None:
    """退单: ask the sender to take the work back, with reason and legal basis.

    Within ``returns.within_workdays`` of dispatch, ``returns.max_per_ticket`` times in a ticket's life, never on a forced
    assignment (潍坊条例 Art. 22), and not again once rejected. The clock goes on.
    """
    if sentence := why_no_return(assignment, act.now, _returns_so_far(act), act.rules):
        raise Refused(sentence, code="state")
    if suggested:
        act.city.unit(suggested, "suggested")
    act.add(
        Return(
            ticket=act.ticket,
            ordinal=assignment.ordinal,
            at=act.now,
            by=act.by,
            reason=reason,
            basis=basis,
            suggested=suggested,
            state_before=assignment.state,
        )
    )
    assignment.state = AssignmentState.RETURNING
    act.note(reason=reason, basis=basis, suggested=suggested)


def _returns_so_far(act: Act) -> int:
    """Returns granted, and those of this ticket still being judged."""
    waiting = [a for a in act.case.assignments if a.state == AssignmentState.RETURNING and a.parent_id is None]
    return act.ticket.return_count + len(waiting)


@verb("联系市民", on=Assignment, noun="contacts", event="assignment.contacted", who=HANDLES, states=IN_HAND)
def record_contact(
    act: Act,
    assignment: Assignment,
    *,
    reached: Annotated[bool, Ask("已联系上", "bool")] = True,
    note: Annotated[Text, Ask("联系情况", "textarea", limit="reply_chars")] = "",
) -> None:
    """联系市民: the first contact that reached the citizen stops the 24-hour clock; an attempt that failed does not."""
    if reached and assignment.contacted_at is None:
        assignment.contacted_at = act.now
        act.note(first=True, late=act.now > assignment.contact_due)
    act.note(reached=reached, note=note)


@verb("下派", on=Assignment, noun="sub-dispatches", event="assignment.sub_dispatched", who=HANDLES, states=IN_HAND)
def sub_dispatch(
    act: Act,
    assignment: Assignment,
    *,
    unit: Annotated[Code, Ask("下派至", "lower-unit")],
    advice: Annotated[Text, Ask("下派意见", "textarea", limit="reply_chars")] = "",
) -> Assignment:
    """下派: to a unit below one's own, not below the item's lowest level, not beyond one's own deadline."""
    lower, own = act.city.unit(unit), act.city.units[assignment.unit_id]
    if lower.pk == own.pk or not lower.is_within(own):
        raise Refused(f"只能下派给{own.name}的下属单位。", field="unit")
    accused = act.city.units.get(act.ticket.accused_unit_id or 0)
    if sentence := why_not(lower, act.ticket.item, accused):
        raise Refused(sentence, field="unit")
    if any(a.unit_id == lower.pk for a in act.case.in_course()):
        raise Refused(f"{lower.name}已在办理这张工单。", field="unit")
    act.note(advice=advice, unit=lower.code, parent=assignment.ordinal)
    return act.assign(
        lower,
        AssignmentRole.SUB,
        limit=assignment.limit,
        advice=advice,
        parent=assignment,
        not_after=assignment.deadline,
    )


@verb(
    "申请延期",
    on=Assignment,
    noun="extensions",
    event="assignment.extension_asked",
    who=HANDLES,
    states=IN_HAND,
    ticket_states={TicketState.HANDLING},
    open_when=lambda _, assignment: bool(assignment and not assignment.extension_pending),
)
def ask_extension(
    act: Act,
    assignment: Assignment,
    *,
    days: Annotated[int, Field(ge=1, le=365), Ask("延长工作日", "number")],
    reason: Annotated[Text, Ask("延期理由", "textarea", limit="reply_chars")],
) -> None:
    """申请延期: before the deadline, on its day before 17:00, once, at most the original length; needs approval."""
    if sentence := why_no_extension(assignment, act.now, days, act.rules):
        raise Refused(sentence, field="days", code="state")
    act.add(Extension(ticket=act.ticket, ordinal=assignment.ordinal, at=act.now, by=act.by, days=days, reason=reason))
    assignment.extension_pending = True
    act.note(days=days, reason=reason)


def _alone(case: Case, assignment: Assignment | None) -> bool:
    return assignment is not None and not case.helpers_of(assignment)


def _has_helpers(case: Case, assignment: Assignment | None) -> bool:
    return assignment is not None and bool(case.helpers_of(assignment))


def _reply(act: Act, assignment: Assignment, text: str, solved: bool, attachments: list[int], whole: bool) -> None:
    act.add(
        Reply(
            ticket=act.ticket,
            ordinal=assignment.ordinal,
            at=act.now,
            by=act.by,
            round=assignment.round,
            text=text,
            solved=solved,
            consolidated=whole,
        )
    )
    act.attach(attachments)
    assignment.state, assignment.replied_at = AssignmentState.REPLIED, act.now
    assignment.extension_pending = False
    act.note(solved=solved, late=act.now > assignment.deadline, chars=len(text))
    if act.ticket.state == TicketState.HANDLING and all(
        a.state == AssignmentState.REPLIED for a in act.case.principals()
    ):
        await_callback(act)


@verb(
    "答复",
    on=Assignment,
    noun="replies",
    event="assignment.replied",
    who=HANDLES,
    states=IN_HAND,
    ticket_states=COURSE,
    open_when=_alone,
    tone="primary",
)
def reply(
    act: Act,
    assignment: Assignment,
    *,
    text: Annotated[Text, Ask("办理情况", "textarea", "查到什么、做了什么、怎样告知市民", limit="reply_chars")],
    solved: Annotated[bool, Ask("问题已解决", "bool")] = True,
    attachments: Files = [],  # noqa: B006
) -> None:
    """答复: what was found and done, with evidence. When every principal has answered the ticket goes to callback."""
    _reply(act, assignment, text, solved, attachments, whole=False)


@verb(
    "汇总答复",
    on=Assignment,
    noun="consolidations",
    event="assignment.consolidated",
    who=HANDLES,
    states=IN_HAND,
    ticket_states=COURSE,
    open_when=_has_helpers,
    tone="primary",
)
def consolidate(
    act: Act,
    assignment: Assignment,
    *,
    text: Annotated[Text, Ask("汇总办理情况", "textarea", "综合协办、下派单位的答复", limit="reply_chars")],
    solved: Annotated[bool, Ask("问题已解决", "bool")] = True,
    without: Annotated[Text, Field(max_length=200), Ask("未等答复的说明", help="仍有单位逾期未答复时填写")] = "",
    attachments: Files = [],  # noqa: B006
) -> None:
    """汇总答复: the lead puts together what assistants and lower units answered. An overdue silence may be passed over, in writing."""
    silent = [a for a in act.case.helpers_of(assignment) if a.is_open]
    if waiting := [a for a in silent if act.now <= a.deadline or not without]:
        names = "、".join(act.city.units[a.unit_id].short_name for a in waiting)
        raise Refused(f"{names}还没有答复；逾期未答复的，写明说明后可以汇总。", field="without", code="state")
    for helper in silent:
        recall_below(act, helper)
        helper.state, helper.ended_at = AssignmentState.RECALLED, act.now
        helper.extension_pending = False
    act.note(without=without, silent=[act.city.units[a.unit_id].code for a in silent])
    _reply(act, assignment, text, solved, attachments, whole=True)
