"""What counts as a repeat (重复诉求). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from yousu.city.rules import Rules
from yousu.tickets.models import Ticket


def is_repeat(new: Ticket, old: Ticket, rules: Rules) -> bool:
    """Same caller or same place, same matter, within the window (domain §4). A matter not yet chosen matches any."""
    days = timedelta(days=rules.repeat.window_days)
    if not timedelta(0) <= new.registered_at - old.registered_at <= days:
        return False
    same_caller = new.phone_key is not None and _bytes(new.phone_key) == _bytes(old.phone_key)
    same_place = new.place_key is not None and _bytes(new.place_key) == _bytes(old.place_key)
    same_item = not new.item_code or not old.item_code or new.item_code == old.item_code
    return (same_caller or same_place) and same_item


def within(now: datetime, then: datetime, days: int) -> bool:
    """Whether ``now`` is at most ``days`` days (of 24 hours) after ``then``."""
    return now - then <= timedelta(days=days)


def _bytes(value: bytes | memoryview[int] | None) -> bytes:
    return bytes(value) if value is not None else b""
