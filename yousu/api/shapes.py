"""What the API gives: one struct a thing, encoded as it is and described in the OpenAPI document from the same types."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils import timezone

from yousu.city import directory
from yousu.city.directory import Directory
from yousu.city.models import Staff
from yousu.city.roles import Urgency
from yousu.city.rules import Rules
from yousu.city.workdays import light
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment, Attachment, Event, Ticket
from yousu.tickets.privacy import knows_identity
from yousu.tickets.privacy import veil as privacy_veil
from yousu.tickets.registry import REGISTRY, Verb, open_verbs
from yousu.tickets.states import (
    AssignmentRole,
    AssignmentState,
    CallbackResult,
    Channel,
    ClosedAs,
    RequestType,
    TicketState,
)

LABELS: dict[str, dict[str, str]] = {
    name: {str(value): str(label) for value, label in choices.choices}
    for name, choices in {
        "state": TicketState,
        "closed_as": ClosedAs,
        "type": RequestType,
        "channel": Channel,
        "urgency": Urgency,
        "callback_result": CallbackResult,
        "assignment_state": AssignmentState,
        "role": AssignmentRole,
    }.items()
}


Veil = Callable[[str], str]
# Facts of an event that could tell who asked: the number in the source system, a link to another request.
TELLING = frozenset({"external_id", "of"})


class Out(msgspec.Struct, kw_only=True):
    """Base of what goes out."""


class Named(Out):
    """A coded thing with its Chinese name."""

    code: str
    name: str


class AssignmentOut(Out):
    """派单"""

    id: int
    ordinal: int
    unit: Named
    role: Named
    state: Named
    parent: int | None
    forced: bool
    advice: str
    tier: int
    limit: int
    round: int
    light: str
    dispatched_at: datetime
    sign_due: datetime
    return_by: datetime
    contact_due: datetime
    deadline: datetime
    provisional: bool
    signed_at: datetime | None
    contacted_at: datetime | None
    replied_at: datetime | None
    ended_at: datetime | None
    extensions: int
    extension_pending: bool


class TicketOut(Out):
    """工单"""

    number: str
    source: str
    external_id: str | None
    channel: Named
    type: Named
    urgency: Named
    state: Named
    closed_as: Named | None
    title: str
    content: str
    area: Named | None
    lon: Decimal | None
    lat: Decimal | None
    item: Named | None
    labels: list[str]
    parallel: bool
    is_secret: bool
    identity_hidden: bool
    reply_wanted: bool
    registered_at: datetime
    deadline: datetime | None
    callback_due: datetime | None
    callback_result: Named | None
    promised_on: date | None
    closed_at: datetime | None
    return_count: int
    failure_count: int
    reopen_count: int
    events: int


class PersonalOut(Out):
    """个人信息（脱敏）"""

    name: str
    label: str
    shown: str
    openable: bool


class VerbOut(Out):
    """现在可以办理的动作"""

    name: str
    label: str
    href: str
    tone: str
    schema: dict[str, Any]


class AttachmentOut(Out):
    """附件"""

    id: int
    name: str
    mime: str
    size: int
    event: int | None
    href: str


class AssignmentPage(Out):
    """派单及其可办理的动作"""

    ticket: str
    assignment: AssignmentOut
    open: list[VerbOut]


class TicketPage(Out):
    """工单全貌"""

    ticket: TicketOut
    accused_unit: Named | None
    repeat_of: str | None
    caller: dict[str, str]
    personal: list[PersonalOut]
    assignments: list[AssignmentOut]
    attachments: list[AttachmentOut]
    open: list[VerbOut]


class TicketRow(Out):
    """列表中的工单"""

    ticket: TicketOut
    assignments: list[AssignmentOut]


class TicketsPage(Out):
    """一页工单；next 为下一页的游标，空串表示最后一页"""

    items: list[TicketRow]
    next: str


class EventOut(Out):
    """事件"""

    seq: int
    kind: str
    verb: Named
    at: datetime
    by: str | None
    unit: Named | None
    role: str
    assignment: int | None
    rules: int
    data: dict[str, Any]
    hash: str


class EventsPage(Out):
    """一页事件"""

    items: list[EventOut]
    next: str


class OutcomeOut(Out):
    """动作的结果；repeated 表示幂等键或来源编号此前已用过，返回的是当时的结果"""

    ticket: TicketOut
    assignment: AssignmentOut | None
    event: int
    repeated: bool


class Trouble(Out):
    """出错的原因"""

    code: str
    message: str
    field: str
    open: list[str]


class ErrorOut(Out):
    """所有错误的统一格式"""

    error: Trouble


OUTPUTS = (TicketPage, TicketsPage, AssignmentPage, EventsPage, OutcomeOut, ErrorOut, AttachmentOut, PersonalOut)


def _named(kind: str, value: str) -> Named:
    return Named(code=value, name=LABELS[kind].get(value, value))


def ticket_out(ticket: Ticket, city: Directory, staff: Staff) -> TicketOut:
    """A ticket without personal data, as ``staff`` may see it: where identity is hidden, the source's number might tell."""
    knows, veil = knows_identity(staff, ticket), privacy_veil(staff, ticket)
    area = city.areas.get(ticket.area_id) if ticket.area_id else None
    item = city.items.get(ticket.item_code) if ticket.item_code else None
    return TicketOut(
        number=ticket.number,
        source=ticket.source,
        external_id=ticket.external_id if knows else None,
        channel=_named("channel", ticket.channel),
        type=_named("type", ticket.type),
        urgency=_named("urgency", ticket.urgency),
        state=_named("state", ticket.state),
        closed_as=_named("closed_as", ticket.closed_as) if ticket.closed_as else None,
        title=veil(ticket.title),
        content=veil(ticket.content),
        area=Named(code=area.code, name=area.name) if area else None,
        lon=ticket.lon,
        lat=ticket.lat,
        item=Named(code=ticket.item_code, name=item.name if item else "") if ticket.item_code else None,
        labels=ticket.labels,
        parallel=ticket.parallel,
        is_secret=ticket.is_secret,
        identity_hidden=ticket.identity_hidden,
        reply_wanted=ticket.reply_wanted,
        registered_at=ticket.registered_at,
        deadline=ticket.deadline,
        callback_due=ticket.callback_due,
        callback_result=_named("callback_result", ticket.callback_result) if ticket.callback_result else None,
        promised_on=ticket.promised_on,
        closed_at=ticket.closed_at,
        return_count=ticket.return_count,
        failure_count=ticket.failure_count,
        reopen_count=ticket.reopen_count,
        events=ticket.seq,
    )


