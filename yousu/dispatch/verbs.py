"""The verbs of 派: dispatch, in parallel, by consultation, by force; recall; judge returns and extensions; shelve."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from yousu.base.errors import Refused
from yousu.city.models import CatalogueItem, Unit
from yousu.city.roles import Role, UnitKind
from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI, after_workdays
from yousu.dispatch.models import Consultation
from yousu.dispatch.rules import needs_force, why_not
from yousu.tickets.access import SENT_IT, anyone
from yousu.tickets.course import await_callback, end_assignments, recall_below
from yousu.tickets.inputs import Ask, Code, Text
from yousu.tickets.models import Assignment, Extension, Return, Ticket
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import AssignmentRole, AssignmentState, CallbackResult, TicketState

DISPATCHER = anyone(Role.DISPATCHER)


def tiers(rules: Rules) -> list[tuple[str, str]]:
    return [(str(tier), f"{tier} 个工作日") for tier in rules.tiers]


Item = Annotated[Code, Ask("派单事项", "item")]
Advice = Annotated[Text, Ask("派单意见", "textarea", limit="reply_chars")]
Tier = Annotated[Code, Ask("办理时限", "choice", "留空则按派单目录", choices=tiers)]
Opinion = Annotated[Text, Ask("审核意见", "textarea", limit="reply_chars")]
Assists = Annotated[list[Code], Field(max_length=20), Ask("协办单位", "units")]


def _choose_item(act: Act, code: str) -> CatalogueItem:
    ticket = act.ticket
    if code:
        ticket.item = act.city.item(code)
        ticket.item_code = code
        ticket.is_secret = ticket.is_secret or ticket.item.secret
        ticket.identity_hidden = ticket.identity_hidden or ticket.is_secret
    chosen: CatalogueItem | None = ticket.item
    if chosen is None:
        raise Refused("请先选择派单事项。", field="item")
    return chosen


def _fit(act: Act, code: str, field: str) -> Unit:
    """The unit, if the work may go there."""
    unit = act.city.unit(code, field)
    accused = act.city.units.get(act.ticket.accused_unit_id or 0)
    if sentence := why_not(unit, act.ticket.item, accused):
        raise Refused(sentence, field=field)
    return unit


def _distinct(codes: Iterable[str], field: str) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise Refused("同一单位不能重复派单。", field=field)
        seen.add(code)


def _limit(tier: str, item: CatalogueItem) -> int:
    return int(tier) if tier else item.tier


def _under_way(act: Act) -> None:
    ticket = act.ticket
    ticket.state = TicketState.HANDLING
    ticket.callback_result, ticket.callback_due = "", None
    ticket.deadline = max(a.deadline for a in act.case.principals())


def _not_exhausted(act: Act) -> None:
    if needs_force(act.ticket, act.rules.returns.max_per_ticket):
        raise Refused(
            f"已退单 {act.ticket.return_count} 次，不能再普通派单，请会商或指定承办。",
            code="state",
            open=["会商", "指定承办"],
        )


def _copied_to(act: Act, unit: Unit) -> None:
    """A dispatch to a street copies its district (Beijing Art. 12)."""
    if unit.kind == UnitKind.TOWN and unit.parent is not None:
        act.note(copied_to=unit.parent.code)


@verb(
    "派单",
    noun="dispatches",
    event="ticket.dispatched",
    who=DISPATCHER,
    ticket_states={TicketState.REGISTERED},
    tone="primary",
)
def dispatch(
    act: Act,
    ticket: Ticket,
    *,
    lead: Annotated[Code, Ask("主办单位", "unit")],
    item: Item = "",
    assists: Assists = [],  # noqa: B006
    advice: Advice = "",
    tier: Tier = "",
) -> Assignment:
    """派单: to a lead and, where need be, assistants. The deadline is that of the item's tier, printed on the order (Art. 13)."""
    _not_exhausted(act)
    chosen = _choose_item(act, item)
    _distinct([lead, *assists], "assists")
    limit = _limit(tier, chosen)
    assignment = act.assign(_fit(act, lead, "lead"), AssignmentRole.LEAD, limit=limit, advice=advice)
    for code in assists:
        act.assign(_fit(act, code, "assists"), AssignmentRole.ASSIST, limit=limit, advice=advice)
    ticket.parallel = False
    _copied_to(act, assignment.unit)
    act.note(item=chosen.code, catalogue=chosen.version_id, advice=advice)
    _under_way(act)
    return assignment


