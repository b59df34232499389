"""Open-ended cases: shelved with a promised date, cleared when the promise was kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from yousu.base.errors import Refused
from yousu.city.workdays import SHANGHAI
from yousu.dispatch.verbs.sending import DISPATCHER
from yousu.tickets.course import await_callback
from yousu.tickets.inputs import Ask, Text
from yousu.tickets.models import Ticket
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import AssignmentState, CallbackResult, TicketState


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
