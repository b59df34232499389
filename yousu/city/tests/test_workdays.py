"""Deadlines over the calendar of 2026, reckoned by hand.

From the notice of the State Council for 2026: Mid-autumn 25–27 September off; National Day 1–7 October off, with Sunday
20 September and Saturday 10 October as make-up workdays; New Year's Day 2027 is not published yet.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from tests.factories import at
from yousu.city import directory
from yousu.city.calendars import load_official, save_year
from yousu.city.models import CalendarDay, CalendarYear
from yousu.city.workdays import Calendar, after_workdays, light, share_of, workdays_between

YEAR_2026 = Calendar(
    years=frozenset({2026}),
    off=frozenset([date(2026, 9, day) for day in (25, 26, 27)] + [date(2026, 10, day) for day in range(1, 8)]),
    work=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
)


@pytest.mark.parametrize(
    ("start", "tier", "due"),
    [
        # Monday 7 September, an ordinary week: Tue 8, Wed 9, Thu 10 | Fri 11, Mon 14, Tue 15, Wed 16 | Thu 17, Fri 18,
        # Sun 20 (make-up), Mon 21.
        ("2026-09-07 09:00", 1, "2026-09-08"),
        ("2026-09-07 09:00", 3, "2026-09-10"),
        ("2026-09-07 09:00", 7, "2026-09-16"),
        ("2026-09-07 09:00", 11, "2026-09-21"),
        # Friday 18 September: Sun 20 works, 21, 22 | 23, 24, then 25–27 off, 28, 29 | 30, then 1–7 off, Oct 8, 9, Sat 10 works.
        ("2026-09-18 17:59:59", 1, "2026-09-20"),
        ("2026-09-18 17:59:59", 3, "2026-09-22"),
        ("2026-09-18 17:59:59", 7, "2026-09-29"),
        ("2026-09-18 17:59:59", 11, "2026-10-10"),
        # The last workday before National Day: Thu 8, Fri 9, Sat 10 (make-up) | 12, 13, 14, 15 | 16, 19, 20, 21.
        ("2026-09-30 09:00", 1, "2026-10-08"),
        ("2026-09-30 09:00", 3, "2026-10-10"),
        ("2026-09-30 09:00", 7, "2026-10-15"),
        ("2026-09-30 09:00", 11, "2026-10-21"),
        # Inside the holiday, and in the night before a workday.
        ("2026-10-03 12:00", 1, "2026-10-08"),
        ("2026-10-07 23:59:59", 1, "2026-10-08"),
        ("2026-10-08 00:00", 1, "2026-10-09"),
        # Friday before a plain weekend; Friday before a make-up Saturday.
        ("2026-09-11 18:00:01", 1, "2026-09-14"),
        ("2026-10-09 10:00", 1, "2026-10-10"),
    ],
)
def test_a_tier_ends_at_the_close_of_its_last_workday(start, tier, due):
    found = after_workdays(at(start), tier, YEAR_2026)
    assert (found.at, found.provisional) == (at(f"{due} 18:00"), ())


def test_the_day_is_the_day_in_shanghai():
    # 16:30 UTC on Monday is 00:30 on Tuesday: the first workday after it is Wednesday.
    assert after_workdays(datetime(2026, 9, 7, 16, 30, tzinfo=UTC), 1, YEAR_2026).at == at("2026-09-09 18:00")
    assert after_workdays(datetime(2026, 9, 7, 15, 59, 59, tzinfo=UTC), 1, YEAR_2026).at == at("2026-09-08 18:00")


def test_the_close_of_the_day_is_the_citys():
    late = Calendar(years=frozenset({2026}), closes=time(17, 30))
    assert after_workdays(at("2026-09-07 09:00"), 1, late).at == at("2026-09-08 17:30")


@pytest.mark.parametrize(
    ("tier", "due", "years"),
    [
        (1, "2026-12-31", ()),  # Thu 31: still in the known year
        (2, "2027-01-01", (2027,)),  # Fri 1 January by the plain week, and said to be provisional
        (3, "2027-01-04", (2027,)),
    ],
)
def test_a_year_without_a_calendar_is_reckoned_by_the_plain_week_and_said_so(tier, due, years):
    found = after_workdays(at("2026-12-30 09:00"), tier, YEAR_2026)
    assert (found.at, found.provisional) == (at(f"{due} 18:00"), years)


def test_every_unknown_year_on_the_way_is_named():
    assert after_workdays(at("2026-12-30 09:00"), 600, YEAR_2026).provisional == (2027, 2028, 2029)


def test_a_limit_of_no_workdays_is_a_programming_error():
    with pytest.raises(ValueError, match="at least 1"):
        after_workdays(at("2026-09-07 09:00"), 0, YEAR_2026)


@pytest.mark.parametrize(("tier", "half"), [(1, 1), (2, 1), (3, 2), (7, 4), (11, 6)])
def test_half_a_limit_is_rounded_up_to_whole_workdays(tier, half):
    assert share_of(tier, "0.5") == half


def test_workdays_between_counts_what_after_workdays_adds():
    start = at("2026-09-18 09:00")
    for tier in (1, 3, 7, 11, 30):
        assert workdays_between(start, after_workdays(start, tier, YEAR_2026).at, YEAR_2026) == tier
    assert workdays_between(at("2026-10-01 08:00"), at("2026-10-07 23:00"), YEAR_2026) == 0


@pytest.mark.parametrize(
    ("now", "colour"),
    [
        ("2026-09-07 09:00", "blue"),
        ("2026-09-07 16:59:59", "blue"),  # 10 hours in all; 80 % is 8 hours: 17:00
        ("2026-09-07 17:00", "yellow"),
        ("2026-09-07 19:00", "yellow"),
        ("2026-09-07 19:00:01", "red"),
    ],
)
def test_the_light_turns_at_four_fifths_and_one_second_past_the_deadline(now, colour):
    assert light(at("2026-09-07 09:00"), at("2026-09-07 19:00"), at(now), 80) == colour


@pytest.mark.django_db
def test_the_loaded_calendar_is_the_one_these_tests_reckon_with():
    calendar = directory.current().calendar
    year = {day for day in calendar.off | calendar.work if date(2026, 9, 1) <= day <= date(2026, 12, 31)}
    assert year == YEAR_2026.off | YEAR_2026.work
    assert 2026 in calendar.years and 2027 not in calendar.years
    assert (calendar.opens, calendar.closes) == (time(8, 30), time(18))


@pytest.mark.django_db
def test_a_year_that_the_city_entered_itself_is_used_at_once_and_not_overwritten():
    save_year(2027, [CalendarDay(date=date(2027, 1, 1), is_workday=False, name="元旦")], CalendarYear.Source.EDITED)
    found = after_workdays(at("2026-12-30 09:00"), 3, directory.current().calendar)
    assert (found.at, found.provisional) == (at("2027-01-05 18:00"), ())  # Thu 31, (Fri 1 off), Mon 4, Tue 5
    assert 2027 not in load_official()
    assert CalendarDay.objects.filter(date=date(2027, 1, 1)).exists()
