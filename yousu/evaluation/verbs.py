"""The verbs of 评 that act on a ticket: call back, order a redo, close."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from yousu.base.errors import Refused
from yousu.city.roles import Role
from yousu.city.workdays import share_of
from yousu.evaluation.models import Callback
from yousu.evaluation.rules import is_positive, slot_of, slots_in_words
from yousu.tickets.access import anyone
from yousu.tickets.clock import open_round
from yousu.tickets.course import close_ticket
from yousu.tickets.inputs import Ask, Code, Text
from yousu.tickets.models import Ticket
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import CallbackResult, ClosedAs, Satisfaction, TicketState

WAITING = {TicketState.CALLBACK}


def _attempts(act: Act) -> list[Callback]:
    """The attempts since the last reply and the last call that connected: what follows either is a new round of calls."""
    replied = max((a.replied_at for a in act.case.principals() if a.replied_at), default=None)
    rows: list[Callback] = []
    for row in act.all(Callback):
        rows = [] if row.connected else [*rows, row]
    return [row for row in rows if replied is None or row.at >= replied]


@verb(
    "回访",
    noun="callbacks",
    event="ticket.called_back",
    who=anyone(Role.CALLBACK),
    ticket_states=WAITING,
    open_when=lambda case, _: case.ticket.callback_result in {"", CallbackResult.UNREACHED},
    tone="primary",
)
def call_back(
    act: Act,
    ticket: Ticket,
    *,
    connected: Annotated[bool, Ask("接通", "bool")],
    contacted: Annotated[bool, Ask("单位联系过市民", "bool")] = True,
    solved: Annotated[bool, Ask("问题已解决", "bool")] = False,
    satisfaction: Annotated[Code, Ask("满意度", "choice", choices=Satisfaction)] = "",
    opinion: Annotated[Text, Ask("市民意见", "textarea", limit="reply_chars")] = "",
) -> None:
    """回访: what the citizen says decides. Solved and not 不满意 closes the ticket; otherwise the work is not done.

    An attempt that does not connect is no valid callback; attempts fall in different slots of the day.
    """
    slot = slot_of(act.now, act.rules)
    if slot is None:
        raise Refused(f"现在不在回访时段（{slots_in_words(act.rules)}），请换个时间。", code="state")
    tried = _attempts(act)
    if not connected:
        _may_try_again(act, [row.slot for row in tried], slot)
    if connected and not satisfaction:
        raise Refused("接通后请选择满意度。", field="satisfaction")
    act.add(
        Callback(
            ticket=ticket,
            round=max((a.round for a in act.case.principals()), default=1),
            attempt=len(tried) + 1,
            at=act.now,
            by=act.by,
            slot=slot,
            connected=connected,
            contacted=contacted if connected else None,
            solved=solved if connected else None,
            satisfaction=satisfaction if connected else "",
            opinion=opinion,
        )
    )
    act.note(connected=connected, attempt=len(tried) + 1, slot=slot, opinion=opinion)
    if not connected:
        ticket.callback_result = CallbackResult.UNREACHED
        return
    act.data.update(contacted=contacted, solved=solved, satisfaction=satisfaction)
    if is_positive(solved, satisfaction):
        ticket.callback_result = CallbackResult.POSITIVE
        close_ticket(act, ClosedAs.HANDLED)
    else:
        ticket.callback_result = CallbackResult.NEGATIVE
        ticket.failure_count += 1


def _may_try_again(act: Act, slots: list[int], slot: int) -> None:
    most = act.rules.callback.attempts
    if len(slots) >= most:
        raise Refused(f"已回访 {most} 次未接通，请办结并注明。", code="state", open=["办结"])
    if slot in slots:
        raise Refused("未接通的回访须换一个时段再打（上午、下午、晚上）。", code="state")


@verb(
    "重办",
    noun="redos",
    event="ticket.redo_ordered",
    who=anyone(Role.CALLBACK, Role.SUPERVISOR_HOTLINE),
    ticket_states=WAITING,
    open_when=lambda case, _: case.ticket.callback_result == CallbackResult.NEGATIVE,
    tone="primary",
)
def order_redo(
    act: Act,
    ticket: Ticket,
    *,
    reason: Annotated[Text, Ask("重办要求", "textarea", limit="reply_chars")],
) -> None:
    """重办: the principals do it again with half the limit, rounded up to whole workdays; after the third failure 会商 or 挂账."""
    most = act.rules.redo.consult_after
    if ticket.failure_count >= most:
        raise Refused(f"回访已 {most} 次不通过，请会商或挂账。", code="state", open=["会商", "挂账"])
    for assignment in act.case.principals():
        limit = share_of(assignment.tier, act.rules.redo.limit_share)
        assignment.round += 1
        open_round(assignment, ticket.urgency, act.now, limit, act.rules, act.city.calendar)
    ticket.state, ticket.callback_result, ticket.callback_due = TicketState.HANDLING, "", None
    ticket.deadline = max(a.deadline for a in act.case.principals())
    act.note(reason=reason, failures=ticket.failure_count)


@verb(
    "办结",
    noun="closures",
    event="ticket.closed",
    who=anyone(Role.CALLBACK),
    ticket_states=WAITING,
    open_when=lambda case, _: case.ticket.callback_result in {"", CallbackResult.UNREACHED},
)
def close(
    act: Act, ticket: Ticket, *, reason: Annotated[Text, Field(max_length=200), Ask("办结说明", "textarea")]
) -> None:
    """办结 without a valid callback: nobody to call, no reply wanted, or every attempt failed. It does not count in the rates."""
    nobody = ticket.phone_key is None and not ticket.contact_phone
    attempts = len(_attempts(act))
    if not nobody and ticket.reply_wanted and attempts < act.rules.callback.attempts:
        most = act.rules.callback.attempts
        raise Refused(f"须先回访；{most} 次未接通后才能直接办结（已 {attempts} 次）。", code="state", open=["回访"])
    act.note(reason=reason, unreachable=attempts, anonymous=nobody)
    close_ticket(act, ClosedAs.HANDLED)
