"""``Memory``: a store that keeps cases in memory and writes history by COPY. The verbs do not know the difference.

The same bodies, guards, events and hashes run as on ``Database``; only where a case rests differs. Row ids and ticket numbers
come from the database's own sequences, reserved in blocks, so live writers beside a bulk run never meet them.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Model
from django.db.transaction import atomic

from yousu.base.errors import Refused
from yousu.city.models import Staff
from yousu.tickets.case import ASSIGNMENT_COLUMNS, TICKET_COLUMNS, Case
from yousu.tickets.models import Assignment, Event, Ticket, TicketText
from yousu.tickets.search import grams
from yousu.tickets.states import TicketState
from yousu.tickets.store import DATABASE, EVENT_COLUMNS, Done, Record, number_of, plain

FIRST_BLOCK = 64
LARGEST_BLOCK = 8_192


class Reserved:
    """Values of a database sequence, taken in growing blocks. What is left of the last block is a harmless gap."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        self.block = FIRST_BLOCK
        self.values: Iterator[int] = iter(())

    def __next__(self) -> int:
        for value in self.values:
            return value
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [self.sequence, self.block])
            self.values = iter([row[0] for row in cursor.fetchall()])
        self.block = min(self.block * 2, LARGEST_BLOCK)
        return next(self.values)


@dataclass
class Kept:
    """A case with the rows of its story that wait to be written."""

    case: Case
    events: list[tuple[Any, ...]] = field(default_factory=list)
    satellites: dict[type[Model], dict[int, tuple[Any, ...]]] = field(default_factory=dict)


