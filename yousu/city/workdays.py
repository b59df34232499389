"""Workdays (工作日) and deadlines: pure functions of a start, a count and a calendar.

The day on which a period begins is not counted (《民法典》第二百零一条); a tier of n workdays ends at the close of the n-th
workday after it. A year whose calendar nobody has published is computed by the plain week and *said* to be provisional.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """``years`` have official or edited data; ``off`` and ``work`` are the days that differ from the plain week."""

    years: frozenset[int] = frozenset()
    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    opens: time = time(8, 30)
    closes: time = time(18)
    names: dict[date, str] = field(default_factory=dict, hash=False, compare=False)

    def is_workday(self, day: date) -> bool:
        if day in self.work:
            return True
        return day not in self.off and day.weekday() < SATURDAY


@dataclass(frozen=True)
class Due:
    """A moment something is due, and the years without an official calendar that it was reckoned through."""

    at: datetime
    provisional: tuple[int, ...] = ()


def after_workdays(start: datetime, workdays: int, calendar: Calendar) -> Due:
    """The close of the ``workdays``-th workday after ``start`` (aware), in Asia/Shanghai. ``workdays`` ≥ 1."""
    if workdays < 1:
        raise ValueError("workdays must be at least 1")
    first = day = start.astimezone(SHANGHAI).date()
    left = workdays
    while left:
        day += ONE_DAY
        if calendar.is_workday(day):
            left -= 1
    unknown = tuple(year for year in range(first.year, day.year + 1) if year not in calendar.years)
    return Due(datetime.combine(day, calendar.closes, SHANGHAI), unknown)


def workdays_between(start: datetime, end: datetime, calendar: Calendar) -> int:
    """Workdays after the day of ``start`` up to and including the day of ``end``; 0 on the same day."""
    day, last = start.astimezone(SHANGHAI).date(), end.astimezone(SHANGHAI).date()
    count = 0
    while day < last:
        day += ONE_DAY
        count += calendar.is_workday(day)
    return count


def share_of(workdays: int, share: object) -> int:
    """``share`` of a limit in whole workdays, rounded up, at least 1 (重办: half the limit)."""
    from decimal import ROUND_CEILING, Decimal

    return max(1, int((Decimal(workdays) * Decimal(str(share))).to_integral_value(ROUND_CEILING)))


def light(start: datetime, deadline: datetime, now: datetime, yellow_at: int) -> str:
    """``blue`` in time, ``yellow`` when ``yellow_at`` percent of the time is used, ``red`` when past the deadline."""
    if now > deadline:
        return "red"
    total = (deadline - start).total_seconds()
    used = (now - start).total_seconds()
    return "yellow" if total <= 0 or used * 100 >= total * yellow_at else "blue"