def assignment_out(assignment: Assignment, case: Case, city: Directory, veil: Veil) -> AssignmentOut:
    now, rules = timezone.now(), city.rules_at(timezone.now())
    parent = next((a.ordinal for a in case.assignments if a.pk == assignment.parent_id), None)
    unit = city.units[assignment.unit_id]
    end = assignment.replied_at or assignment.ended_at or now
    return AssignmentOut(
        id=assignment.pk,
        ordinal=assignment.ordinal,
        unit=Named(code=unit.code, name=unit.name),
        role=_named("role", assignment.role),
        state=_named("assignment_state", assignment.state),
        parent=parent,
        forced=assignment.forced,
        advice=veil(assignment.advice),
        tier=assignment.tier,
        limit=assignment.limit,
        round=assignment.round,
        light=light(assignment.dispatched_at, assignment.deadline, end, rules.lights.yellow_at),
        dispatched_at=assignment.dispatched_at,
        sign_due=assignment.sign_due,
        return_by=assignment.return_by,
        contact_due=assignment.contact_due,
        deadline=assignment.deadline,
        provisional=assignment.provisional,
        signed_at=assignment.signed_at,
        contacted_at=assignment.contacted_at,
        replied_at=assignment.replied_at,
        ended_at=assignment.ended_at,
        extensions=assignment.extensions,
        extension_pending=assignment.extension_pending,
    )


def verbs_out(case: Case, assignment: Assignment | None, staff: Staff) -> list[VerbOut]:
    above = f"/api/v1/assignments/{assignment.pk}" if assignment else f"/api/v1/tickets/{case.ticket.number}"
    return [
        VerbOut(name=v.name, label=v.label, href=f"{above}/{v.noun}", tone=v.tone, schema=schema_of(v))
        for v in open_verbs(case, assignment, staff)
    ]


def schema_of(verb: Verb) -> dict[str, Any]:
    """The JSON schema of what a verb asks for, with Chinese titles and, for a choice, its values in words."""
    return _schema_under(verb.name, directory.current().rules_at(timezone.now()))


@functools.lru_cache(maxsize=200)
def _schema_under(name: str, rules: Rules) -> dict[str, Any]:
    verb = REGISTRY[name]
    schema = verb.model.model_json_schema()
    schema["title"] = verb.label
    for one in verb.inputs:
        field = schema["properties"][one.name]
        if options := one.ask.options(rules):
            words = "、".join(f"{value} {label}" for value, label in options)
            field["description"] = "；".join(part for part in (field.get("description", ""), words) if part)
    return schema


def gives(struct: str, status: int = 200) -> dict[str, Any]:
    """For the document: the struct that an operation answers with (``api.Api`` writes it out)."""
    return {"x-gives": {"struct": struct, "status": status}}


def attachment_out(file: Attachment) -> AttachmentOut:
    return AttachmentOut(
        id=file.pk,
        name=file.name,
        mime=file.mime,
        size=file.size,
        event=file.seq,
        href=f"/api/v1/attachments/{file.pk}",
    )


def event_out(event: Event, city: Directory, people: dict[int, str], veil: Veil, hide: bool) -> EventOut:
    verb = REGISTRY.get(event.verb)
    unit = city.units.get(event.by_unit_id) if event.by_unit_id else None
    return EventOut(
        seq=event.seq,
        kind=event.kind,
        verb=Named(code=event.verb, name=verb.label if verb else event.verb),
        at=event.at,
        by=people.get(event.by_id) if event.by_id else None,
        unit=Named(code=unit.code, name=unit.name) if unit else None,
        role=event.role,
        assignment=event.ordinal,
        rules=event.rules,
        data=_veiled(event.data, veil, hide),
        hash=bytes(event.hash).hex(),
    )


def _veiled(value: Any, veil: Veil, hide: bool) -> Any:
    if isinstance(value, str):
        return veil(value)
    if isinstance(value, list):
        return [_veiled(one, veil, hide) for one in value]
    if isinstance(value, dict):
        return {name: _veiled(one, veil, hide) for name, one in value.items() if not (hide and name in TELLING)}
    return value