class Undo(contextlib.AbstractContextManager[None]):
    """What a transaction is to the database: a refused verb leaves the case as it was."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def __enter__(self) -> None:
        self.memory.open_case = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self.memory.open_case is not None:
            self.memory.open_case.restore()


class Memory:
    """Cases in memory until ``flush`` writes them. One thread; no idempotency keys; no attachments."""

    def __init__(self) -> None:
        self.cases: dict[int, Kept] = {}
        self.open_case: Case | None = None
        self._by_number: dict[str, Ticket] = {}
        self._by_source: dict[tuple[str, str], Ticket] = {}
        self._ids: dict[type[Model], Reserved] = {}
        self._numbers = Reserved("ticket_number")
        self._undo = Undo(self)

    # -- the store that verbs see ---------------------------------------------------------------------------------

    def transaction(self) -> contextlib.AbstractContextManager[Any]:
        return self._undo

    def load(self, ticket_id: int) -> Case:
        kept = self.cases.get(ticket_id)
        if kept is None:
            raise Refused("没有这张工单，可能已经写入数据库。", code="not_found")
        case = kept.case
        case.loaded, case.added, case.attached = {}, [], []
        self.open_case = case
        return case.remember()

    def rows(self, case: Case, model: type[Model]) -> list[Any]:
        kept = self.cases.get(case.ticket.pk)
        columns = columns_of(model)
        return (
            [model(**dict(zip(columns, r, strict=True))) for r in kept.satellites.get(model, {}).values()]
            if kept
            else []
        )

    def find(self, source: str, external_id: str) -> Ticket | None:
        return self._by_source.get((source, external_id)) or DATABASE.find(source, external_id)

    def by_number(self, number: str) -> Ticket | None:
        return self._by_number.get(number) or DATABASE.by_number(number)

    def held(self, ticket: Ticket) -> Ticket:
        """One thread: nobody else can change it."""
        return ticket

    def number(self, now: datetime) -> str:
        return number_of(now, next(self._numbers))

    def free_files(self, files: list[int], by: Staff | None) -> int:
        return 0

    def save(self, case: Case, record: Record) -> None:
        record.sealed_into(case.ticket)
        ticket = case.ticket
        if ticket.pk is None:
            ticket.pk = self._next_id(Ticket)
            self.cases[ticket.pk] = Kept(case)
            self._by_number[ticket.number] = ticket
            if ticket.external_id:
                self._by_source[ticket.source, ticket.external_id] = ticket
        kept = self.cases[ticket.pk]
        for assignment in case.new_assignments():
            assignment.pk, assignment.ticket_id = self._next_id(Assignment), ticket.pk
        for row in case.added:
            self._keep(kept, row, ticket.pk)
        kept.events.append((self._next_id(Event), *record.row(ticket.pk)))
        case.added.clear()
        self.open_case = None

    def claim(self, verb: str, by: Staff | None, key: str, target: Any, inputs: Mapping[str, Any]) -> Done | None:
        raise NotImplementedError("a bulk run has no idempotency keys")

    def settle(self, by: Staff | None, key: str, ticket: Ticket, assignment: Assignment | None, seq: int) -> None:
        raise NotImplementedError("a bulk run has no idempotency keys")

    def _keep(self, kept: Kept, row: Model, ticket_id: int) -> None:
        if row.pk is None:
            row.pk = self._next_id(type(row))
        row.__dict__["ticket_id"] = ticket_id
        values = tuple(map(row.__dict__.__getitem__, columns_of(type(row))))
        kept.satellites.setdefault(type(row), {})[row.pk] = values

    def _next_id(self, model: type[Model]) -> int:
        if model not in self._ids:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [model._meta.db_table])
                self._ids[model] = Reserved(cursor.fetchone()[0])
        return next(self._ids[model])

    # -- writing --------------------------------------------------------------------------------------------------

    def flush(self, keep: Container[int] = ()) -> int:
        """Write and forget the closed cases that nobody will act on again (``keep`` names the others); returns how many.

        A case that repeats one still in memory waits for it: a reference must never point at a row not yet written.
        """
        done = {
            pk for pk, kept in self.cases.items() if kept.case.ticket.state == TicketState.CLOSED and pk not in keep
        }
        while waiting := {pk for pk in done if self._refers_outside(pk, done)}:
            done -= waiting
        return self._write([pk for pk in self.cases if pk in done])

    def flush_all(self) -> int:
        """Write and forget everything: the end of the run."""
        return self._write(list(self.cases))

    def _refers_outside(self, pk: int, done: set[int]) -> bool:
        other = self.cases[pk].case.ticket.repeat_of_id
        return other in self.cases and other not in done

    @atomic
    def _copy(self, kept: Sequence[Kept]) -> None:
        tickets = [k.case.ticket for k in kept]
        assignments = [a for k in kept for a in k.case.assignments]
        copy_in(Ticket, ("id", *TICKET_COLUMNS), (values_of(t, TICKET_COLUMNS) for t in tickets))
        copy_in(TicketText, ("ticket_id", "grams"), ((t.pk, grams(t.title, t.content)) for t in tickets))
        copy_in(Assignment, ("id", *ASSIGNMENT_COLUMNS), (values_of(a, ASSIGNMENT_COLUMNS) for a in assignments))
        satellites: dict[type[Model], list[tuple[Any, ...]]] = defaultdict(list)
        for one in kept:
            for model, rows in one.satellites.items():
                satellites[model] += rows.values()
        for model, rows_of in satellites.items():
            copy_in(model, columns_of(model), (tuple(map(plain, row)) for row in rows_of))
        copy_in(Event, ("id", *EVENT_COLUMNS), (event_values(row) for k in kept for row in k.events))

    def _write(self, ids: list[int]) -> int:
        if ids:
            self._copy([self.cases[pk] for pk in ids])
        for pk in ids:
            ticket = self.cases.pop(pk).case.ticket
            self._by_number.pop(ticket.number, None)
            self._by_source.pop((ticket.source, ticket.external_id or ""), None)
        return len(ids)


_columns: dict[type[Model], tuple[str, ...]] = {}


def columns_of(model: type[Model]) -> tuple[str, ...]:
    """The columns of a model's table, the key included."""
    if model not in _columns:
        _columns[model] = tuple(f.attname for f in model._meta.concrete_fields)
    return _columns[model]


def values_of(row: Model, columns: tuple[str, ...]) -> tuple[Any, ...]:
    now = row.__dict__
    return (row.pk, *(plain(now[name]) for name in columns))


DATA = EVENT_COLUMNS.index("data") + 1


def event_values(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:DATA], msgspec.json.encode(row[DATA]).decode(), *row[DATA + 1 :])


def copy_in(model: type[Model], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
