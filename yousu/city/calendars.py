"""Official calendars into the database. Raw data: ``chinesecalendar`` (State Council notices); a city may edit any day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from chinese_calendar import constants
from django.db import transaction

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import CalendarDay, CalendarYear
from yousu.city.workdays import SATURDAY

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


def days_of(year: int) -> list[CalendarDay]:
    """The days of ``year`` as they are kept now."""
    return list(CalendarDay.objects.filter(date__year=year).order_by("date"))


@transaction.atomic
def set_day(day: date, *, is_workday: bool, name: str = "") -> None:
    """Decide one day; its year is the city's own from then on. A day that follows the plain week again loses its entry."""
    days = [known for known in days_of(day.year) if known.date != day]
    if is_workday != (day.weekday() < SATURDAY):
        days.append(CalendarDay(date=day, is_workday=is_workday, name=name[:40]))
    save_year(day.year, days, CalendarYear.Source.EDITED)


def read_holiday_cn(path: Path) -> tuple[int, list[CalendarDay], list[date]]:
    """(year, its days, days of other years) of a file in the JSON format of NateScarlet/holiday-cn.

    A notice may name a day of the year before (2022-12-31 for 元旦 2023): it belongs to that year and is not taken over.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8-sig"))
        year = int(body["year"])
        found = [
            CalendarDay(
                date=date.fromisoformat(day["date"]), is_workday=not day["isOffDay"], name=str(day["name"])[:40]
            )
            for day in body["days"]
        ]
    except OSError:
        raise Refused(f"文件 {path} 打不开，请核对路径。", code="not_found") from None
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{path.name} 不是 holiday-cn 格式的日历文件（JSON，含 year 和 days）。") from None
    days = {day.date: day for day in found if day.date.year == year}
    if not days:
        raise Refused(f"{path.name} 里没有任何放假安排：{year} 年的日历尚未公布，仍按没有官方日历处理。")
    return year, sorted(days.values(), key=lambda day: day.date), [d.date for d in found if d.date.year != year]


def _name(value: object) -> str:
    text = str(getattr(value, "value", value))
    return NAMES.get(text, text)
