"""A case: one ticket with all that hangs on it, as a verb sees and changes it, and what has changed since it was opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.states import OPEN_STATES, VOID_STATES

if TYPE_CHECKING:
    from yousu.city.directory import Directory

# What scoring, oversight and the timeline need before and after. Everything else on the row follows from the event's data.
TICKET_TRACKED = (
    "state",
    "closed_as",
    "type",
    "urgency",
    "is_secret",
    "item_code",
    "area_id",
    "parallel",
    "deadline",
    "callback_due",
    "callback_result",
    "promised_on",
    "return_count",
    "failure_count",
    "reopen_count",
)
ASSIGNMENT_TRACKED = (
    "unit_id",
    "role",
    "state",
    "forced",
    "limit",
    "round",
    "sign_due",
    "contact_due",
    "deadline",
    "provisional",
    "signed_at",
    "contacted_at",
    "replied_at",
    "ended_at",
    "extensions",
    "extension_pending",
)


def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(f.attname for f in model._meta.concrete_fields if f.attname != "id")


TICKET_COLUMNS = _columns(Ticket)
ASSIGNMENT_COLUMNS = _columns(Assignment)


@dataclass
class Case:
    ticket: Ticket
    assignments: list[Assignment] = field(default_factory=list)
    added: list[Model] = field(default_factory=list)
    loaded: dict[type[Model], list[Any]] = field(default_factory=dict)
    attached: list[int] = field(default_factory=list)
    _ticket_before: tuple[Any, ...] = ()
    _before: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def remember(self) -> Case:
        """Take the picture against which ``changes`` and the saved columns are measured."""
        self._ticket_before = tuple(map(self.ticket.__dict__.__getitem__, TICKET_COLUMNS)) if self.ticket.pk else ()
        self._before = {
            a.ordinal: tuple(map(a.__dict__.__getitem__, ASSIGNMENT_COLUMNS)) for a in self.assignments if a.pk
        }
        return self

    def restore(self) -> None:
        """Back to the picture of ``remember``: for a store that keeps the case itself, when a verb was refused half-way."""
        self.ticket.__dict__.update(zip(TICKET_COLUMNS, self._ticket_before, strict=True))
        self.ticket._state.fields_cache.clear()
        self.assignments[:] = [a for a in self.assignments if a.ordinal in self._before]
        for assignment in self.assignments:
            assignment.__dict__.update(zip(ASSIGNMENT_COLUMNS, self._before[assignment.ordinal], strict=True))
        self.added.clear()

    # -- questions ------------------------------------------------------------------------------------------------

    def assignment(self, ordinal: int) -> Assignment:
        return next(a for a in self.assignments if a.ordinal == ordinal)

    def in_course(self) -> list[Assignment]:
        """Assignments that were neither returned nor recalled."""
        return [a for a in self.assignments if a.state not in VOID_STATES and a.ended_at is None]

    def principals(self) -> list[Assignment]:
        return [a for a in self.in_course() if a.is_principal]

    def helpers_of(self, assignment: Assignment) -> list[Assignment]:
        """Whose answers ``assignment`` consolidates: its sub-dispatches, and for a lead the assistants."""
        if assignment.is_principal:
            return [
                a for a in self.in_course() if a.parent_id == assignment.pk or (a.role == "assist" and not a.parent_id)
            ]
        return [a for a in self.in_course() if a.parent_id == assignment.pk]

    def open_assignments(self) -> list[Assignment]:
        return [a for a in self.assignments if a.state in OPEN_STATES]

    # -- what changed ---------------------------------------------------------------------------------------------

    def ticket_changes(self) -> dict[str, Any]:
        """Changed columns of the ticket row: column → new value."""
        now = self.ticket.__dict__
        return {
            name: now[name] for name, old in zip(TICKET_COLUMNS, self._ticket_before, strict=True) if now[name] != old
        }

    def assignment_changes(self) -> list[tuple[Assignment, dict[str, Any]]]:
        """Changed columns of assignments that were there before."""
        found = []
        for assignment in self.assignments:
            old = self._before.get(assignment.ordinal)
            if old is None:
                continue
            now = assignment.__dict__
            changed = {n: now[n] for n, before in zip(ASSIGNMENT_COLUMNS, old, strict=True) if now[n] != before}
            if changed:
                found.append((assignment, changed))
        return found

    def new_assignments(self) -> list[Assignment]:
        return [a for a in self.assignments if a.ordinal not in self._before]

    def changes(self, city: Directory) -> dict[str, Any]:
        """Before and after of every tracked column, in codes: ``{"ticket": {…}, "assignments": {"1": {…}}}``."""
        story: dict[str, Any] = {}
        before = dict(zip(TICKET_COLUMNS, self._ticket_before, strict=False))
        if ticket := _pairs(TICKET_TRACKED, before, self.ticket.__dict__, city):
            story["ticket"] = ticket
        rows: dict[str, Any] = {}
        for assignment in self.assignments:
            old = dict(zip(ASSIGNMENT_COLUMNS, self._before.get(assignment.ordinal, ()), strict=False))
            if pairs := _pairs(ASSIGNMENT_TRACKED, old, assignment.__dict__, city):
                rows[str(assignment.ordinal)] = pairs
        if rows:
            story["assignments"] = rows
        return story


def _pairs(names: Iterable[str], old: dict[str, Any], new: dict[str, Any], city: Directory) -> dict[str, Any]:
    pairs = {}
    for name in names:
        was, now = old.get(name), new[name]
        if was != now and not (not old and now in (None, "", False, 0)):
            if name == "unit_id":
                pairs["unit"] = [was and city.units[was].code, city.units[now].code]
            else:
                pairs[name.removesuffix("_id")] = [plain_value(was), plain_value(now)]
    return pairs


def plain_value(value: Any) -> Any:
    """A column's value as an event tells it: moments in UTC, ISO 8601."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