@verb(
    "并行派单",
    noun="parallel-dispatches",
    event="ticket.dispatched",
    who=DISPATCHER,
    ticket_states={TicketState.REGISTERED},
)
def dispatch_parallel(
    act: Act,
    ticket: Ticket,
    *,
    territory: Annotated[Code, Ask("属地单位", "unit")],
    trade: Annotated[Code, Ask("行业单位", "unit")],
    item: Item = "",
    advice: Advice = "",
    tier: Tier = "",
) -> Assignment:
    """并行派单: 属地 and 行业 at once for a complex matter, each with its own clock; both must answer."""
    _not_exhausted(act)
    chosen = _choose_item(act, item)
    _distinct([territory, trade], "trade")
    limit = _limit(tier, chosen)
    first = act.assign(_fit(act, territory, "territory"), AssignmentRole.TERRITORY, limit=limit, advice=advice)
    act.assign(_fit(act, trade, "trade"), AssignmentRole.TRADE, limit=limit, advice=advice)
    ticket.parallel = True
    _copied_to(act, first.unit)
    act.note(item=chosen.code, catalogue=chosen.version_id, advice=advice)
    _under_way(act)
    return first


@verb(
    "收回",
    noun="recalls",
    event="ticket.recalled",
    who=DISPATCHER,
    ticket_states={TicketState.HANDLING},
    open_when=lambda case, _: all(a.state == AssignmentState.DISPATCHED for a in case.in_course()),
)
def recall(act: Act, ticket: Ticket, *, reason: Annotated[Text, Field(max_length=200), Ask("收回理由")]) -> None:
    """收回: undo a dispatch that nobody has signed yet."""
    end_assignments(act)
    ticket.state, ticket.deadline = TicketState.REGISTERED, None
    act.note(reason=reason)


@verb(
    "会商",
    noun="consultations",
    event="ticket.consultation_called",
    who=DISPATCHER,
    ticket_states={TicketState.REGISTERED, TicketState.CALLBACK},
    open_when=lambda case, _: (
        case.ticket.state != TicketState.CALLBACK or case.ticket.callback_result == CallbackResult.NEGATIVE
    ),
)
def call_consultation(
    act: Act,
    ticket: Ticket,
    *,
    question: Annotated[Text, Ask("会商事由", "textarea", limit="reply_chars")],
    invited: Annotated[list[Code], Field(min_length=1, max_length=20), Ask("邀请单位", "units")],
) -> None:
    """会商: invite those who might be responsible."""
    _distinct(invited, "invited")
    units = [act.city.unit(code, "invited") for code in invited]
    act.add(
        Consultation(ticket=ticket, at=act.now, by=act.by, question=question, invited=[unit.code for unit in units])
    )
    ticket.state = TicketState.CONSULTING
    act.note(question=question, invited=list(invited))


@verb(
    "会商结论",
    noun="conclusions",
    event="ticket.consultation_concluded",
    who=DISPATCHER,
    ticket_states={TicketState.CONSULTING},
    tone="primary",
)
def conclude_consultation(
    act: Act,
    ticket: Ticket,
    *,
    minutes: Annotated[Text, Ask("会商纪要", "textarea", limit="reply_chars")],
    lead: Annotated[Code, Ask("指定主办单位", "unit")],
    item: Item = "",
    assists: Assists = [],  # noqa: B006
    tier: Tier = "",
) -> Assignment:
    """会商结论: the unit designated cannot return the work (潍坊条例 Art. 22)."""
    consultation = act.all(Consultation)[-1]
    consultation.concluded_at, consultation.concluded_by = act.now, act.by
    consultation.minutes, consultation.designated = minutes, lead
    act.rewrite(consultation)
    act.note(minutes=minutes)
    return _force(act, lead=lead, item=item, assists=assists, advice=minutes, tier=tier)


