from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from yousu.city import directory
from yousu.city.workdays import SHANGHAI
from yousu.simulation.life import REACTIONS, midnight
from yousu.simulation.stage import Stage
from yousu.simulation.texts import phrases, topics
from yousu.simulation.world import World
from yousu.tickets.bulk import Memory

pytestmark = pytest.mark.django_db


def requests_of(month: int, days: int, seed: str = "s", per_day: int = 300):
    world = World(seed, directory.current())
    first = date(2025, month, 6)
    return [request for i in range(days) for request in world.day(first + timedelta(days=i), per_day)]


def test_people_write_about_at_least_sixty_topics_in_at_least_three_hundred_ways():
    assert len(topics()) >= 60
    assert len({text for topic in topics() for text in topic.templates}) >= 300


def test_every_topic_finds_an_item_of_the_catalogue_and_mostly_of_its_own_leaf():
    items = World("s", directory.current()).items
    assert all(item is not None for item in items.values())
    own = sum(items[topic.key].leaf_id == topic.leaf for topic in topics())
    assert own / len(topics()) > 0.85


def test_every_matter_has_somebody_who_may_lead_it():
    stage = Stage("s", Memory(), directory.current(), midnight(date(2025, 1, 6)), REACTIONS)
    for topic in topics():
        item = stage.world.items[topic.key]
        unit = stage.leader(item, "630104006002", None)
        assert unit is not None and stage.may_take(unit, item, None), topic.key


def test_texts_are_whole_and_fit():
    limits = directory.current().rules_at(midnight(date(2025, 1, 6))).limits
    for request in requests_of(1, 2) + requests_of(7, 2):
        assert "{" not in request.title + request.content + request.place.address
        assert 0 < len(request.title) <= limits.title_chars
        assert 10 < len(request.content) <= limits.content_chars
        assert request.place.area in directory.current().areas


def test_phrases_ask_only_for_what_the_life_of_a_ticket_knows():
    for name, texts in phrases().items():
        for text in texts if isinstance(texts[0], str) else []:
            assert "{" not in text.format_map({"unit": "某局", "days": 3, "item": "某事项"}), name


def test_nobody_calls_about_cold_radiators_in_july_and_many_do_in_january():
    heating = {"heat_not_warm", "heat_outage", "heat_leak"}
    winter = Counter(request.topic.key in heating for request in requests_of(1, 4))
    summer = Counter(request.topic.key in heating for request in requests_of(7, 4))
    assert summer[True] == 0
    assert winter[True] / winter.total() > 0.08


def test_floods_come_in_summer_and_wages_before_the_spring_festival():
    january, july = (Counter(request.topic.key for request in requests_of(month, 7)) for month in (1, 7))
    assert july["flooding"] > january["flooding"] == 0
    assert january["wage_migrant"] > 2 * july["wage_migrant"]


def test_the_mean_of_a_year_is_what_was_asked_for_and_sundays_are_quieter_than_mondays():
    world = World("s", directory.current())
    days = [date(2025, 1, 1) + timedelta(days=i) for i in range(365)]
    volumes = {day: world.volume(day, 1000) for day in days}
    assert 950 < sum(volumes.values()) / 365 < 1050
    by_weekday = Counter[int]()
    for day, volume in volumes.items():
        by_weekday[day.weekday()] += volume
    assert by_weekday[0] > 1.15 * by_weekday[6]
    assert volumes[date(2025, 10, 2)] < 0.9 * volumes[date(2025, 9, 25)]  # National Day


def test_offices_are_asked_in_office_hours():
    hours = Counter(r.at.astimezone(SHANGHAI).hour for r in requests_of(4, 7) if r.topic.hours == "office")
    assert sum(hours[h] for h in range(8, 18)) / hours.total() > 0.9


def test_who_comes_again_comes_within_weeks_from_the_same_place_about_the_same():
    again = [request for request in requests_of(1, 14) if request.earlier]
    assert len(again) > 100
    for request in again:
        assert timedelta(0) < request.at - request.earlier.at <= timedelta(days=27)
        assert (request.place, request.topic) == (request.earlier.place, request.earlier.topic)
    same = sum(request.person == request.earlier.person for request in again)
    assert 0.5 < same / len(again) < 0.9


def test_the_same_seed_gives_the_same_requests_and_another_seed_others():
    first, second, other = (
        [(r.at, r.title, r.content, r.person.phone) for r in requests_of(3, 2, seed)] for seed in ("s", "s", "t")
    )
    assert first == second
    assert first != other


def test_no_number_belongs_to_a_real_subscriber():
    assert {r.person.phone[:3] for r in requests_of(5, 1)} <= {"154", ""}
