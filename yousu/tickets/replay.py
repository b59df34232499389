"""A ticket's course, replayed from its events alone: what scoring, oversight and the audit reckon with. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import models

from yousu.city.models import Unit
from yousu.tickets.case import ASSIGNMENT_TRACKED, TICKET_TRACKED, plain_value
from yousu.tickets.models import Assignment, Ticket


class Told(Protocol):
    """What of an event is needed."""

    seq: int
    data: dict[str, Any]


class Inconsistent(Exception):
    """An event's "before" is not what the events before it left."""

    def __init__(self, seq: int, column: str) -> None:
        super().__init__(f"第 {seq} 个事件的“{column}”与此前不符")
        self.seq, self.column = seq, column


@dataclass
class State:
    """The tracked columns after event ``seq``, in codes and ISO 8601; assignments by ordinal."""

    seq: int = 0
    ticket: dict[str, Any] = field(default_factory=dict)
    assignments: dict[int, dict[str, Any]] = field(default_factory=dict)


def replayed(events: Iterable[Told]) -> Iterator[State]:
    """The state after each event, in order. Raises ``Inconsistent`` where the story contradicts itself."""
    state = State(ticket=dict(_BLANK_TICKET))
    for event in events:
        changes = event.data.get("changes", {})
        _apply(state.ticket, changes.get("ticket", {}), event.seq)
        for ordinal, pairs in changes.get("assignments", {}).items():
            _apply(state.assignments.setdefault(int(ordinal), dict(_BLANK_ASSIGNMENT)), pairs, event.seq)
        state.seq = event.seq
        yield copy.deepcopy(state)


def recorded(ticket: Ticket, assignments: Iterable[Assignment], units: Mapping[int, Unit]) -> State:
    """The same picture from the rows as they are now."""
    state = State(seq=ticket.seq, ticket=_row(ticket, TICKET_TRACKED, units))
    for assignment in assignments:
        state.assignments[assignment.ordinal] = _row(assignment, ASSIGNMENT_TRACKED, units)
    return state


def _apply(row: dict[str, Any], pairs: Mapping[str, Any], seq: int) -> None:
    for column, (before, after) in pairs.items():
        if (before or None) != (row[column] or None):
            raise Inconsistent(seq, column)
        row[column] = after


def _row(instance: models.Model, names: Iterable[str], units: Mapping[int, Unit]) -> dict[str, Any]:
    row = {name.removesuffix("_id"): plain_value(getattr(instance, name)) for name in names}
    if "unit" in row:
        row["unit"] = units[row["unit"]].code
    return row


def _blanks(model: type[models.Model], names: Iterable[str]) -> dict[str, Any]:
    return {name.removesuffix("_id"): _blank(model._meta.get_field(name.removesuffix("_id"))) for name in names}


def _blank(column: Any) -> Any:
    """What a column holds that was never spoken of."""
    if isinstance(column, models.BooleanField):
        return False
    if isinstance(column, models.IntegerField):
        return 0
    return "" if isinstance(column, models.CharField) else None


_BLANK_TICKET = _blanks(Ticket, TICKET_TRACKED)
_BLANK_ASSIGNMENT = _blanks(Assignment, ASSIGNMENT_TRACKED)
