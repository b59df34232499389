"""A worklist at one million tickets: the whole page as a person gets it over HTTP, 50 rows, for three desks.

Two weeks of the city are lived through by the simulator; what was closed is then copied back in time until a million
tickets lie in the tables, as they would after 2.3 years at 1,200 a day.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta

from bench import world
from bench.result import Result, percentile

TICKETS = int(os.environ.get("BENCH_TICKETS", "1000000"))
ASKED = 60
DESKS = {"paidan1": "派单员", "chengdong": "承办单位", "huifang1": "回访员", "duban1": "督办"}
HOME = world.ROOT / "var" / "bench-million"
READY = HOME / "grown"


def run() -> Result:
    kept = READY.exists()  # growing takes minutes: a grown city is kept until `make clean`
    world.start(HOME, fresh=not kept)
    grown = 0.0 if kept else grow()
    READY.touch()
    times: dict[str, list[float]] = {name: _desk(name) for name in DESKS}
    pages = [ms for values in times.values() for ms in values]
    facts = {
        DESKS[name]: f"p50 {percentile(values, 0.5):.1f} ms, p95 {percentile(values, 0.95):.1f} ms"
        for name, values in times.items()
    }
    from yousu.tickets.models import Ticket

    facts["tickets"] = f"{Ticket.objects.count():,} ({Ticket.objects.exclude(state='closed').count():,} open)"
    if grown:
        facts["growing them took"] = f"{grown:.0f} s"
    return Result(
        "worklist",
        "worklist pages at a million tickets, p95 over all desks and tabs",
        percentile(pages, 0.95),
        "ms",
        30,
        lower_is_better=True,
        facts=facts,
    )


def _desk(username: str) -> list[float]:
    """Milliseconds of every tab of a person's desk, asked several times, the first time not counted."""
    from django.conf import settings
    from django.test import Client

    from yousu.city.models import Staff
    from yousu.tickets.worklists import worklists_of

    settings.ALLOWED_HOSTS = ["*"]
    staff = Staff.objects.get(username=username)
    client = Client()
    client.force_login(staff)
    found = []
    for worklist in worklists_of(staff):
        path = f"/work/{worklist.key}/"
        assert client.get(path).status_code == 200
        for _ in range(max(3, ASKED // 8)):
            start = time.perf_counter()
            client.get(path)
            found.append((time.perf_counter() - start) * 1000)
    return found


def grow() -> float:
    """Live two weeks, then copy what was closed back in time until there are ``TICKETS``. Returns seconds."""
    from django.db import connection
    from django.utils import timezone

    from yousu.simulation.life import populate

    began = time.perf_counter()
    populate(timezone.now(), 14, 1200, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE state = 'closed') FROM tickets_ticket")
        total, closed = cursor.fetchone()
        cursor.execute("SELECT max(id) FROM tickets_ticket")
        highest = cursor.fetchone()[0]
        copy = 1
        while total < TICKETS:
            _copy_back(cursor, copy, highest * copy, timedelta(days=14 * copy), closed)
            total += closed
            copy += 1
        for table in ("tickets_ticket", "tickets_assignment"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        cursor.execute("VACUUM ANALYZE tickets_ticket")
        cursor.execute("VACUUM ANALYZE tickets_assignment")
        cursor.execute("VACUUM ANALYZE tickets_tickettext")
    return time.perf_counter() - began


def _copy_back(cursor, number: int, offset: int, earlier: timedelta, closed: int) -> None:  # type: ignore[no-untyped-def]
    """The closed tickets of the lived weeks, ``earlier``, under new ids and numbers, with assignments and search text."""
    from yousu.tickets.models import Assignment, Ticket

    def columns(model, changed: dict[str, str]) -> tuple[str, str]:  # type: ignore[no-untyped-def]
        names = [f.column for f in model._meta.concrete_fields]
        moments = {f.column for f in model._meta.concrete_fields if f.get_internal_type() == "DateTimeField"}
        chosen = [changed.get(n, f"{n} - %(earlier)s" if n in moments else f'"{n}"') for n in names]
        return ", ".join(f'"{n}"' for n in names), ", ".join(chosen)

    values = {"offset": offset, "earlier": earlier, "copy": number}
    own = "id <= (SELECT max_id FROM base)"
    cursor.execute("CREATE TEMP TABLE IF NOT EXISTS base AS SELECT max(id) AS max_id FROM tickets_ticket")
    into, chosen = columns(
        Ticket,
        {
            "id": "id + %(offset)s",
            "number": "'C' || %(copy)s || '-' || id",
            "external_id": "NULL",
            "repeat_of_id": "NULL",
        },
    )
    cursor.execute(
        f"INSERT INTO tickets_ticket ({into}) SELECT {chosen} FROM tickets_ticket WHERE {own} AND state = 'closed'",
        values,
    )
    into, chosen = columns(
        Assignment, {"id": "id + %(offset)s * 4", "ticket_id": "ticket_id + %(offset)s", "parent_id": "NULL"}
    )
    cursor.execute(
        f"INSERT INTO tickets_assignment ({into}) SELECT {chosen} FROM tickets_assignment WHERE ticket_id IN "
        f"(SELECT id FROM tickets_ticket WHERE {own} AND state = 'closed')",
        values,
    )
    cursor.execute(
        "INSERT INTO tickets_tickettext (ticket_id, grams) SELECT ticket_id + %(offset)s, grams FROM tickets_tickettext "
        f"WHERE ticket_id IN (SELECT id FROM tickets_ticket WHERE {own} AND state = 'closed')",
        values,
    )
