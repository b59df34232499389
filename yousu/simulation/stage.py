"""The stage: simulated time, the lives of tickets on it, and the one way in which they act, through the verbs."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, cast

from yousu.base.errors import Refused
from yousu.city.directory import Directory
from yousu.city.models import CatalogueItem, Staff, Unit
from yousu.city.roles import Role, Urgency
from yousu.city.rules import Rules
from yousu.dispatch.rules import why_not
from yousu.simulation.hours import OfficeHours
from yousu.simulation.people import People
from yousu.simulation.quality import Quality, quality_of
from yousu.simulation.world import Request, World
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment
from yousu.tickets.registry import Verb
from yousu.tickets.states import TicketState
from yousu.tickets.store import Record, Store


class Watched:
    """A store that shows what it saved last: whoever plans the next step reads the case as the verb left it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.case: Case | None = None
        self.record: Record | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def save(self, case: Case, record: Record) -> None:
        self.store.save(case, record)
        self.case, self.record = case, record


@dataclass
class Summary:
    """What a run did. ``refused`` counts acts that a guard refused, by verb and reason."""

    tickets: int = 0
    events: int = 0
    states: Counter[str] = field(default_factory=Counter)
    closed_as: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    until: datetime | None = None


Step = Callable[["Life", int], None]
Reactions = Mapping[str, tuple[Step, ...]]


class Life:
    """One ticket: its request, its own chance, and what those who work on it know without writing it down."""

    def __init__(self, request: Request, stage: Stage) -> None:
        self.request = request
        self.stage = stage
        self.rng = Random(f"{stage.seed}/{request.key}/life")  # noqa: S311
        self.case: Case | None = None
        self.over = False
        self.reopening = False
        self.right: Unit | None = None  # who should lead
        self.solved = False  # what the citizen finds, whatever the reply says
        self.looked_after = False
        self.slots_tried: list[int] = []
        self.received: set[tuple[int, int]] = set()  # (ordinal, round)
        self.wait_until: dict[int, datetime] = {}

    @property
    def now(self) -> datetime:
        return self.stage.now

    @property
    def the(self) -> Case:
        assert self.case is not None
        return self.case

    @property
    def state(self) -> str:
        return self.the.ticket.state

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    @property
    def office(self) -> OfficeHours:
        """When units work on it: on workdays, on what is urgent every day."""
        urgent = self.the.ticket.urgency != Urgency.ORDINARY
        return self.stage.centre if urgent else self.stage.office

    def working(self, low: float, high: float) -> datetime:
        """A moment between so many working minutes of a unit from now."""
        return self.office.after(self.now, self.rng.uniform(low, high))

    def between(self, start: datetime, end: datetime, share: float) -> datetime:
        """A working moment after ``share`` of the time from ``start`` to ``end``; not everybody acts as the doors open."""
        at = start + (end - start) * share
        opened = self.office.next_open(at)
        return opened if opened - at < timedelta(minutes=1) else self.office.after(opened, self.rng.uniform(2, 150))

    def at_the_centre(self, low: float, high: float) -> datetime:
        """The same for the hotline centre, which works every day."""
        return self.stage.centre.after(self.now, self.rng.uniform(low, high))

    def later(self, at: datetime, step: Step, ordinal: int = 0) -> None:
        self.stage.later(at, self, step, ordinal)

    def quality(self, assignment: Assignment) -> Quality:
        return self.stage.quality(assignment.unit_id)

    def as_centre(self, verb: Verb, role: Role, **inputs: Any) -> bool:
        """Somebody of the centre does it to the ticket."""
        return self.stage.act(self, verb, self.stage.people.one(role, self.rng), self.the.ticket, inputs)

    def as_unit(self, verb: Verb, assignment: Assignment, **inputs: Any) -> bool:
        """Somebody of the assignment's unit does it."""
        by = self.stage.people.handler(assignment.unit_id, self.rng)
        return self.stage.act(self, verb, by, assignment, inputs)

    def as_sender(self, verb: Verb, assignment: Assignment, **inputs: Any) -> bool:
        """Whoever sent the work does it: a dispatcher, or for a sub-dispatch the unit above."""
        parent = next((a for a in self.the.assignments if a.pk == assignment.parent_id), None)
        if parent is not None:
            by = self.stage.people.handler(parent.unit_id, self.rng)
        else:
            by = self.stage.people.one(Role.DISPATCHER, self.rng)
        return self.stage.act(self, verb, by, assignment, inputs)


