"""The city in memory: units, areas, the catalogue, rules and calendar as one immutable snapshot per process.

A verb asks a dozen small questions of the ground (whose unit is this, which rules hold now); asking the database each time
would cost more than the verb. The snapshot is checked against ``Stamp`` at most every ``CHECK_SECONDS``: a change of
ground data reaches every process within that time, and its own process at once.
"""

from __future__ import annotations

import threading
import time as clock
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import connection
from django.db.models import F
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.city.models import (
    Area,
    CalendarDay,
    CalendarYear,
    CatalogueItem,
    CatalogueVersion,
    RuleSet,
    Stamp,
    Unit,
)
from yousu.city.roles import Level
from yousu.city.rules import Rules
from yousu.city.workdays import Calendar

CHECK_SECONDS = 2.0


@dataclass(frozen=True)
class Directory:
    stamp: int
    units: dict[int, Unit]
    areas: dict[str, Area]
    calendar: Calendar
    rule_sets: tuple[tuple[datetime, Rules], ...]
    catalogue: CatalogueVersion | None
    taken_at: datetime

    def outlived(self, now: datetime) -> bool:
        """Whether a rule set came into force since this snapshot was taken: its working hours may differ."""
        return any(self.taken_at < start <= now for start, _ in self.rule_sets)

    @cached_property
    def units_by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units.values()}

    @cached_property
    def unit_of_area(self) -> dict[str, Unit]:
        """The territorial body of an area: its district, town or community unit."""
        levels = {Level.DISTRICT: "district", Level.TOWN: "town", Level.COMMUNITY: "community"}
        return {u.code: u for u in self.units.values() if u.kind in levels.values() and not u.scope}

    @cached_property
    def items(self) -> dict[str, CatalogueItem]:
        """The items of the catalogue in force, by code."""
        if self.catalogue is None:
            return {}
        return {item.code: item for item in CatalogueItem.objects.filter(version=self.catalogue).order_by("code")}

    @cached_property
    def items_by_id(self) -> dict[int, CatalogueItem]:
        return {item.pk: item for item in self.items.values()}

    def rules_at(self, now: datetime) -> Rules:
        """The rule set in force at ``now``; the built-in default before the first."""
        position = bisect_right([start for start, _ in self.rule_sets], now)
        return self.rule_sets[position - 1][1] if position else Rules()

    def unit(self, code: str, field: str = "unit") -> Unit:
        unit = self.units_by_code.get(code)
        if unit is None:
            raise Refused(f"没有代码为“{code}”的单位，请从单位列表中选择。", field=field, code="not_found")
        if not unit.active:
            raise Refused(f"{unit.name}已停用，请另选单位。", field=field)
        return unit

    def area(self, code: str) -> Area:
        area = self.areas.get(code)
        if area is None:
            raise Refused(f"没有代码为“{code}”的行政区划，请重新选择地点。", field="area", code="not_found")
        return area

    def item(self, code: str) -> CatalogueItem:
        item = self.items.get(code)
        if item is None:
            raise Refused(f"现行派单目录中没有编码为“{code}”的事项。", field="item", code="not_found")
        return item

    def area_path(self, code: str) -> list[Area]:
        """An area and its parents, from the city down; empty for an unknown code."""
        path: list[Area] = []
        area = self.areas.get(code)
        while area is not None:
            path.append(area)
            area = self.areas.get(area.parent_id) if area.parent_id else None
        return path[::-1]

    def lead_unit(self, item: CatalogueItem, area_code: str) -> Unit | None:
        """Who leads under ``item.lead_rule`` at a place; None when the rule needs a finer place than is known."""
        kind, _, value = item.lead_rule.partition(":")
        if kind == "unit":
            return self.units_by_code.get(value)
        if kind == "area":
            length = {"district": 6, "town": 9, "community": 12}.get(value, 0)
            return self.unit_of_area.get(area_code[:length]) if length and len(area_code) >= length else None
        return None


_lock = threading.RLock()
_current: Directory | None = None
_checked = 0.0


def current() -> Directory:
    """The snapshot, reloaded when the ground data changed."""
    global _current, _checked
    if _current is not None and clock.monotonic() - _checked < CHECK_SECONDS:
        return _current
    with _lock:
        stamp = Stamp.objects.values_list("value", flat=True).first() or 0
        if _current is None or _current.stamp != stamp or _current.outlived(timezone.now()):
            _current = _load(stamp)
        _checked = clock.monotonic()
        return _current


def forget() -> None:
    """Drop the snapshot of this process."""
    global _current
    _current = None


def changed() -> None:
    """Ground data changed in this transaction: tell every process once it is committed."""
    if not Stamp.objects.update(value=F("value") + 1):
        Stamp.objects.create(pk=1, value=1)
    forget()
    connection.on_commit(forget)


def _load(stamp: int) -> Directory:
    units = {unit.pk: unit for unit in Unit.objects.all()}
    for unit in units.values():
        if unit.parent_id:
            unit.parent = units[unit.parent_id]
    days = list(CalendarDay.objects.all())
    hours = Rules().hours.spans
    rule_sets = tuple((r.effective_from, r.rules) for r in RuleSet.objects.order_by("effective_from", "version"))
    now = timezone.now()
    for start, rules in rule_sets:
        if start <= now:
            hours = rules.hours.spans
    return Directory(
        stamp=stamp,
        units=units,
        areas={area.code: area for area in Area.objects.all()},
        calendar=Calendar(
            years=frozenset(CalendarYear.objects.values_list("year", flat=True)),
            off=frozenset(day.date for day in days if not day.is_workday),
            work=frozenset(day.date for day in days if day.is_workday),
            opens=hours[0].start,
            closes=hours[-1].end,
            names={day.date: day.name for day in days},
        ),
        rule_sets=rule_sets,
        taken_at=now,
        catalogue=CatalogueVersion.objects.filter(published_at__isnull=False, scope="").order_by("number").last(),
    )


def forget_if_changed() -> None:
    """For tests, whose transaction is rolled back: drop a snapshot that was loaded after a change."""
    global _checked
    _checked = 0.0
