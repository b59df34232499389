"""All that the ticket page shows, read at once and as this person may see it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from yousu.city import directory
from yousu.city.directory import Directory
from yousu.city.models import Area, Staff, Unit
from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.dispatch.models import Consultation
from yousu.evaluation.models import Callback
from yousu.tickets import privacy
from yousu.tickets.access import sees_city, visible
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment, Attachment, Event, Extension, Reply, Return, Ticket
from yousu.tickets.privacy import Field
from yousu.tickets.queries import open_case
from yousu.tickets.registry import Verb, open_verbs
from yousu.tickets.states import AssignmentState, TicketState
from yousu.tickets.story import Teller, Told, tell

EARLIER = 10


@dataclass
class Row:
    """One assignment as the page shows it; ``depth`` is how far down it was handed."""

    assignment: Assignment
    unit: Unit
    depth: int
    late: bool
    returns: list[Return]
    extensions: list[Extension]
    replies: list[Reply]
    verbs: list[Verb]
    mine: bool
    signed_by: str
    unofficial_years: str
    current: bool

    @property
    def pending_return(self) -> Return | None:
        return next((one for one in self.returns if not one.decision), None)

    @property
    def pending_extension(self) -> Extension | None:
        return next((one for one in self.extensions if not one.decision), None)


@dataclass
class Place:
    """Where to put the mark: the ticket's own point, or the centre of the area it lies in."""

    lon: float
    lat: float
    exact: bool
    label: str
    around: list[dict[str, Any]]


@dataclass
class Dossier:
    staff: Staff
    case: Case
    now: datetime
    rules: Rules
    city: Directory
    area_path: list[Area]
    fields: list[Field]
    knows: bool
    verbs: list[Verb]
    rows: list[Row] = field(default_factory=list)
    timeline: list[Told] = field(default_factory=list)
    consultations: list[Consultation] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    withheld: int = 0
    repeat_of: Ticket | None = None
    merged: list[Ticket] = field(default_factory=list)
    earlier: list[Ticket] = field(default_factory=list)
    place: Place | None = None

    @property
    def ticket(self) -> Ticket:
        return self.case.ticket

    @property
    def primary(self) -> Verb | None:
        return next((verb for verb in self.verbs if verb.tone == "primary"), None)

    @property
    def openable(self) -> list[Field]:
        return [one for one in self.fields if one.openable]

    @property
    def fresh_key(self) -> str:
        return secrets.token_hex(16)

    @property
    def counts(self) -> str:
        """How often the ticket came back, in words; empty when it never did."""
        ticket = self.ticket
        counted = (("退单", ticket.return_count), ("回访不通过", ticket.failure_count), ("重启", ticket.reopen_count))
        return "，".join(f"{words} {count} 次" for words, count in counted if count)

    @property
    def shows_company(self) -> bool:
        return self.knows and bool(self.ticket.caller_company or self.ticket.caller_sex)

    @property
    def place_data(self) -> dict[str, Any]:
        return asdict(self.place) if self.place else {}

    @property
    def initial_files(self) -> list[Attachment]:
        return [one for one in self.files if one.seq == 1]


def read(staff: Staff, number: str, now: datetime) -> Dossier:
    """The dossier of a ticket. ``Refused`` (not_found) when there is none that this person may see."""
    city = directory.current()
    case = open_case(staff, number)
    ticket = case.ticket
    knows = privacy.knows_identity(staff, ticket)
    veil = privacy.veil(staff, ticket)
    ticket.title, ticket.content = veil(ticket.title), veil(ticket.content)
    events = list(Event.objects.filter(ticket=ticket).order_by("seq"))
    satellites = {model: _of(model, ticket) for model in (Return, Extension, Reply, Callback, Consultation)}
    people = _people(events, case, satellites.values())
    linked = ticket.repeat_of is not None and privacy.may_link(staff, ticket, ticket.repeat_of)
    teller = Teller(people, city, veil, hide_links=not linked and not sees_city(staff))
    dossier = Dossier(
        staff=staff,
        case=case,
        now=now,
        rules=city.rules_at(now),
        city=city,
        area_path=city.area_path(ticket.area_id or ""),
        fields=privacy.fields_for(staff, case),
        knows=knows,
        verbs=_ordered(open_verbs(case, None, staff)),
        timeline=[tell(event, teller) for event in reversed(events)],
        consultations=_veiled(satellites[Consultation], veil, "question", "minutes"),
        callbacks=_veiled(satellites[Callback], veil, "opinion"),
    )
    for model, names in (
        (Return, ("reason", "basis", "opinion")),
        (Extension, ("reason", "opinion")),
        (Reply, ("text",)),
    ):
        _veiled(satellites[model], veil, *names)
    dossier.rows = _rows(dossier, satellites, people, veil)
    _attach(dossier)
    _relate(dossier)
    dossier.place = _place(dossier)
    return dossier


def _of(model: Any, ticket: Ticket) -> list[Any]:
    return list(model.objects.filter(ticket=ticket).order_by("pk"))


def _veiled(rows: list[Any], veil: Callable[[str], str], *names: str) -> list[Any]:
    for row in rows:
        for name in names:
            setattr(row, name, veil(getattr(row, name)))
    return rows


def _people(events: list[Event], case: Case, satellites: Iterable[list[Any]]) -> dict[int, str]:
    ids = {event.by_id for event in events} | {a.signed_by_id for a in case.assignments}
    ids |= {row.by_id for rows in satellites for row in rows}
    return dict(Staff.objects.filter(pk__in={pk for pk in ids if pk is not None}).values_list("pk", "name"))


