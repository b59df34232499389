"""Where cases are kept. Verbs know only ``Store``; ``Database`` is the real one, ``bulk.Memory`` lives through history fast."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec
from django.db import connection, transaction
from django.db.models import Model
from psycopg.types.json import Jsonb

from yousu.base.errors import Refused
from yousu.base.sealed import Sealed, sm3
from yousu.city.models import Staff
from yousu.city.workdays import SHANGHAI
from yousu.tickets import chain
from yousu.tickets.case import ASSIGNMENT_COLUMNS, TICKET_COLUMNS, Case
from yousu.tickets.models import Assignment, Attachment, Ticket, VerbCall
from yousu.tickets.search import grams
from yousu.tickets.swift import SERIALS, execute

EVENT_COLUMNS = (
    "ticket_id",
    "seq",
    "kind",
    "verb",
    "at",
    "by_id",
    "by_unit_id",
    "role",
    "ordinal",
    "rules",
    "data",
    "hash",
)


class Duplicate(Exception):
    """Another writer registered the same (source, external id) first."""


@dataclass
class Record:
    """An event before it is written; ``sealed_into`` gives it its place in the ticket's chain."""

    kind: str
    verb: str
    at: datetime
    by: int | None
    by_unit: int | None
    role: str
    ordinal: int | None
    rules: int
    data: dict[str, Any]
    seq: int = 0
    hash: bytes = b""

    def sealed_into(self, ticket: Ticket) -> None:
        self.seq = ticket.seq + 1
        body = chain.canonical(
            ticket.number,
            self.seq,
            self.kind,
            self.verb,
            self.at,
            self.by,
            self.by_unit,
            self.role,
            self.ordinal,
            self.rules,
            self.data,
        )
        self.hash = chain.link(bytes(ticket.head), body)
        ticket.seq, ticket.head = self.seq, self.hash

    def row(self, ticket_id: int) -> tuple[Any, ...]:
        """Values in the order of ``EVENT_COLUMNS``."""
        return (
            *(ticket_id, self.seq, self.kind, self.verb, self.at, self.by, self.by_unit, self.role),
            *(self.ordinal, self.rules, self.data, self.hash),
        )


@dataclass(frozen=True)
class Done:
    ticket: Ticket
    assignment: Assignment | None
    seq: int


class Store(Protocol):
    def transaction(self) -> contextlib.AbstractContextManager[Any]: ...
    def load(self, ticket_id: int) -> Case: ...
    def rows(self, case: Case, model: type[Model]) -> list[Any]: ...
    def find(self, source: str, external_id: str) -> Ticket | None: ...
    def by_number(self, number: str) -> Ticket | None: ...
    def held(self, ticket: Ticket) -> Ticket: ...
    def number(self, now: datetime) -> str: ...
    def free_files(self, files: list[int], by: Staff | None) -> int: ...
    def save(self, case: Case, record: Record) -> None: ...
    def claim(self, verb: str, by: Staff | None, key: str, target: Any, inputs: Mapping[str, Any]) -> Done | None: ...
    def settle(self, by: Staff | None, key: str, ticket: Ticket, assignment: Assignment | None, seq: int) -> None: ...


def number_of(now: datetime, serial: int) -> str:
    """``YYMMDD-NNNNNN-C``: the day, a running number and a check digit (Luhn, ISO/IEC 7812-1) for reading it out by phone."""
    digits = f"{now.astimezone(SHANGHAI):%y%m%d}{serial:06d}"
    return f"{digits[:6]}-{digits[6:]}-{luhn(digits)}"


