"""Times, deadlines and lights in Chinese words. Pure: the moment it is comes in as ``now``."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from yousu.city import workdays
from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.states import OPEN_STATES, TicketState

LIGHT_WORDS = {"blue": "正常", "yellow": "临期", "red": "超期"}
HOUR, DAY = 60, 1440  # minutes
NEAR_DAYS = {-1: "昨天", 0: "今天", 1: "明天"}


def moment(value: datetime | date, now: datetime) -> str:
    """``今天 14:30``, ``昨天 09:00``, ``9月8日 09:00``, ``2025年9月8日 09:00``; a date without the time of day."""
    local = value.astimezone(SHANGHAI) if isinstance(value, datetime) else None
    day = local.date() if local else value
    today = now.astimezone(SHANGHAI).date()
    words = NEAR_DAYS.get((day - today).days) or f"{day.month}月{day.day}日"
    if day.year != today.year and (day - today).days not in NEAR_DAYS:
        words = f"{day.year}年{words}"
    return f"{words} {local:%H:%M}" if local else words


def exact(value: datetime | date) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI)
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}"
    return f"{value.year}年{value.month}月{value.day}日"


def span(length: timedelta) -> str:
    """The two largest parts: ``2 天 3 小时``, ``3 小时 20 分钟``, ``12 分钟``."""
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // DAY, minutes % DAY // HOUR, minutes % HOUR
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {rest} 分钟" if rest else f"{hours} 小时"
    return f"{rest} 分钟" if rest else "不到 1 分钟"


def due(deadline: datetime, now: datetime) -> str:
    """``还剩 2 天 3 小时`` before the deadline, ``超期 1 天`` after it (the largest part only)."""
    if now <= deadline:
        return f"还剩 {span(deadline - now)}"
    over = now - deadline
    minutes = int(over.total_seconds() // 60)
    if minutes >= DAY:
        return f"超期 {minutes // DAY} 天"
    return f"超期 {minutes // HOUR} 小时" if minutes >= HOUR else f"超期 {span(over)}"


def light_of(thing: Ticket | Assignment, now: datetime, rules: Rules) -> str:
    """``blue``, ``yellow`` or ``red`` for a ticket or an assignment whose clock runs; empty otherwise.

    A ticket runs against its deadline from registration on; one that awaits callback, against the callback's.
    """
    start, end = clock_of(thing, rules)
    return workdays.light(start, end, now, rules.lights.yellow_at) if start and end else ""


def clock_of(thing: Ticket | Assignment, rules: Rules) -> tuple[datetime | None, datetime | None]:
    """From when to when the running clock of a thing goes; (None, None) when none runs."""
    if isinstance(thing, Assignment):
        runs = thing.state in OPEN_STATES and thing.ended_at is None
        return (thing.dispatched_at, thing.deadline) if runs else (None, None)
    if thing.state == TicketState.CALLBACK and thing.callback_due:
        return thing.callback_due - timedelta(days=rules.callback.within_days), thing.callback_due
    if thing.state in {TicketState.HANDLING, TicketState.SHELVED} and thing.deadline:
        return thing.registered_at, thing.deadline
    return None, None


def around(text: str, terms: list[str], most: int = 90) -> str:
    """A piece of a text of about ``most`` characters that shows the first term found; its beginning when none is."""
    flat = " ".join(text.split())
    places = [flat.lower().find(term.lower()) for term in terms]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, first - 10)
    piece = flat[start : start + most]
    return ("…" if start else "") + piece + ("…" if start + most < len(flat) else "")
