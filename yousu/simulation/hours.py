"""When people call and when offices work."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from yousu.city.rules import Span
from yousu.city.workdays import SHANGHAI, Calendar

# Relative frequency of requests by hour of the day.
PROFILES: dict[str, tuple[int, ...]] = {
    "day": (1, 1, 0, 0, 0, 1, 3, 8, 22, 34, 32, 22, 14, 14, 22, 30, 28, 22, 16, 13, 11, 8, 5, 2),
    "office": (0, 0, 0, 0, 0, 0, 0, 2, 26, 42, 38, 20, 6, 6, 30, 40, 34, 20, 4, 2, 1, 1, 0, 0),
    "evening": (1, 0, 0, 0, 0, 0, 2, 5, 8, 9, 9, 8, 9, 8, 9, 10, 12, 18, 28, 34, 30, 22, 12, 4),
    "night": (14, 8, 4, 3, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 6, 10, 16, 24, 32, 36, 26),
    "always": (4, 3, 3, 2, 2, 3, 6, 12, 18, 20, 18, 16, 15, 14, 15, 16, 17, 18, 18, 17, 15, 13, 10, 7),
}
HOURS = range(24)
ONE_DAY = timedelta(days=1)


def moment_of(day: date, profile: str, rng: Random) -> datetime:
    """A second of ``day`` at which somebody calls."""
    hour = rng.choices(HOURS, PROFILES[profile])[0]
    return datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=SHANGHAI)


class OfficeHours:
    """Working hours as arithmetic: of the calendar's workdays, or of every day (``daily``)."""

    def __init__(self, calendar: Calendar, spans: tuple[Span, ...], daily: bool = False) -> None:
        self.calendar = calendar
        self.daily = daily
        self.spans = [(span.start, span.end) for span in spans]

    def next_open(self, at: datetime) -> datetime:
        """``at`` when offices work, otherwise the moment they open next."""
        return self.after(at, 0)

    def after(self, at: datetime, minutes: float) -> datetime:
        """The moment at which so many working minutes have passed since ``at``."""
        local = at.astimezone(SHANGHAI)
        left = timedelta(seconds=int(minutes * 60))
        day, start = local.date(), local.replace(microsecond=0)
        while True:
            if self.daily or self.calendar.is_workday(day):
                for opens, closes in self.spans:
                    begin = max(start, datetime.combine(day, opens, SHANGHAI))
                    room = datetime.combine(day, closes, SHANGHAI) - begin
                    if room > left:
                        return begin + left
                    left -= max(room, timedelta())
            day += ONE_DAY
            start = datetime.combine(day, time(), SHANGHAI)
