"""The words of the simulated city: topics with their templates, names of places, phrases of the life of a ticket."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from yousu.city.roles import Urgency
from yousu.tickets.states import RequestType

DATA = Path(__file__).parent / "data"
TYPES = {label: value for value, label in RequestType.choices}
URGENCIES = {label: value for value, label in Urgency.choices}


@dataclass(frozen=True)
class Topic:
    """What people call about. ``months``: relative frequency January … December; ``desk``: what the operator does at once."""

    key: str
    name: str
    leaf: str
    keywords: tuple[str, ...]
    weight: int
    months: tuple[int, ...]
    hours: str
    weekend: int
    types: Mapping[str, int]
    urgency: str
    secret: float
    repeat: float
    solvable: float
    titles: tuple[str, ...]
    templates: tuple[str, ...]
    rural: bool = False
    desk: str = ""


@functools.cache
def topics() -> tuple[Topic, ...]:
    return tuple(map(_topic, _read("topics")["topic"]))


def _topic(row: dict[str, Any]) -> Topic:
    return Topic(
        key=row["key"],
        name=row["name"],
        leaf=row["leaf"],
        keywords=tuple(row["keywords"]),
        weight=row["weight"],
        months=tuple(row["months"]),
        hours=row["hours"],
        weekend=row["weekend"],
        types={TYPES[label]: share for label, share in row["types"].items()},
        urgency=URGENCIES[row["urgency"]],
        secret=row["secret_percent"] / 100,
        repeat=row["repeat_percent"] / 100,
        solvable=row["solvable_percent"] / 100,
        titles=tuple(row["titles"]),
        templates=tuple(row["templates"]),
        rural=row.get("rural", False),
        desk=row.get("desk", ""),
    )


@functools.cache
def places() -> dict[str, Any]:
    return _read("places")


@functools.cache
def phrases() -> dict[str, Any]:
    return _read("phrases")


@functools.cache
def answers() -> dict[str, list[str]]:
    """What operators answer at once, by topic."""
    found: dict[str, list[str]] = {}
    for row in phrases()["direct_answers"]:
        found.setdefault(row["topic"], []).append(row["text"])
    return found


def _read(name: str) -> dict[str, Any]:
    with (DATA / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def say(rng: Random, name: str, **slots: object) -> str:
    """One phrase of the list ``name``, its slots filled."""
    return _filled(rng, rng.choice(phrases()[name]), slots)


def say_fitting(rng: Random, topic: Topic, name: str, generic: str, **slots: object) -> str:
    """One phrase of ``name`` that speaks of the topic; one of the list ``generic`` where none does."""
    return _filled(rng, rng.choice(_fitting(topic.key, name) or phrases()[generic]), slots)


def _filled(rng: Random, text: str, slots: Mapping[str, object]) -> str:
    return text.format_map({"days": rng.randint(2, 6), "unit": "主管单位", "item": "该事项", **slots})


@functools.cache
def _fitting(key: str, name: str) -> tuple[str, ...]:
    topic = next(topic for topic in topics() if topic.key == key)
    return tuple(text for text in phrases()[name] if any(word in text for word in (topic.name, *topic.keywords)))