@verb(
    "指定承办",
    noun="forced-assignments",
    event="ticket.forced",
    who=DISPATCHER,
    ticket_states={TicketState.REGISTERED},
    open_when=lambda case, _: case.ticket.return_count > 0,
)
def force_assign(
    act: Act,
    ticket: Ticket,
    *,
    lead: Annotated[Code, Ask("指定主办单位", "unit")],
    reason: Annotated[Text, Ask("指定理由", "textarea", limit="reply_chars")],
    item: Item = "",
    assists: Assists = [],  # noqa: B006
    tier: Tier = "",
) -> Assignment:
    """指定承办: after the returns are used up, first-receiver responsibility (首接负责, Beijing Art. 14); it cannot be returned."""
    if not needs_force(ticket, act.rules.returns.max_per_ticket):
        most = act.rules.returns.max_per_ticket
        raise Refused(
            f"退单满 {most} 次后才能指定承办，现在 {ticket.return_count} 次。", code="state", open=["派单", "会商"]
        )
    act.note(reason=reason)
    return _force(act, lead=lead, item=item, assists=assists, advice=reason, tier=tier)


def _force(act: Act, *, lead: str, item: str, assists: list[str], advice: str, tier: str) -> Assignment:
    end_assignments(act)
    chosen = _choose_item(act, item)
    _distinct([lead, *assists], "assists")
    limit = _limit(tier, chosen)
    unit = _fit(act, lead, "lead")
    assignment = act.assign(unit, AssignmentRole.LEAD, limit=limit, advice=advice, forced=True)
    for code in assists:
        act.assign(_fit(act, code, "assists"), AssignmentRole.ASSIST, limit=limit, advice=advice, forced=True)
    act.ticket.parallel = False
    act.note(item=chosen.code, catalogue=chosen.version_id)
    _under_way(act)
    return assignment


# -- judging what units ask for -------------------------------------------------------------------------------------


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
            _not_exhausted(act)
        return _redirect(act, assignment, redirect_to)
    if assignment.is_principal and not act.case.principals():
        end_assignments(act)
        act.ticket.state, act.ticket.deadline = TicketState.REGISTERED, None
    elif assignment.is_principal:
        _settle_course(act)
    return assignment


def _redirect(act: Act, returned: Assignment, code: str) -> Assignment:
    unit = _fit(act, code, "redirect_to")
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


# -- open-ended cases -----------------------------------------------------------------------------------------------


@verb(
    "挂账",
    noun="shelvings",
    event="ticket.shelved",
    who=DISPATCHER,
    ticket_states={TicketState.HANDLING, TicketState.CALLBACK},
    open_when=lambda case, _: (
        case.ticket.state == TicketState.HANDLING or case.ticket.callback_result == CallbackResult.NEGATIVE
    ),
)
def shelve(
    act: Act,
    ticket: Ticket,
    *,
    reason: Annotated[Text, Ask("客观上暂时不能解决的原因", "textarea", limit="reply_chars")],
    measures: Annotated[Text, Ask("阶段措施", "textarea", limit="reply_chars")],
    promised_on: Annotated[date, Ask("承诺解决日期", "date")],
) -> None:
    """挂账: not solvable now; needs measures, a fixed date and tracking to 销号 (济南条例 Art. 24)."""
    if any(a.state == AssignmentState.RETURNING for a in act.case.in_course()):
        raise Refused("还有退单待审，请先审核退单再挂账。", code="state", open=["同意退单", "驳回退单"])
    if promised_on <= act.now.astimezone(SHANGHAI).date():
        raise Refused("承诺日期须晚于今天。", field="promised_on")
    ticket.state, ticket.promised_on = TicketState.SHELVED, promised_on
    ticket.callback_due, ticket.callback_result = None, ""
    for assignment in act.case.principals():
        assignment.deadline = max(assignment.deadline, _close_of(act, promised_on))
    ticket.deadline = max(a.deadline for a in act.case.principals())
    act.note(reason=reason, measures=measures, promised_on=promised_on.isoformat())


def _close_of(act: Act, day: date) -> datetime:
    return datetime.combine(day, act.city.calendar.closes, SHANGHAI)


@verb(
    "销号",
    noun="clearances",
    event="ticket.cleared",
    who=DISPATCHER,
    ticket_states={TicketState.SHELVED},
    tone="primary",
)
def clear(
    act: Act, ticket: Ticket, *, result: Annotated[Text, Ask("解决情况", "textarea", limit="reply_chars")]
) -> None:
    """销号: the promise was kept; the ticket goes to callback like any other."""
    for assignment in act.case.in_course():
        if assignment.is_open:
            assignment.state, assignment.replied_at = AssignmentState.REPLIED, act.now
            assignment.extension_pending = False
    ticket.promised_on = None
    await_callback(act)
    act.note(result=result)
