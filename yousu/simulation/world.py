"""The city's requests: how many on a day, about what, where, by whom, in which words. Everything follows from the seed."""

from __future__ import annotations

import math
from bisect import bisect
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any

from yousu.base.errors import Refused
from yousu.city.directory import Directory
from yousu.city.models import Area, CatalogueItem
from yousu.simulation.hours import ONE_DAY, moment_of
from yousu.simulation.texts import Topic, phrases, places, topics

if TYPE_CHECKING:
    from yousu.simulation.stage import Life

# Monday … Sunday; their mean is 1.
WEEK = (1.13, 1.09, 1.05, 1.02, 0.99, 0.87, 0.85)
HOLIDAY = 0.72
SEASON = 0.4  # how far the day's volume follows the season of its topics
COMES_AGAIN = 0.55  # the share of a topic's repeats that come from the same person or place
AGAIN_WITHIN = 25
CHANNELS = {
    "phone": 640,
    "app": 130,
    "wechat": 100,
    "web": 50,
    "mailbox": 25,
    "government": 12,
    "police": 25,
    "media": 4,
    "grassroots": 14,
}
SELF_SERVICE = frozenset({"app", "wechat", "web"})
# No operator has been given the numbers that begin with 154: nobody is called by mistake.
PHONE_PREFIX = "154"


@dataclass
class Place:
    area: str
    address: str
    names: dict[str, str]
    lon: Decimal | None = None
    lat: Decimal | None = None


@dataclass
class Person:
    name: str
    sex: str
    phone: str


@dataclass
class Request:
    """What somebody asks of the city at a moment. ``earlier`` is their request before, about the same."""

    key: str
    at: datetime
    topic: Topic
    type: str
    place: Place
    person: Person
    channel: str
    title: str
    content: str
    is_secret: bool
    reply_wanted: bool
    earlier: Request | None = None
    number: str = ""
    life: Life | None = field(default=None, repr=False)


class World:
    """Requests by day. Days must be asked for in order: who comes again is remembered from day to day."""

    def __init__(self, seed: object, city: Directory) -> None:
        self.seed = seed
        self.city = city
        self.topics = topics()
        self.items = {topic.key: best_item(topic, city) for topic in self.topics}
        self.weights = {
            (month, weekend): list(accumulate(_weight(topic, month, weekend) for topic in self.topics))
            for month in range(1, 13)
            for weekend in (False, True)
        }
        totals = [self.weights[month, False][-1] for month in range(1, 13)]
        self.season = [1 + SEASON * (total * 12 / sum(totals) - 1) for total in totals]
        self.names = _by_district(city)
        self.districts = [code for code in self.names if self.names[code]["estate"]]
        if not self.districts:
            raise Refused("模拟用的地名属于西宁市，当前城市没有这些区县；请先用 yousu demo 装入示范城市。")
        self.estates = list(accumulate(len(self.names[code]["estate"]) for code in self.districts))
        self.communities = _communities(city)
        self.again: dict[date, list[Request]] = defaultdict(list)

    def volume(self, day: date, per_day: int) -> int:
        """How many call on this day: by weekday, holiday and season, with the scatter of chance."""
        rng = self._rng(f"{day}")
        calendar = self.city.calendar
        factor = HOLIDAY if day in calendar.off else WEEK[0] if day in calendar.work else WEEK[day.weekday()]
        mean = per_day * factor * self.season[day.month - 1] * rng.gauss(1, 0.04)
        return max(0, round(rng.gauss(mean, math.sqrt(max(mean, 0)))))

    def day(self, day: date, per_day: int) -> list[Request]:
        """The day's requests in the order in which they come."""
        again = self.again.pop(day, [])
        fresh = max(0, self.volume(day, per_day) - len(again))
        made = [self._once_more(f"{day}/again/{i}", day, earlier) for i, earlier in enumerate(again)]
        made += [self._fresh(f"{day}/{i}", day) for i in range(fresh)]
        return sorted(made, key=lambda request: (request.at, request.key))

    # -- one request ----------------------------------------------------------------------------------------------

    def _rng(self, key: str) -> Random:
        return Random(f"{self.seed}/{key}")  # noqa: S311

    def _fresh(self, key: str, day: date) -> Request:
        rng = self._rng(key)
        weights = self.weights[day.month, day.weekday() >= 5]
        topic = self.topics[bisect(weights, rng.random() * weights[-1])]
        return self._request(key, rng, day, topic, self._place(rng, topic), _person(rng))

    def _once_more(self, key: str, day: date, earlier: Request) -> Request:
        rng = self._rng(key)
        neighbour = rng.random() < 0.3
        person = _person(rng) if neighbour else earlier.person
        made = self._request(key, rng, day, earlier.topic, earlier.place, person)
        made.earlier = earlier
        return made

    def _request(self, key: str, rng: Random, day: date, topic: Topic, place: Place, person: Person) -> Request:
        slots = {**place.names, **_slots(rng)}
        made = Request(
            key=key,
            at=moment_of(day, topic.hours, rng),
            topic=topic,
            type=rng.choices(list(topic.types), list(topic.types.values()))[0],
            place=place,
            person=person,
            channel=rng.choices(list(CHANNELS), list(CHANNELS.values()))[0],
            title=rng.choice(topic.titles).format_map(slots),
            content=rng.choice(topic.templates).format_map(slots),
            is_secret=rng.random() < topic.secret,
            reply_wanted=rng.random() < 0.97,
        )
        if rng.random() < topic.repeat * COMES_AGAIN and not topic.desk:
            self.again[day + timedelta(days=1 + int(rng.random() ** 2 * AGAIN_WITHIN))].append(made)
        return made

    def _place(self, rng: Random, topic: Topic) -> Place:
        district = self.districts[bisect(self.estates, rng.randrange(self.estates[-1]))]
        choices = self.communities[district, topic.rural] or self.communities[district, not topic.rural]
        community = rng.choice(choices)
        town = self.city.areas[community.parent_id or district]
        names = {kind: rng.choice(known) for kind, known in self.names[district].items()}
        names |= {"district": self.city.areas[district].short_name, "town": town.short_name}
        names |= {"community": community.short_name, "building": rng.choice(places()["buildings"])}
        if topic.rural:
            address = f"{names['town']}{names['community']}{rng.randint(1, 9)}社"
        elif rng.random() < 0.7:
            address = f"{names['estate']}{names['building']}"
        else:
            address = f"{names['road']}{rng.randint(1, 180)}号"
        finest = community.code if rng.random() < 0.9 else town.code
        lon, lat = _point(rng, (community, town, self.city.areas[district]))
        return Place(finest, address, names, lon, lat)


