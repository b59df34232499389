"""What can be asked of the record: find tickets, open one, read its case. Every question respects who asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from yousu.base.errors import Refused
from yousu.base.pages import Page, page
from yousu.base.sealed import search_key
from yousu.city.models import Staff
from yousu.city.workdays import SHANGHAI
from yousu.tickets import search
from yousu.tickets.access import may_see, visible
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment, Ticket, TicketText
from yousu.tickets.privacy import OPENERS
from yousu.tickets.states import TicketState

NUMBER = re.compile(r"^\d{6}-?\d{6}-?\d$")
PHONE = re.compile(r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8})$")


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed by. ``q`` is a number, a phone number or words of the text; ``open`` leaves out closed ones."""

    q: str = ""
    state: str = ""
    type: str = ""
    channel: str = ""
    urgency: str = ""
    unit: str = ""
    area: str = ""
    item: str = ""
    source: str = ""
    since: str = ""
    until: str = ""
    open: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Filter:
        return cls(**{f.name: str(values.get(f.name, "")).strip() for f in fields(cls)})

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))


def find(staff: Staff, wanted: Filter, *, cursor: str = "", limit: int = 50) -> Page[Ticket]:
    """Tickets this person may see, latest first, with their assignments prefetched."""
    tickets = narrowed(visible(Ticket.objects.all(), staff), wanted, staff)
    tickets = tickets.defer("original", "head").prefetch_related(
        Prefetch("assignments", Assignment.objects.order_by("ordinal"))
    )
    return page(tickets, by="registered_at", cursor=cursor, limit=limit, of=lambda ticket: ticket.registered_at)


def narrowed(tickets: QuerySet[Ticket], wanted: Filter, staff: Staff) -> QuerySet[Ticket]:
    if PHONE.match(wanted.q) and not staff.has_role(*OPENERS):
        tickets = tickets.filter(identity_hidden=False)  # a number that finds a report would tell who reported
    for name in ("state", "type", "channel", "urgency", "source"):
        if value := getattr(wanted, name):
            tickets = tickets.filter(**{name: value})
    if wanted.open:
        tickets = tickets.exclude(state=TicketState.CLOSED)
    if wanted.area:
        tickets = tickets.filter(area__code__startswith=wanted.area)
    if wanted.item:
        tickets = tickets.filter(item_code__startswith=wanted.item)
    if wanted.unit:
        theirs = Assignment.objects.filter(ticket=OuterRef("pk"), unit__code=wanted.unit)
        tickets = tickets.filter(Exists(theirs))
    if wanted.since:
        tickets = tickets.filter(registered_at__gte=_day(wanted.since, "since"))
    if wanted.until:
        tickets = tickets.filter(registered_at__lt=_day(wanted.until, "until") + timedelta(days=1))
    return tickets.filter(_matching(wanted.q)) if wanted.q else tickets


def _matching(words: str) -> Q:
    words = words[:100].replace("\x00", "")
    if NUMBER.match(words):
        digits = words.replace("-", "")
        return Q(number=f"{digits[:6]}-{digits[6:12]}-{digits[12]}")
    if PHONE.match(words):
        return Q(phone_key=search_key(words))
    wanted = search.query(words)
    if not wanted:
        raise Refused("请输入要查找的文字、工单编号或电话号码。", field="q")
    texts = TicketText.objects.extra(where=["grams @@ %s::tsquery"], params=[wanted])  # noqa: S610
    return Q(pk__in=texts.values("ticket_id"))


def _day(text: str, field: str) -> datetime:
    try:
        day = date.fromisoformat(text)
        if not date(1900, 1, 1) <= day <= date(2200, 1, 1):
            raise ValueError
        return datetime.combine(day, time(0), SHANGHAI)
    except ValueError:
        raise Refused("日期无效，应为 年-月-日，例如 2026-10-08。", field=field) from None


def open_case(staff: Staff, number: str) -> Case:
    """The case of a ticket for reading. ``Refused`` alike for one that is not there and one this person may not see."""
    ticket = (
        Ticket.objects.select_related("item", "area", "agent", "accused_unit", "repeat_of")
        .filter(number=number)
        .first()
    )
    if ticket is not None:
        case = Case(ticket, list(Assignment.objects.filter(ticket=ticket).order_by("ordinal")))
        if may_see(staff, case):
            return case.remember()
    raise Refused(f"没有编号为“{number}”的工单，或者它不在您的范围内。", code="not_found")


def open_assignment(staff: Staff, pk: int) -> tuple[Case, Assignment]:
    """An assignment and its case, for reading."""
    number = Ticket.objects.filter(assignments=pk).values_list("number", flat=True).first()
    if number is None:
        raise Refused("没有这一派单，或者它不在您的范围内。", code="not_found")
    case = open_case(staff, number)
    return case, next(a for a in case.assignments if a.pk == pk)
