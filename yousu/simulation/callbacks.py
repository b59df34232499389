"""The callback desk: calls the citizen in the slots of the day, and what they say decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from yousu.city.roles import Role
from yousu.city.workdays import SHANGHAI
from yousu.evaluation.rules import slot_of
from yousu.evaluation.verbs import call_back, close, order_redo
from yousu.simulation import desk
from yousu.simulation.hours import ONE_DAY
from yousu.simulation.stage import Life
from yousu.simulation.texts import say, say_fitting
from yousu.tickets.states import CallbackResult, TicketState

CONNECTS = 0.8
OPINIONS = {"satisfied": "callback_satisfied", "basic": "callback_basic", "dissatisfied": "callback_dissatisfied"}
SAYS_WHEN_SOLVED = {"satisfied": 0.94, "basic": 0.045, "dissatisfied": 0.015}
SAYS_OTHERWISE = {"satisfied": 0.12, "basic": 0.33, "dissatisfied": 0.55}


def expect(life: Life, _: int) -> None:
    """Every principal has answered: somebody will call, unless there is nobody to call."""
    ticket = life.the.ticket
    if ticket.state != TicketState.CALLBACK:
        return
    life.slots_tried = []
    if not life.request.person.phone or not ticket.reply_wanted:
        life.later(life.at_the_centre(60, 500), _close)
    else:
        life.later(_next_slot(life, life.now + timedelta(hours=life.rng.uniform(1, 36))), _call)


def _next_slot(life: Life, after: datetime) -> datetime:
    """A moment in a slot of the day that was not tried yet."""
    slots = life.stage.rules.callback.slots
    untried = [i for i in range(len(slots)) if i not in life.slots_tried] or list(range(len(slots)))
    slot = slots[life.rng.choice(untried)]
    day = after.astimezone(SHANGHAI).date()
    start, end = datetime.combine(day, slot.start, SHANGHAI), datetime.combine(day, slot.end, SHANGHAI)
    at = start + timedelta(seconds=int((end - start).total_seconds() * life.rng.random()))
    return at if at > after else at + ONE_DAY


def _call(life: Life, _: int) -> None:
    ticket, rules = life.the.ticket, life.stage.rules
    if ticket.state != TicketState.CALLBACK or ticket.callback_result not in {"", CallbackResult.UNREACHED}:
        return
    slot = slot_of(life.now, rules)
    if slot is None:
        return
    life.slots_tried.append(slot)
    if not life.chance(CONNECTS):
        life.as_centre(call_back, Role.CALLBACK, connected=False, opinion=say(life.rng, "callback_unreached"))
        return
    contacted = any(a.contacted_at for a in life.the.in_course()) or life.chance(0.5)
    solved = life.solved or life.chance(0.1)
    shares = SAYS_WHEN_SOLVED if solved else SAYS_OTHERWISE
    satisfaction = life.rng.choices(list(shares), list(shares.values()))[0]
    units = life.stage.city.units
    name, unit = OPINIONS[satisfaction], units[life.the.principals()[0].unit_id].short_name
    opinion = say_fitting(life.rng, life.request.topic, name, f"{name}_generic", unit=unit)
    inputs = {"contacted": contacted, "solved": solved, "satisfaction": satisfaction, "opinion": opinion}
    life.as_centre(call_back, Role.CALLBACK, connected=True, **inputs)


def hear(life: Life, _: int) -> None:
    """After a call: try again in another slot, close without a valid callback, or have the work done again."""
    ticket = life.the.ticket
    if ticket.callback_result == CallbackResult.UNREACHED:
        tries = min(life.stage.rules.callback.attempts, len(life.stage.rules.callback.slots))
        if len(life.slots_tried) < tries:
            life.later(_next_slot(life, life.now + timedelta(hours=life.rng.uniform(2, 20))), _call)
        elif len(life.slots_tried) >= life.stage.rules.callback.attempts:
            life.later(life.at_the_centre(30, 240), _close)
    elif ticket.callback_result == CallbackResult.NEGATIVE:
        life.later(life.at_the_centre(20, 400), _not_done)


def _not_done(life: Life, _: int) -> None:
    """重办; after too many failures 会商 or 挂账."""
    ticket = life.the.ticket
    if ticket.state != TicketState.CALLBACK or ticket.callback_result != CallbackResult.NEGATIVE:
        return
    if ticket.failure_count < life.stage.rules.redo.consult_after:
        life.as_centre(order_redo, Role.CALLBACK, reason=_what_is_wrong(life))
    elif life.chance(0.4):
        desk.consult(life, 0)
    else:
        desk.shelve_now(life)


def _what_is_wrong(life: Life) -> str:
    return say_fitting(life.rng, life.request.topic, "redo_reasons", "redo_generic")


def _close(life: Life, _: int) -> None:
    ticket = life.the.ticket
    if ticket.state == TicketState.CALLBACK and ticket.callback_result in {"", CallbackResult.UNREACHED}:
        reason = (
            "多次回访未接通，按规定办结。" if ticket.callback_result else "来电人未留电话或不需要回复，审核后办结。"
        )
        life.as_centre(close, Role.CALLBACK, reason=reason)