def luhn(digits: str) -> int:
    doubled = (int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -sum(d - 9 if d > 9 else d for d in doubled) % 10


def plain(value: Any) -> Any:
    """A model value as the driver takes it."""
    if isinstance(value, Sealed):
        return value.token
    return Jsonb(value) if isinstance(value, dict) else value


class Database:
    """PostgreSQL. A verb costs one locking read, one read of assignments and one write, whatever it changes."""

    def transaction(self) -> contextlib.AbstractContextManager[Any]:
        return transaction.atomic()

    def load(self, ticket_id: int) -> Case:
        """The case, its ticket locked until the transaction ends. Assignments are read after the lock is held."""
        ticket = Ticket.objects.select_for_update().filter(pk=ticket_id).first()
        if ticket is None:
            raise Refused("没有这张工单，可能编号有误。", code="not_found")
        assignments = list(Assignment.objects.filter(ticket_id=ticket_id).order_by("ordinal"))
        return Case(ticket, assignments).remember()

    def rows(self, case: Case, model: type[Model]) -> list[Any]:
        return list(model._default_manager.filter(ticket=case.ticket).order_by("pk")) if case.ticket.pk else []

    def find(self, source: str, external_id: str) -> Ticket | None:
        return Ticket.objects.filter(source=source, external_id=external_id).first()

    def by_number(self, number: str) -> Ticket | None:
        return Ticket.objects.filter(number=number).first()

    def held(self, ticket: Ticket) -> Ticket:
        """Another ticket as it is now, locked until the transaction ends."""
        return Ticket.objects.select_for_update().get(pk=ticket.pk)

    def number(self, now: datetime) -> str:
        return number_of(now, SERIALS.take())

    def free_files(self, files: list[int], by: Staff | None) -> int:
        """How many of these uploads are this person's and not bound yet."""
        return Attachment.objects.filter(pk__in=files, uploaded_by=by, ticket=None).count()

    def save(self, case: Case, record: Record) -> None:
        """Everything of one call in one statement: a round trip, and no half-applied verb."""
        record.sealed_into(case.ticket)
        statement = Statement()
        if case.ticket.pk is None:
            statement.new_ticket(case, record)
        else:
            statement.changed(case, record)
        statement.run(case)

    # -- idempotency keys -----------------------------------------------------------------------------------------

    def claim(self, verb: str, by: Staff | None, key: str, target: Any, inputs: Mapping[str, Any]) -> Done | None:
        """Take the key, or say what it did before. A concurrent holder is waited for."""
        if len(key) > 100:
            raise Refused("幂等键不能超过 100 个字符。", field="Idempotency-Key")
        body = msgspec.json.encode([verb, getattr(target, "pk", None), inputs], enc_hook=str, order="deterministic")
        digest = sm3(body)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tickets_verbcall (key, verb, digest) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING",
                [_scoped(by, key), verb, digest],
            )
            if cursor.rowcount:
                return None
        call = VerbCall.objects.get(key=_scoped(by, key))
        if bytes(call.digest) != digest:
            raise Refused("这个幂等键已用于另一个请求，请换一个新的。", field="Idempotency-Key", code="conflict")
        assert call.ticket_id is not None
        ticket = Ticket.objects.get(pk=call.ticket_id)
        assignment = None
        if call.ordinal:
            assignment = Assignment.objects.get(ticket=ticket, ordinal=call.ordinal)
        return Done(ticket, assignment, call.seq or 0)

    def settle(self, by: Staff | None, key: str, ticket: Ticket, assignment: Assignment | None, seq: int) -> None:
        ordinal = assignment.ordinal if assignment else None
        VerbCall.objects.filter(key=_scoped(by, key)).update(ticket_id=ticket.pk, ordinal=ordinal, seq=seq)


def _scoped(by: Staff | None, key: str) -> str:
    return f"{by.pk if by else 0}:{key}"


