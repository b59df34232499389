"""The filter bar of lists: what one may choose from, taken from the city's own data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from os.path import commonprefix

from yousu.city import directory
from yousu.city.roles import Level, Urgency
from yousu.tickets.queries import Filter
from yousu.tickets.states import Channel, RequestType, TicketState

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choice:
    """A drop-down of the bar; ``label`` stands for "all"."""

    name: str
    label: str
    options: Options
    value: str


def bar(wanted: Filter, *names: str) -> list[Choice]:
    """The drop-downs called ``names``, in that order."""
    return [Choice(name, LABELS[name], _options(name), getattr(wanted, name)) for name in names]


LABELS = {
    "type": "全部类型",
    "urgency": "全部紧急程度",
    "area": "全部区县",
    "item": "全部事项",
    "channel": "全部渠道",
    "state": "全部状态",
}
CHOICES = {"type": RequestType, "urgency": Urgency, "channel": Channel, "state": TicketState}


def _options(name: str) -> Options:
    if name in CHOICES:
        return [(str(value), str(label)) for value, label in CHOICES[name].choices]
    return districts() if name == "area" else first_levels()


def districts() -> Options:
    areas = directory.current().areas.values()
    return sorted((area.code, area.short_name) for area in areas if area.level == Level.DISTRICT)


def first_levels() -> Options:
    """First-level matters as (what their item codes begin with, name); those that share a beginning are left out."""
    codes: dict[str, list[str]] = defaultdict(list)
    for code, item in directory.current().items.items():
        codes[item.level1].append(code)
    starts = {name: commonprefix(members) for name, members in codes.items()}
    taken = list(starts.values())
    return sorted(
        (start, name) for name, start in starts.items() if start and sum(s.startswith(start) for s in taken) == 1
    )
