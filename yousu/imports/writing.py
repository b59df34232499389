"""A batch into the database: COPY into staging, INSERT … ON CONFLICT DO NOTHING, then what hangs on the tickets that went in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from psycopg.types.json import Jsonb

from yousu.imports.building import (
    ASSIGNMENT_COLUMNS,
    REPLY_COLUMNS,
    TEXT_COLUMNS,
    TICKET_VARYING,
    Rows,
)
from yousu.imports.mapping import Mapping
from yousu.tickets.case import TICKET_COLUMNS
from yousu.tickets.models import Assignment, Event, Reply, Ticket, TicketText
from yousu.tickets.store import EVENT_COLUMNS, plain

STAGING = "import_tickets"
ATTEMPTS = 3
_JSON = functools.partial(Jsonb, dumps=msgspec.json.encode)


def known_ids(source: str, external_ids: Sequence[str]) -> set[str]:
    """Those of the external ids that this source has sent before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id FROM tickets_ticket "
            "WHERE source = %s AND external_id IS NOT NULL AND external_id = ANY(%s)",
            [source, list(external_ids)],
        )
        return {row[0] for row in cursor.fetchall()}


def serials(count: int) -> list[tuple[int, int]]:
    """(ticket id, running number) pairs, taken at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('tickets_ticket', 'id')), nextval('ticket_number') "
            "FROM generate_series(1, %s)",
            [count],
        )
        return list(cursor.fetchall())


def write(rows: Rows, mapping: Mapping, again: Callable[[], Rows]) -> int:
    """Write one batch in one transaction; returns how many tickets it made, the rest being there already.

    A running number may have come round on the same day: then the batch is built ``again`` with new ones.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return insert(rows, mapping)
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
            rows = again()
    raise AssertionError("unreachable")


def insert(rows: Rows, mapping: Mapping) -> int:
    """The rows of a batch. Tickets that another writer brought in meanwhile are left out, with all that hangs on them."""
    with connection.cursor() as cursor:
        staged = ", ".join(_quoted(TICKET_VARYING))
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {STAGING} ON COMMIT DELETE ROWS AS "
            f"SELECT {staged} FROM tickets_ticket WITH NO DATA"
        )
        cursor.execute(f"TRUNCATE {STAGING}")
        copy(STAGING, TICKET_VARYING, rows.tickets)
        same = _the_same_for_all(mapping)
        cursor.execute(
            f"INSERT INTO tickets_ticket ({staged}, {', '.join(_quoted(same))}) "
            f"SELECT {staged}, {', '.join(['%s'] * len(same))} FROM {STAGING} ORDER BY id "
            "ON CONFLICT (source, external_id) WHERE external_id IS NOT NULL DO NOTHING RETURNING id",
            list(same.values()),
        )
        made = {row[0] for row in cursor.fetchall()}
        everything = len(made) == len(rows.tickets)
    hanging: tuple[tuple[type[Model], Sequence[str], Sequence[Sequence[Any]]], ...] = (
        (TicketText, TEXT_COLUMNS, rows.texts),
        (Assignment, ASSIGNMENT_COLUMNS, rows.assignments),
        (Reply, REPLY_COLUMNS, rows.replies),
        (Event, EVENT_COLUMNS, rows.events),
    )
    for model, columns, values in hanging:
        kept = values if everything else [row for row in values if row[0] in made]
        if kept:
            copy(model._meta.db_table, columns, kept)
    return len(made)


def _the_same_for_all(mapping: Mapping) -> dict[str, Any]:
    """The columns that every ticket of an import has alike, and their values."""
    blank = Ticket(source=mapping.source, channel=mapping.channel.value)
    return {name: plain(blank.__dict__[name]) for name in TICKET_COLUMNS if name not in TICKET_VARYING}


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(_quoted(columns))}) FROM STDIN") as out:
        for row in rows:
            out.write_row([_JSON(value) if type(value) is dict else value for value in row])


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]
