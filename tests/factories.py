"""Three-line worlds: people of the demo city, tickets at a state, moments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from yousu.city import directory
from yousu.city.models import Staff, StaffRole, Unit
from yousu.city.workdays import SHANGHAI
from yousu.dispatch.verbs import dispatch
from yousu.evaluation.verbs import call_back
from yousu.handling.verbs import record_contact, reply, sign
from yousu.intake.verbs import register
from yousu.tickets.models import Assignment, Ticket


def at(text: str) -> datetime:
    """``at("2026-10-08 17:00")``, Asia/Shanghai; seconds may be given."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


MONDAY = at("2026-09-07 09:00")  # an ordinary week: no holiday near


def person(username: str) -> Staff:
    """A demo account: huawu1 (operator), paidan1 (dispatcher), huifang1 (callback), chengdong (handler of 630102) …"""
    return Staff.objects.get(username=username)


def someone(role: str, unit: str, username: str = "") -> Staff:
    """A new person with one role in one unit."""
    staff = Staff.objects.create(username=username or f"{role}-{unit}", name=f"{role}·{unit}")
    StaffRole.objects.create(staff=staff, role=role, unit=Unit.objects.get(code=unit))
    return staff


def item(tier: int = 7, **wanted: Any) -> str:
    """The code of a catalogue item with this tier, going down to the community, of ordinary urgency."""
    wanted = {"urgency": "ordinary", "secret": False, "lowest_level": "community", **wanted}
    for code, one in directory.current().items.items():
        if one.tier == tier and all(getattr(one, name) == value for name, value in wanted.items()):
            return code
    raise LookupError(wanted)


def registered(now: datetime = MONDAY, **inputs: Any) -> Ticket:
    inputs = {"content": "小区电动车飞线充电，请处理。", "caller_phone": "13900000001", "area": "630102001", **inputs}
    return register(by=person("huawu1"), now=now, **inputs).ticket


def dispatched(now: datetime = MONDAY, lead: str = "630102", tier: int = 7, **inputs: Any) -> Assignment:
    """The lead's assignment of a ticket registered and dispatched at ``now``."""
    ticket = registered(now, **{k: v for k, v in inputs.items() if k not in {"assists", "item"}})
    done = dispatch(
        ticket,
        by=person("paidan1"),
        now=now,
        lead=lead,
        item=inputs.get("item") or item(tier),
        assists=inputs.get("assists", []),
    )
    assert done.assignment is not None
    return done.assignment


def handler_of(assignment: Assignment) -> Staff:
    """Someone who handles for the assignment's unit, made if need be."""
    unit = Unit.objects.get(pk=assignment.unit_id)
    found = Staff.objects.filter(roles__role="handler", roles__unit=unit).first()
    return found or someone("handler", unit.code)


def signed(now: datetime = MONDAY, **inputs: Any) -> Assignment:
    assignment = dispatched(now, **inputs)
    return sign(assignment, by=handler_of(assignment), now=now).assignment  # type: ignore[return-value]


def replied(now: datetime = MONDAY, **inputs: Any) -> Assignment:
    assignment = signed(now, **inputs)
    handler = handler_of(assignment)
    record_contact(assignment, by=handler, now=now)
    return reply(assignment, by=handler, now=now, text="已到现场处理。").assignment  # type: ignore[return-value]


def closed(now: datetime = MONDAY, **inputs: Any) -> Ticket:
    assignment = replied(now, **inputs)
    return call_back(
        assignment.ticket, by=person("huifang1"), now=now, connected=True, solved=True, satisfaction="satisfied"
    ).ticket


def reload(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)
