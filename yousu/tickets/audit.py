"""Whether history is whole: every ticket's chain, and the daily anchors over all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cryptography.hazmat.primitives import hashes
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.city.workdays import ONE_DAY, SHANGHAI
from yousu.tickets import chain
from yousu.tickets.models import Anchor, Event, Ticket

GENESIS = bytes(32)
GRACE = timedelta(minutes=10)  # a statement begun before midnight has long ended, or is seen to be running
CHUNK = 5_000


@dataclass(frozen=True)
class Seal:
    """A day's events in one hash: SM3(root of the day before ‖ id ‖ hash ‖ id ‖ hash …), ids as 8 bytes, in their order."""

    events: int
    last_event: int
    root: bytes


@dataclass(frozen=True)
class Break:
    """A day whose anchor does not fit, and why."""

    date: date
    why: str


# -- anchors --------------------------------------------------------------------------------------------------------


def last_complete_day(now: datetime) -> date:
    """The last day, in Shanghai, of which every event has arrived."""
    return (now - GRACE).astimezone(SHANGHAI).date() - ONE_DAY


def make_anchors(until: date) -> list[Anchor]:
    """Anchor every day up to ``until`` (inclusive) that has none, without a gap. Again is the same as once."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{Anchor._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')
        until = min(until, last_complete_day(_oldest_writer() or timezone.now()))
        last = Anchor.objects.order_by("date").last()
        day, root = (last.date + ONE_DAY, bytes(last.root)) if last else (_first_day(), GENESIS)
        made = []
        while day is not None and day <= until:
            seal = seal_of(day, root)
            made.append(
                Anchor.objects.create(
                    date=day, events=seal.events, last_event=seal.last_event, previous=root, root=seal.root
                )
            )
            day, root = day + ONE_DAY, seal.root
        return made


def _first_day() -> date | None:
    first = Event.objects.aggregate(first=Min("recorded_at"))["first"]
    return first.astimezone(SHANGHAI).date() if first else None


def _oldest_writer() -> datetime | None:
    """When the oldest transaction began that has written and not ended: its events may still come in for its day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL"
        )
        started: datetime | None = cursor.fetchone()[0]
    # Such a transaction holds back the days from its own on; add the grace that ``last_complete_day`` takes off.
    return min(started + GRACE, timezone.now()) if started else None


def seal_of(day: date, previous: bytes) -> Seal:
    """Reckon a day's seal from its events, streamed."""
    start = datetime.combine(day, time(), SHANGHAI)
    rows = (
        Event.objects.filter(recorded_at__gte=start, recorded_at__lt=start + ONE_DAY)
        .order_by("pk")
        .values_list("pk", "hash")
        .iterator(chunk_size=CHUNK)
    )
    digest = hashes.Hash(hashes.SM3())
    digest.update(previous)
    count = last = 0
    for pk, one in rows:
        digest.update(pk.to_bytes(8, "big") + bytes(one))
        count, last = count + 1, pk
    return Seal(count, last, digest.finalize())


def verify_anchors() -> Iterator[Break | None]:
    """For each anchor, oldest first: None when it fits, else what is wrong. Each day is judged by itself."""
    previous, expected = GENESIS, None
    for anchor in Anchor.objects.order_by("date"):
        yield _break_of(anchor, previous, expected)
        previous, expected = bytes(anchor.root), anchor.date + ONE_DAY


def _break_of(anchor: Anchor, previous: bytes, expected: date | None) -> Break | None:
    if expected is not None and anchor.date != expected:
        return Break(expected, f"缺少 {expected} 至 {anchor.date - ONE_DAY} 的锚点")
    if bytes(anchor.previous) != previous:
        return Break(anchor.date, "与前一日的锚点不衔接")
    seal = seal_of(anchor.date, previous)
    if seal.events != anchor.events:
        return Break(anchor.date, f"锚定时有 {anchor.events} 个事件，现在有 {seal.events} 个")
    if seal.root != bytes(anchor.root) or seal.last_event != anchor.last_event:
        return Break(anchor.date, "事件与锚定时不同")
    return None


# -- chains ---------------------------------------------------------------------------------------------------------


def verify_chains(number: str = "") -> Iterator[tuple[str, int | None]]:
    """(ticket number, seq of the first event that is wrong or None), for one ticket or all, streamed."""
    tickets = Ticket.objects.filter(number=number) if number else Ticket.objects.all()
    if number and not tickets.exists():
        raise Refused(f"没有编号为“{number}”的工单。", field="ticket", code="not_found")
    # Tickets that come in while we read are the next run's.
    top = tickets.aggregate(top=Max("pk"))["top"] or 0
    rows = tickets.filter(pk__lte=top).order_by("pk").values_list("pk", "number", "head")
    events = Event.objects.filter(ticket__in=tickets) if number else Event.objects.filter(ticket_id__lte=top)
    groups = itertools.groupby(
        events.order_by("ticket_id", "seq").iterator(chunk_size=CHUNK), key=lambda event: event.ticket_id
    )
    group = next(groups, None)
    for pk, name, head in rows.iterator(chunk_size=CHUNK):
        while group is not None and group[0] < pk:
            group = next(groups, None)
        story = list(group[1]) if group is not None and group[0] == pk else []
        found = chain.first_break(name, story, bytes(head))
        yield name, found if found is None else _again(pk)


def _again(pk: int) -> int | None:
    """Look once more with the ticket held: it may have gone on while we were reading."""
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=pk)
        return chain.first_break(ticket.number, list(ticket.events.order_by("seq")), bytes(ticket.head))
