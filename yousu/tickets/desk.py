"""A person's desk: the pages of a worklist and how much is in each. Counts stop at a cap, so that they cost little."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.directory import Directory
from yousu.city.models import Staff
from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.privacy import veil
from yousu.tickets.queries import Filter, narrowed
from yousu.tickets.states import VOID_STATES
from yousu.tickets.worklists import BY_KEY, RANK, Desk, Worklist, worklists_of

PAGE_ROWS = 50
MOST_COUNTED = 1000

TICKET_FIELDS = (
    *("number", "title", "type", "urgency", "state", "closed_as", "channel", "area_id", "item_code"),
    *("registered_at", "deadline", "callback_due", "callback_result", "promised_on", "closed_at"),
    *("return_count", "failure_count", "identity_hidden"),
    # Read so that the title of a hidden caller's ticket can be shown without them.
    *("caller_name", "caller_phone", "contact_phone", "caller_id_number", "caller_email", "caller_company"),
)
ASSIGNMENT_FIELDS = (
    *("ticket_id", "ordinal", "unit_id", "role", "state", "forced", "parent_id", "round", "limit"),
    *("dispatched_at", "deadline", "provisional", "ended_at", "replied_at", "extension_pending"),
)


# A desk at a moment that never comes: what it puts into a statement is exchanged for the real moment.
STAND_IN = Desk(Staff(), datetime(1970, 1, 1, 3, 4, 5, 6, SHANGHAI), Rules())
MOST_KEPT = 500
_kept: tuple[Directory | None, dict[tuple[Any, ...], tuple[str, list[Any]]]] = (None, {})


@dataclass(frozen=True)
class Line:
    """A row of a list: the ticket, the assignment it is about (for lists of assignments), and who works on it."""

    ticket: Ticket
    assignment: Assignment | None
    units: list[int]

    @property
    def subject(self) -> Ticket | Assignment:
        return self.assignment or self.ticket

    @property
    def deadline(self) -> datetime | None:
        """The end of the clock that runs now; for a closed or waiting ticket none."""
        if self.assignment is not None:
            return self.assignment.deadline
        return self.ticket.callback_due if self.ticket.state == "callback" else self.ticket.deadline


@dataclass(frozen=True)
class Lines:
    lines: list[Line]
    next: str


def desk_of(staff: Staff, now: datetime) -> Desk:
    return Desk(staff, now, directory.current().rules_at(now))


def worklist_for(staff: Staff, key: str) -> Worklist:
    """The list with this key, or the first of this person's desk. ``Refused`` for one that is not theirs."""
    own = worklists_of(staff)
    if not key and own:
        return own[0]
    if key in BY_KEY and BY_KEY[key] in own:
        return BY_KEY[key]
    raise Refused("没有这个工作列表，或者它不属于您的岗位。", code="not_found")


def counts(desk: Desk, worklists: list[Worklist]) -> dict[str, int]:
    """How much is in each list, at most ``MOST_COUNTED`` + 1 each; one statement for all."""
    found = dict.fromkeys((worklist.key for worklist in worklists), 0)
    sql, values = _counting(desk, worklists)
    if sql:
        moments = {STAND_IN.now: desk.now, STAND_IN.midnight: desk.midnight}
        with connection.cursor() as cursor:
            cursor.execute(sql, [moments.get(v, v) if isinstance(v, datetime) else v for v in values])
            found.update(cursor.fetchall())
    return found


def _counting(desk: Desk, worklists: list[Worklist]) -> tuple[str, list[Any]]:
    """The statement of ``counts``, with a stand-in for the moment. Composing it costs more than running it, and it
    depends only on who looks, the rules and the ground, so it is kept for as long as those stay."""
    global _kept
    city = directory.current()
    if _kept[0] is not city or len(_kept[1]) > MOST_KEPT:
        _kept = (city, {})
    staff = desk.staff
    key = (staff.pk, staff.grants(), desk.rules.version, MOST_COUNTED, *(worklist.key for worklist in worklists))
    if key not in _kept[1]:
        _kept[1][key] = _compose(replace(desk, now=STAND_IN.now), worklists)
    return _kept[1][key]


def _compose(desk: Desk, worklists: list[Worklist]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for worklist in worklists:
        rows = worklist.rows(desk).order_by().values("pk")[: MOST_COUNTED + 1]
        try:
            sql, params = rows.query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT %s::text, count(*) FROM ({sql}) AS rows")
        values += [worklist.key, *params]
    return " UNION ALL ".join(parts), values


def lines(desk: Desk, worklist: Worklist, wanted: Filter, *, cursor: str = "", limit: int = PAGE_ROWS) -> Lines:
    """One page of a list. ``Refused`` for a filter or cursor that makes no sense."""
    rows = worklist.rows(desk)
    if worklist.of is Ticket:
        rows = narrowed(rows, wanted, desk.staff)
        rows = rows.only(*TICKET_FIELDS).prefetch_related(
            Prefetch("assignments", Assignment.objects.only(*ASSIGNMENT_FIELDS).order_by("ordinal"))
        )
    else:
        if wanted:
            rows = rows.filter(ticket__in=narrowed(Ticket.objects.all(), wanted, desk.staff).values("pk"))
        rows = rows.select_related("ticket").only(*ASSIGNMENT_FIELDS, *(f"ticket__{name}" for name in TICKET_FIELDS))
    found, following = _page(rows, worklist, cursor, limit)
    return Lines([line_of(row, desk.staff) for row in found], following)


def line_of(row: Ticket | Assignment, staff: Staff) -> Line:
    ticket = row.ticket if isinstance(row, Assignment) else row
    read = veil(staff, ticket)
    ticket.title = read(ticket.title)
    if "content" in ticket.__dict__:  # lists that quote the text have it; the others leave it in the database
        ticket.content = read(ticket.content)
    if isinstance(row, Assignment):
        return Line(row.ticket, row, [row.unit_id])
    rows = [a for a in row.assignments.all() if a.state not in VOID_STATES and a.is_principal]
    current = [a.unit_id for a in rows if a.ended_at is None] or [a.unit_id for a in rows]
    return Line(row, None, list(dict.fromkeys(current)))


# -- pages by cursor ------------------------------------------------------------------------------------------------


def _page(rows: QuerySet[Any], worklist: Worklist, cursor: str, limit: int) -> tuple[list[Any], str]:
    """Ordered by (urgency where ranked,) the moment, and the key. The cursor names the last row shown."""
    by, sign, beyond = worklist.by, "-" if worklist.descending else "", "lt" if worklist.descending else "gt"
    order = [f"{sign}{by}", f"{sign}pk"]
    if worklist.ranked:
        rows = rows.annotate(rank=RANK)
        order.insert(0, "rank")
    if cursor:
        rank, at, pk = _decode(cursor)
        later = Q(**{f"{by}__{beyond}": at}) | Q(**{by: at, f"pk__{beyond}": pk})
        rows = rows.filter(Q(rank__gt=rank) | Q(rank=rank) & later if worklist.ranked else later)
    found = list(rows.order_by(*order)[: limit + 1])
    if len(found) <= limit:
        return found, ""
    last = found[limit - 1]
    return found[:limit], _encode(getattr(last, "rank", 0), getattr(last, by), last.pk)


def _encode(rank: int, at: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{rank}|{at.isoformat()}|{pk}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[int, datetime, int]:
    try:
        rank, at, pk = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or abs(int(pk)) >= 2**63 or abs(int(rank)) > 9:
            raise ValueError
        return int(rank), moment, int(pk)
    except (binascii.Error, ValueError):
        raise Refused("翻页位置无效，请从第一页重新开始。", field="cursor") from None