class Stage:
    """Discrete events in the order of their time; of the same moment, in the order in which they were foreseen."""

    def __init__(self, seed: object, store: Store, city: Directory, start: datetime, reactions: Reactions) -> None:
        self.seed = seed
        self.store = Watched(store)
        self.city = city
        self.now = start
        self.reactions = reactions
        self.rules: Rules = city.rules_at(start)
        self.office = OfficeHours(city.calendar, tuple(self.rules.hours.spans))
        self.centre = OfficeHours(city.calendar, tuple(self.rules.hours.spans), daily=True)
        self.people = People(city)
        self.world = World(seed, city)
        self.summary = Summary()
        self.living: dict[int, Life] = {}
        self.ended = 0
        self._queue: list[tuple[datetime, int, Life, Step, int]] = []
        self._foreseen = 0
        self._qualities: dict[int, Quality] = {}

    def later(self, at: datetime, life: Life, step: Step, ordinal: int) -> None:
        self._foreseen += 1
        heapq.heappush(self._queue, (max(at, self.now), self._foreseen, life, step, ordinal))

    def run_until(self, end: datetime, stop: Callable[[], bool]) -> None:
        """Whatever happens before ``end``, as long as nobody says stop."""
        while self._queue and self._queue[0][0] < end and not stop():
            self.now, _, life, step, ordinal = heapq.heappop(self._queue)
            if not life.over:
                step(life, ordinal)

    def act(self, life: Life, verb: Verb, by: Staff | None, target: Any, inputs: dict[str, Any]) -> bool:
        """Do it now. A refusal is counted, and nothing follows from it."""
        try:
            verb(target, by=by, now=self.now, store=cast(Store, self.store), **inputs)
        except Refused as refusal:
            self.summary.refused[f"{verb.label}：{refusal.message}"] += 1
            return False
        life.case, record = self.store.case, self.store.record
        assert life.case is not None and record is not None
        self.summary.events += 1
        for react in self.reactions.get(record.kind, ()):
            react(life, record.ordinal or 0)
        if life.case.ticket.state == TicketState.CLOSED and not life.reopening:
            self._end(life)
        return True

    def _end(self, life: Life) -> None:
        life.over = True
        ticket = life.the.ticket
        self.living.pop(ticket.pk, None)
        self.ended += 1
        self.summary.states[ticket.state] += 1
        self.summary.closed_as[ticket.closed_as] += 1
        life.case, life.request.life = None, None

    def close(self, end: datetime) -> Summary:
        """The figures, with those tickets that are still on their way."""
        for life in self.living.values():
            self.summary.states[life.state] += 1
            self.summary.closed_as[life.the.ticket.closed_as] += bool(life.the.ticket.closed_as)
        self.summary.until = end
        return self.summary

    # -- what people know of the city -----------------------------------------------------------------------------

    def quality(self, unit_id: int) -> Quality:
        if unit_id not in self._qualities:
            self._qualities[unit_id] = quality_of(self.seed, self.city.units[unit_id].code)
        return self._qualities[unit_id]

    def may_take(self, unit: Unit, item: CatalogueItem, accused: Unit | None) -> bool:
        return unit.active and not why_not(unit, item, accused)

    def leader(self, item: CatalogueItem, area: str, accused: Unit | None) -> Unit | None:
        """Who leads by the catalogue; where that body may not, the one above it, and at last the trade unit."""
        unit = self.city.lead_unit(item, area)
        while unit is not None and not self.may_take(unit, item, accused):
            unit = self.city.units.get(unit.parent_id or 0)
        return unit or self.trade(item, accused)

    def trade(self, item: CatalogueItem, accused: Unit | None = None) -> Unit | None:
        unit = self.city.units.get(item.trade_unit_id or 0)
        return unit if unit is not None and self.may_take(unit, item, accused) else None

    def territory(self, item: CatalogueItem, area: str, accused: Unit | None = None) -> Unit | None:
        """The district of a place, if the matter may go to districts."""
        unit = self.city.unit_of_area.get(area[:6])
        return unit if unit is not None and self.may_take(unit, item, accused) else None

    def below(self, unit: Unit, item: CatalogueItem, area: str) -> Unit | None:
        """The next lower body of ``unit`` at a place, if the matter may go there."""
        for length in (9, 12):
            lower = self.city.unit_of_area.get(area[:length]) if len(area) >= length else None
            if lower is not None and lower.pk != unit.pk and lower.is_within(unit):
                return lower if self.may_take(lower, item, None) else None
        return None

    def others(self, item: CatalogueItem, unit: Unit) -> list[Unit]:
        """Bodies of the same kind to which the work might go by mistake."""
        return list(filter(partial(self._mistakable, item, unit), self._bodies()))

    def _mistakable(self, item: CatalogueItem, unit: Unit, other: Unit) -> bool:
        apart = not other.is_within(unit) and not unit.is_within(other)
        return apart and other.kind == unit.kind and self.may_take(other, item, None)

    def _bodies(self) -> list[Unit]:
        if not hasattr(self, "_sorted_bodies"):
            kinds = {"department", "district", "enterprise", "town"}
            bodies = (unit for unit in self.city.units.values() if unit.kind in kinds and not unit.scope)
            self._sorted_bodies = sorted(bodies, key=lambda unit: unit.code)
        return self._sorted_bodies