def _weight(topic: Topic, month: int, weekend: bool) -> float:
    share = topic.months[month - 1] * 12 / sum(topic.months)
    return topic.weight * share * (topic.weekend / 100 if weekend else 1)


def best_item(topic: Topic, city: Directory) -> CatalogueItem | None:
    """The item of the catalogue that speaks of the topic: of its leaf if any does, of the whole catalogue otherwise."""
    words = (topic.name, *topic.keywords)

    def score(item: CatalogueItem) -> int:
        return sum(word in item.name or word in item.keywords for word in words)

    leaf = [item for item in city.items.values() if item.leaf_id == topic.leaf]
    best = max(leaf, key=score, default=None)
    if best is None or not score(best):
        wider = max(city.items.values(), key=score, default=None)
        best = wider if wider and (score(wider) or best is None) else best
    return best


def _by_district(city: Directory) -> dict[str, dict[str, list[str]]]:
    """Names of roads, landmarks and estates by district, and those that are at home in all of them."""
    known = places()
    everywhere = {
        "school": known["schools"],
        "bus": known["buses"],
        "shop": known["shops"],
        "company": known["companies"],
    }
    codes = sorted({row["district"] for row in known["estates"]} & city.areas.keys())
    return {
        code: {
            **{
                kind: [row["name"] for row in known[f"{kind}s"] if row["district"] == code]
                for kind in ("road", "landmark", "estate")
            },
            **everywhere,
        }
        for code in codes
    }


def _communities(city: Directory) -> dict[tuple[str, bool], list[Area]]:
    """Communities by (district, rural)."""
    found: dict[tuple[str, bool], list[Area]] = defaultdict(list)
    for area in sorted(city.areas.values(), key=lambda area: area.code):
        if area.level == "community":
            found[area.code[:6], area.short_name.endswith("村")].append(area)
    return found


def _point(rng: Random, finest_first: tuple[Area, ...]) -> tuple[Decimal | None, Decimal | None]:
    """A point near the finest area whose centre is known; one in five requests has none."""
    east, north, known = rng.gauss(0, 0.006), rng.gauss(0, 0.005), rng.random() < 0.8
    for area in finest_first:
        if known and area.lon is not None and area.lat is not None:
            return _degrees(float(area.lon) + east), _degrees(float(area.lat) + north)
    return None, None


def _degrees(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")


def _person(rng: Random) -> Person:
    sex = rng.choice("男女")
    name = rng.choice(phrases()["surnames"]) + ("先生" if sex == "男" else "女士")
    phone = f"{PHONE_PREFIX}{rng.randrange(10**8):08d}"
    return Person("" if (anonymous := rng.random() < 0.03) else name, sex, "" if anonymous else phone)


def _slots(rng: Random) -> dict[str, Any]:
    return {
        "date": rng.choice(places()["dates"]),
        "days": rng.randint(2, 9),
        "hours": rng.randint(2, 30),
        "count": rng.randint(2, 12),
        "amount": rng.randint(3, 980) * 10,
    }


def days_of(first: date, count: int) -> list[date]:
    return [first + i * ONE_DAY for i in range(count)]
