"""Work calendars: official years, years nobody has published, and days the city decides itself."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.factories import at
from yousu.base.errors import Refused
from yousu.city import calendars, directory
from yousu.city.models import CalendarYear
from yousu.city.workdays import after_workdays

pytestmark = pytest.mark.django_db
REAL = Path(os.environ.get("YOUSU_REAL_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "holidays"


def works(text: str) -> bool:
    return directory.current().calendar.is_workday(date.fromisoformat(text))


@pytest.mark.parametrize("day", [f"2026-10-0{n}" for n in range(1, 8)])
def test_national_day_2026_is_off_from_the_first_to_the_seventh(day):
    assert not works(day)


@pytest.mark.parametrize(
    ("day", "is_workday"),
    [
        ("2026-09-20", True),  # Sunday, made up for National Day
        ("2026-10-10", True),  # Saturday, made up for National Day
        ("2026-10-08", True),
        ("2026-10-11", False),
        ("2026-09-25", False),  # Friday, Mid-autumn
        ("2026-01-04", True),  # Sunday, made up for New Year
        ("2026-02-14", True),  # Saturday, made up for Spring Festival
        ("2026-02-17", False),  # New Year's Day of the lunar calendar
        ("2026-02-28", True),  # Saturday
        ("2026-05-09", True),  # Saturday
        ("2026-09-19", False),  # an ordinary Saturday
    ],
)
def test_the_days_of_2026_are_as_the_state_council_announced(day, is_workday):
    assert works(day) == is_workday


def test_a_limit_across_national_day_counts_the_make_up_day():
    """Dispatched on Wednesday 30 September 2026, three workdays: 8, 9 and Saturday 10 October."""
    due = after_workdays(at("2026-09-30 09:00"), 3, directory.current().calendar)
    assert (due.at, due.provisional) == (at("2026-10-10 18:00"), ())


def test_a_year_without_a_calendar_makes_deadlines_provisional():
    """From Wednesday 30 December 2026: 31 December, then by the plain week Friday 1 and Monday 4 January 2027."""
    due = after_workdays(at("2026-12-30 09:00"), 3, directory.current().calendar)
    assert (due.at, due.provisional) == (at("2027-01-04 18:00"), (2027,))


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_shipped_years_agree_with_the_published_lists(year):
    path = REAL / f"{year}.json"
    if not path.exists():
        pytest.skip(f"没有 {path.name}（用 YOUSU_REAL_DATA 指定所在文件夹）")
    _, days, _ = calendars.read_holiday_cn(path)
    listed = {day.date: day.is_workday for day in days}
    day, calendar = date(year, 1, 1), directory.current().calendar
    while day.year == year:
        assert calendar.is_workday(day) == listed.get(day, day.weekday() < 5), day
        day += timedelta(days=1)


def test_a_day_that_the_city_decides_marks_the_year_as_its_own():
    calendars.set_day(date(2026, 7, 10), is_workday=False, name="环湖赛")
    assert not works("2026-07-10")
    assert CalendarYear.objects.get(year=2026).source == "edited"
    assert not works("2026-10-01")  # the rest of the year stays
    calendars.set_day(date(2026, 7, 10), is_workday=True)
    assert works("2026-07-10")
    assert not any(day.date == date(2026, 7, 10) for day in calendars.days_of(2026))


def test_an_edited_year_is_not_overwritten_by_the_official_one():
    calendars.set_day(date(2026, 7, 10), is_workday=False)
    assert 2026 not in calendars.load_official([2025, 2026])
    assert not works("2026-07-10")


def holiday_cn(path: Path, year: int, *days: tuple[str, bool]) -> Path:
    body = {"year": year, "papers": [], "days": [{"name": "元旦", "date": d, "isOffDay": off} for d, off in days]}
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def test_a_published_list_is_taken_in_and_days_of_other_years_are_named(tmp_path):
    path = holiday_cn(tmp_path / "2027.json", 2027, ("2026-12-31", True), ("2027-01-01", True), ("2027-01-03", False))
    year, days, others = calendars.read_holiday_cn(path)
    calendars.save_year(year, days, CalendarYear.Source.EDITED)
    assert others == [date(2026, 12, 31)]
    assert (works("2027-01-01"), works("2027-01-03"), works("2026-12-31")) == (False, True, True)
    assert after_workdays(at("2026-12-30 09:00"), 2, directory.current().calendar).provisional == ()


def test_a_list_that_is_not_published_yet_is_refused(tmp_path):
    with pytest.raises(Refused, match="2027 年的日历尚未公布"):
        calendars.read_holiday_cn(holiday_cn(tmp_path / "2027.json", 2027))


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"year": 2027}', '{"year": 2027, "days": [{"date": "x", "isOffDay": true, "name": ""}]}']
)
def test_a_file_of_another_shape_is_refused(tmp_path, body):
    path = tmp_path / "a.json"
    path.write_text(body)
    with pytest.raises(Refused, match="不是 holiday-cn 格式"):
        calendars.read_holiday_cn(path)
