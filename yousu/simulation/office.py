"""The handling units: sign, contact, return, send down, ask for more time, reply. Good units and bad ones."""

from __future__ import annotations

from datetime import timedelta

from yousu.city.roles import Urgency
from yousu.handling.rules import most_days, why_no_extension, why_no_return
from yousu.handling.verbs import (
    ask_extension,
    consolidate,
    record_contact,
    reply,
    return_assignment,
    sign,
    sub_dispatch,
)
from yousu.simulation.desk import is_wrong
from yousu.simulation.stage import Life
from yousu.simulation.texts import say, say_fitting
from yousu.tickets.models import Assignment
from yousu.tickets.states import AssignmentState, TicketState

SIGNED = AssignmentState.SIGNED
SENDS_DOWN = {"district": 0.45, "town": 0.25}


def receive(life: Life, _: int) -> None:
    """Every assignment that lies unsigned is seen by its unit, once a round."""
    for assignment in life.the.in_course():
        key = (assignment.ordinal, assignment.round)
        if assignment.state == AssignmentState.DISPATCHED and key not in life.received:
            life.received.add(key)
            late = life.chance(life.quality(assignment).late)
            if life.the.ticket.urgency == Urgency.ORDINARY:
                at = life.working(420, 900) if late else life.working(5, 240)
            else:
                minutes = life.rng.randint(130, 400) if late else life.rng.randint(4, 100)
                at = life.now + timedelta(minutes=minutes)
            life.later(at, _sign, assignment.ordinal)


def _at_work(life: Life, ordinal: int, *states: str) -> Assignment | None:
    """The assignment, if it is in one of the states and its ticket is being handled."""
    assignment = life.the.assignment(ordinal)
    if assignment.state not in states or assignment.ended_at or life.state != TicketState.HANDLING:
        return None
    return assignment


def _sign(life: Life, ordinal: int) -> None:
    if assignment := _at_work(life, ordinal, AssignmentState.DISPATCHED):
        life.as_unit(sign, assignment)


def begin(life: Life, ordinal: int) -> None:
    """Signed: a unit that finds the matter not its own asks to return it, the others begin to work."""
    assignment = life.the.assignment(ordinal)
    if assignment.parent_id is None and assignment.round == 1 and not assignment.return_rejected:
        wish = 0.93 if is_wrong(life, assignment) else life.quality(assignment).returning
        if life.chance(wish):
            life.later(life.working(10, 150), _ask_return, ordinal)
            return
    work(life, ordinal)


def _ask_return(life: Life, ordinal: int) -> None:
    assignment = _at_work(life, ordinal, SIGNED)
    if assignment is None:
        return
    waiting = [a for a in life.the.assignments if a.state == AssignmentState.RETURNING and a.parent_id is None]
    returns = life.the.ticket.return_count + len(waiting)
    if assignment.return_rejected or why_no_return(assignment, life.now, returns, life.stage.rules):
        work(life, ordinal)
        return
    right = life.right.short_name if life.right and life.right.pk != assignment.unit_id else "其他主管单位"
    reason = say_fitting(life.rng, life.request.topic, "return_reasons", "return_generic", unit=right)
    suggested = life.right.code if life.right and is_wrong(life, assignment) else ""
    life.as_unit(return_assignment, assignment, reason=reason, basis=say(life.rng, "return_bases"), suggested=suggested)


def work(life: Life, ordinal: int) -> None:
    """Plan the round: when to contact, whether to send down or to ask for time, when to reply."""
    assignment = life.the.assignment(ordinal)
    if assignment.state != SIGNED:
        return
    office, rng, quality = life.office, life.rng, life.quality(assignment)
    contact = life.working(5, 200) if life.chance(quality.contact) else life.now
    if contact > life.now:
        life.later(contact, _contact, ordinal)
    if assignment.parent_id is None and assignment.role != "assist":
        unit = life.stage.city.units[assignment.unit_id]
        if assignment.round == 1 and life.chance(SENDS_DOWN.get(unit.kind, 0)):
            life.later(life.working(15, 120), _send_down, ordinal)
        if assignment.limit >= 3 and life.chance(quality.extending * 2 * (1.6 - life.request.topic.solvable)):
            life.later(life.between(life.now, assignment.deadline, rng.uniform(0.3, 0.8)), _ask_extension, ordinal)
    helper = not assignment.is_principal
    share = max(0.05, min(0.97, rng.gauss(quality.pace, 0.18))) * (0.6 if helper else 1)
    at = life.between(life.now, assignment.deadline, share)
    if life.now >= assignment.deadline:
        at = life.working(60, 500)
    elif life.chance(quality.late):
        at = office.next_open(assignment.deadline + timedelta(hours=rng.uniform(1, 150)))
    life.later(max(at, office.after(contact, rng.uniform(15, 90))), _reply, ordinal)