class Statement:
    """One data-modifying statement, put together from parts (``WITH a AS (UPDATE …), b AS (INSERT …) SELECT …``)."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.values: list[Any] = []
        self.returned: list[Model] = []

    def new_ticket(self, case: Case, record: Record) -> None:
        ticket = case.ticket
        columns = ", ".join(f'"{name}"' for name in TICKET_COLUMNS)
        self._add(
            f"t AS (INSERT INTO tickets_ticket ({columns}) VALUES ({_marks(len(TICKET_COLUMNS))}) "
            "ON CONFLICT (source, external_id) WHERE external_id IS NOT NULL DO NOTHING RETURNING id)",
            [plain(ticket.__dict__[name]) for name in TICKET_COLUMNS],
        )
        self.returned.append(ticket)
        self._add(
            "x AS (INSERT INTO tickets_tickettext (ticket_id, grams) SELECT id, %s::tsvector FROM t)",
            [grams(ticket.title, ticket.content)],
        )
        marks = _marks(len(EVENT_COLUMNS) - 1)
        self._add(
            f"e AS (INSERT INTO tickets_event ({_names(EVENT_COLUMNS)}) SELECT t.id, {marks} FROM t)",
            [plain(value) for value in record.row(0)[1:]],
        )
        if case.attached:
            self._add(
                "f AS (UPDATE tickets_attachment SET ticket_id = t.id, seq = 1 FROM t WHERE "
                "tickets_attachment.id = ANY(%s) AND tickets_attachment.ticket_id IS NULL)",
                [case.attached],
            )

    def changed(self, case: Case, record: Record) -> None:
        ticket = case.ticket
        self._update("t", "tickets_ticket", ticket.pk, case.ticket_changes())
        for assignment, values in case.assignment_changes():
            self._update(f"a{assignment.ordinal}", "tickets_assignment", assignment.pk, values)
        for assignment in case.new_assignments():
            assignment.ticket_id = ticket.pk
            self._insert(f"n{assignment.ordinal}", assignment, ASSIGNMENT_COLUMNS)
        for index, row in enumerate(case.added):
            row.__dict__["ticket_id"] = ticket.pk
            columns = [f.attname for f in row._meta.concrete_fields if f.attname != "id"]
            if row.pk is None:
                self._insert(f"s{index}", row, columns)
            else:
                self._update(f"s{index}", row._meta.db_table, row.pk, {name: row.__dict__[name] for name in columns})
        self._add(
            f"e AS (INSERT INTO tickets_event ({_names(EVENT_COLUMNS)}) VALUES ({_marks(len(EVENT_COLUMNS))}))",
            [plain(value) for value in record.row(ticket.pk)],
        )
        if case.attached:
            self._add(
                "f AS (UPDATE tickets_attachment SET ticket_id = %s, seq = %s WHERE id = ANY(%s) AND ticket_id IS NULL)",
                [ticket.pk, record.seq, case.attached],
            )

    def run(self, case: Case) -> None:
        wanted = [name.split(" ", 1)[0] for name in self.parts if " RETURNING id)" in name]
        select = ", ".join(f"(SELECT id FROM {name})" for name in wanted) or "1"
        ids = execute(f"WITH {', '.join(self.parts)} SELECT {select}", self.values)
        for row, pk in zip(self.returned, ids, strict=False):
            if pk is None:
                raise Duplicate
            row.pk = pk
        case.added.clear()

    def _insert(self, name: str, row: Model, columns: Any) -> None:
        names = _names(columns)
        self._add(
            f"{name} AS (INSERT INTO {row._meta.db_table} ({names}) VALUES ({_marks(len(columns))}) RETURNING id)",
            [plain(row.__dict__[column]) for column in columns],
        )
        self.returned.append(row)

    def _update(self, name: str, table: str, pk: int, values: dict[str, Any]) -> None:
        if values:
            pairs = ", ".join(f'"{column}" = %s' for column in values)
            self._add(f"{name} AS (UPDATE {table} SET {pairs} WHERE id = %s)", [*map(plain, values.values()), pk])

    def _add(self, part: str, values: list[Any]) -> None:
        self.parts.append(part)
        self.values += values


@functools.lru_cache
def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


def _names(columns: Any) -> str:
    return ", ".join(f'"{name}"' for name in columns)


DATABASE = Database()