def _ordered(verbs: list[Verb]) -> list[Verb]:
    """The usual next step first, what ends something last."""
    rank = {"primary": 0, "": 1, "danger": 2}
    return sorted(verbs, key=lambda verb: (rank.get(verb.tone, 1), verb.order))


def _rows(
    dossier: Dossier, satellites: dict[Any, list[Any]], people: dict[int, str], veil: Callable[[str], str]
) -> list[Row]:
    case, city, staff = dossier.case, dossier.city, dossier.staff
    own = staff.units("handler")
    children: dict[int | None, list[Assignment]] = {}
    for one in case.assignments:
        children.setdefault(one.parent_id, []).append(one)
    rows: list[Row] = []

    def add(assignment: Assignment, depth: int) -> None:
        assignment.advice = veil(assignment.advice)
        about = {
            model: [row for row in satellites[model] if row.ordinal == assignment.ordinal]
            for model in (Return, Extension, Reply)
        }
        until = assignment.replied_at or assignment.ended_at or dossier.now
        rows.append(
            Row(
                assignment=assignment,
                unit=city.units[assignment.unit_id],
                depth=depth,
                late=until > assignment.deadline,
                returns=about[Return],
                extensions=about[Extension],
                replies=about[Reply],
                verbs=_ordered(open_verbs(case, assignment, staff)),
                mine=assignment.unit_id in own,
                signed_by=people.get(assignment.signed_by_id or 0, ""),
                unofficial_years=unofficial_years(assignment, city),
                current=assignment.ended_at is None
                and assignment.state not in {AssignmentState.RETURNED, AssignmentState.RECALLED},
            )
        )
        for child in children.get(assignment.pk, []):
            add(child, depth + 1)

    for one in children.get(None, []):
        add(one, 0)
    return rows


def unofficial_years(assignment: Assignment, city: Directory) -> str:
    """The years of the assignment's time for which nobody has published a calendar: ``2027`` or ``2027、2028``."""
    if not assignment.provisional:
        return ""
    first, last = (moment.astimezone(SHANGHAI).year for moment in (assignment.dispatched_at, assignment.deadline))
    return "、".join(str(year) for year in range(first, last + 1) if year not in city.calendar.years)


def _attach(dossier: Dossier) -> None:
    files = list(Attachment.objects.filter(ticket=dossier.ticket).order_by("pk"))
    dossier.files = [one for one in files if privacy.may_have_file(dossier.staff, dossier.ticket, one)]
    dossier.withheld = len(files) - len(dossier.files)


def _relate(dossier: Dossier) -> None:
    """Links to other tickets, only to those this person may open, and none that would tell who a hidden caller is."""
    ticket, staff = dossier.ticket, dossier.staff
    older = ticket.repeat_of
    near = Q(repeat_of=ticket)
    if dossier.knows and ticket.phone_key is not None:
        near |= Q(phone_key=ticket.phone_key)
    if older is not None:
        near |= Q(pk=older.pk)
    found = visible(Ticket.objects.filter(near).exclude(pk=ticket.pk), staff)
    found = found.defer("original", "content", "head").order_by("-registered_at")[: 3 * EARLIER]
    rows = [one for one in found if privacy.may_link(staff, ticket, one)]
    dossier.repeat_of = next((one for one in rows if one.pk == ticket.repeat_of_id), None)
    dossier.merged = [one for one in rows if one.repeat_of_id == ticket.pk]
    rest = [one for one in rows if one.pk != ticket.repeat_of_id and one.repeat_of_id != ticket.pk]
    dossier.earlier = sorted(rest, key=lambda one: one.state == TicketState.CLOSED)[:EARLIER]


# Degrees around the mark within which other areas are named on the sketch.
AROUND = 0.35


def _place(dossier: Dossier) -> Place | None:
    ticket, city = dossier.ticket, dossier.city
    exact = ticket.lon is not None and ticket.lat is not None and dossier.knows
    centre = next((area for area in reversed(dossier.area_path) if area.lon is not None), None)
    if exact:
        lon, lat, label = float(ticket.lon or 0), float(ticket.lat or 0), "诉求位置"
    elif centre is not None and len(dossier.area_path) > 1:
        lon, lat, label = float(centre.lon or 0), float(centre.lat or 0), f"所在区域：{centre.short_name}"
    else:
        return None
    around = [
        {"name": area.short_name, "lon": float(area.lon), "lat": float(area.lat or 0), "level": area.level}
        for area in city.areas.values()
        if area.lon is not None
        and area.level in {"district", "town"}
        and abs(float(area.lon) - lon) < AROUND
        and abs(float(area.lat or 0) - lat) < AROUND
    ]
    return Place(lon, lat, exact, label, around)


def same_place(ticket_area: str, place_key: bytes | None, rules: Rules, now: datetime, staff: Staff) -> list[Ticket]:
    """Recent tickets at the same address, or failing one in the same community or town; latest first."""
    since = now - timedelta(days=rules.repeat.window_days)
    tickets = visible(Ticket.objects.filter(registered_at__gte=since), staff).defer("original", "head")
    if place_key is not None and (exact := list(tickets.filter(place_key=place_key).order_by("-registered_at")[:5])):
        return exact
    if len(ticket_area) < 9:
        return []
    return list(tickets.filter(area__code__startswith=ticket_area).order_by("-registered_at")[:20])