def _contact(life: Life, ordinal: int) -> None:
    assignment = _at_work(life, ordinal, SIGNED)
    if assignment is None:
        return
    reached = life.chance(0.95)
    note = say(life.rng, "contact_notes", unit=life.stage.city.units[assignment.unit_id].short_name)
    if not reached:
        note = "拨打两次无人接听，稍后再联系。"
        life.later(life.working(5, 40), _contact, ordinal)
    life.as_unit(record_contact, assignment, reached=reached, note=note)


def _send_down(life: Life, ordinal: int) -> None:
    assignment = _at_work(life, ordinal, SIGNED)
    item = life.the.ticket.item
    if assignment is None or item is None:
        return
    unit = life.stage.city.units[assignment.unit_id]
    lower = life.stage.below(unit, item, life.request.place.area)
    if lower is None or any(a.unit_id == lower.pk for a in life.the.in_course()):
        return
    topic, slots = life.request.topic, {"item": item.name, "unit": lower.short_name}
    advice = say_fitting(life.rng, topic, "sub_dispatch_advice", "sub_dispatch_generic", **slots)
    life.as_unit(sub_dispatch, assignment, unit=lower.code, advice=advice)


def _ask_extension(life: Life, ordinal: int) -> None:
    assignment = _at_work(life, ordinal, SIGNED)
    if assignment is None or assignment.extension_pending:
        return
    most = most_days(assignment.limit, life.stage.rules)
    days = life.rng.randint(max(1, most // 2), max(1, most))
    if why_no_extension(assignment, life.now, days, life.stage.rules):
        return
    reason = say_fitting(life.rng, life.request.topic, "extension_reasons", "extension_generic", days=days)
    life.as_unit(ask_extension, assignment, days=days, reason=reason)


def use_extension(life: Life, ordinal: int) -> None:
    """The time that was granted is used."""
    assignment = life.the.assignment(ordinal)
    at = life.between(life.now, assignment.deadline, life.rng.uniform(0.5, 0.95))
    life.wait_until[ordinal] = at
    life.later(at, _reply, ordinal)


def _reply(life: Life, ordinal: int) -> None:
    assignment = _at_work(life, ordinal, SIGNED)
    if assignment is None or life.wait_until.get(ordinal, life.now) > life.now:
        return
    if assignment.extension_pending and life.now < assignment.deadline:
        life.later(life.working(120, 300), _reply, ordinal)
        return
    helpers = life.the.helpers_of(assignment)
    silent = [a for a in helpers if a.is_open]
    if silent and (last := max(a.deadline for a in silent)) >= life.now:
        # Mostly the helpers answer in the meantime; the lead looks again some hours later.
        again = life.working(90, 240)
        life.later(again if again < last else life.office.next_open(last + timedelta(minutes=1)), _reply, ordinal)
        return
    text, solved = _words(life, assignment)
    if helpers:
        without = "协办、下派单位逾期未答复，先行汇总。" if silent else ""
        life.as_unit(consolidate, assignment, text=text, solved=solved, without=without)
    else:
        life.as_unit(reply, assignment, text=text, solved=solved)


def _words(life: Life, assignment: Assignment) -> tuple[str, bool]:
    """What the reply says and claims. Whether the citizen's trouble is really over is another matter."""
    topic, quality, rng = life.request.topic, life.quality(assignment), life.rng
    unit = life.stage.city.units[assignment.unit_id].short_name
    share = topic.solvable + (1 - topic.solvable) * 0.62 + quality.solving + (assignment.round - 1) * 0.12
    truly = life.chance(share)
    if assignment.is_principal:
        life.solved = truly
    if truly:
        return say_fitting(rng, topic, "replies_solved", "replies_generic", unit=unit), True
    if life.chance(quality.honest):
        return say_fitting(rng, topic, "replies_explained", "explained_generic", unit=unit), False
    return say(rng, "replies_poor", unit=unit), True
