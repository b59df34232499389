"""Official calendars into the database. Raw data: ``chinesecalendar`` (State Council notices); a city may edit any day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from chinese_calendar import constants
from django.db import transaction

from yousu.city import directory
from yousu.city.models import CalendarDay, CalendarYear

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利七十周年",
}


def official_years() -> list[int]:
    """The years for which official data is at hand."""
    return sorted({day.year for day in constants.holidays})


def official_days(year: int) -> list[CalendarDay]:
    """The days of ``year`` that differ from the plain week."""
    off = [
        CalendarDay(date=d, is_workday=False, name=_name(n)) for d, n in constants.holidays.items() if d.year == year
    ]
    work = [
        CalendarDay(date=d, is_workday=True, name=f"{_name(n)}调休上班")
        for d, n in constants.workdays.items()
        if d.year == year
    ]
    return sorted(off + work, key=lambda day: day.date)


def load_official(years: Iterable[int] | None = None) -> list[int]:
    """Load official years that the city has not edited itself; returns those loaded."""
    edited = set(CalendarYear.objects.filter(source="edited").values_list("year", flat=True))
    wanted = [year for year in (years or official_years()) if year in official_years() and year not in edited]
    for year in wanted:
        save_year(year, official_days(year), CalendarYear.Source.OFFICIAL)
    return wanted


@transaction.atomic
def save_year(year: int, days: Iterable[CalendarDay], source: str) -> None:
    """Replace the days of a year. Provisional deadlines are recomputed afterwards by a job."""
    CalendarDay.objects.filter(date__range=(date(year, 1, 1), date(year, 12, 31))).delete()
    CalendarDay.objects.bulk_create(days)
    CalendarYear.objects.update_or_create(year=year, defaults={"source": source})
    directory.changed()


def _name(value: object) -> str:
    text = str(getattr(value, "value", value))
    return NAMES.get(text, text)
