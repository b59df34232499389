"""To whom it goes: dispatch, in parallel, by consultation, by force; recall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from yousu.base.errors import Refused
from yousu.city.models import CatalogueItem, Unit
from yousu.city.roles import Role, UnitKind
from yousu.city.rules import Rules
from yousu.dispatch.models import Consultation
from yousu.dispatch.rules import needs_force, why_not
from yousu.tickets.access import anyone
from yousu.tickets.course import end_assignments
from yousu.tickets.inputs import Ask, Code, Text
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import AssignmentRole, AssignmentState, CallbackResult, TicketState

DISPATCHER = anyone(Role.DISPATCHER)


def tiers(rules: Rules) -> list[tuple[str, str]]:
    return [(str(tier), f"{tier} 个工作日") for tier in rules.tiers]


Item = Annotated[Code, Ask("派单事项", "item")]
Advice = Annotated[Text, Ask("派单意见", "textarea", limit="reply_chars")]
Tier = Annotated[Code, Ask("办理时限", "choice", "留空则按派单目录", choices=tiers)]
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


def fit(act: Act, code: str, field: str) -> Unit:
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


def not_exhausted(act: Act) -> None:
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
    not_exhausted(act)
    chosen = _choose_item(act, item)
    _distinct([lead, *assists], "assists")
    limit = _limit(tier, chosen)
    assignment = act.assign(fit(act, lead, "lead"), AssignmentRole.LEAD, limit=limit, advice=advice)
    for code in assists:
        act.assign(fit(act, code, "assists"), AssignmentRole.ASSIST, limit=limit, advice=advice)
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
    not_exhausted(act)
    chosen = _choose_item(act, item)
    _distinct([territory, trade], "trade")
    limit = _limit(tier, chosen)
    first = act.assign(fit(act, territory, "territory"), AssignmentRole.TERRITORY, limit=limit, advice=advice)
    act.assign(fit(act, trade, "trade"), AssignmentRole.TRADE, limit=limit, advice=advice)
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
    unit = fit(act, lead, "lead")
    assignment = act.assign(unit, AssignmentRole.LEAD, limit=limit, advice=advice, forced=True)
    for code in assists:
        act.assign(fit(act, code, "assists"), AssignmentRole.ASSIST, limit=limit, advice=advice, forced=True)
    act.ticket.parallel = False
    act.note(item=chosen.code, catalogue=chosen.version_id)
    _under_way(act)
    return assignment
