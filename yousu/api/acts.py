"""One endpoint a verb, made from the registry: the noun below its ticket or assignment, its inputs as the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Path

from yousu.api import wire
from yousu.api.auth import caller
from yousu.api.shapes import OutcomeOut, assignment_out, gives, ticket_out
from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import Staff
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.privacy import veil
from yousu.tickets.registry import REGISTRY, Outcome, Verb
from yousu.tickets.verbtable import room_of, states_of, who_of

MOST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=MOST_ID)]
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "幂等键：同一个键重复提交只办理一次",
    "schema": {"type": "string", "maxLength": 100},
}
ABOVE: dict[Any, str] = {None: "", Ticket: "/tickets/{number}", Assignment: "/assignments/{id}"}


def mount(api: NinjaAPI) -> None:
    """An endpoint for every verb that a person may do."""
    for verb in sorted(REGISTRY.values(), key=lambda v: v.on is not None):
        if not verb.by_platform_only:
            view = _view(verb)
            view.__name__ = verb.name
            api.post(
                f"{ABOVE[verb.on]}/{verb.noun}",
                operation_id=verb.name,
                summary=verb.label,
                description=f"{verb.doc}\n\n谁可以办：{who_of(verb)}。\n状态：{states_of(verb)}。",
                tags=[f"{room_of(verb)}·办理"],
                openapi_extra=_described(verb),
            )(view)


def _view(verb: Verb) -> Callable[..., HttpResponse]:
    def on_nothing(request: HttpRequest) -> HttpResponse:
        return _do(verb, request, None)

    def on_ticket(request: HttpRequest, number: str) -> HttpResponse:
        ticket = Ticket.objects.filter(number=number).only("pk").first() if number.isascii() else None
        if ticket is None:
            raise Refused(f"没有编号为“{number[:40]}”的工单。", code="not_found")
        return _do(verb, request, ticket)

    def on_assignment(request: HttpRequest, id: Id) -> HttpResponse:  # noqa: A002
        assignment = Assignment.objects.filter(pk=id).only("pk", "ticket_id", "ordinal").first()
        if assignment is None:
            raise Refused("没有这一派单。", code="not_found")
        return _do(verb, request, assignment)

    if verb.on is None:
        return on_nothing
    return on_ticket if verb.on is Ticket else on_assignment


def _do(verb: Verb, request: HttpRequest, target: Ticket | Assignment | None) -> HttpResponse:
    staff = caller(request)
    key = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
    if not key.isprintable():
        raise Refused("幂等键含有无法识别的字符。", field="Idempotency-Key")
    done = verb.call(target, wire.body(request), by=staff, key=key)
    return wire.answer(outcome(done, staff), 201)


def outcome(done: Outcome, staff: Staff) -> OutcomeOut:
    city, ticket = directory.current(), done.ticket
    shown = None
    if done.assignment is not None:
        case = Case(ticket, list(Assignment.objects.filter(ticket=ticket).order_by("ordinal")))
        shown = assignment_out(case.assignment(done.assignment.ordinal), case, city, veil(staff, ticket))
    return OutcomeOut(ticket=ticket_out(ticket, city, staff), assignment=shown, event=done.seq, repeated=done.repeated)


def _described(verb: Verb) -> dict[str, Any]:
    """What the document says beyond the address; the schema of the inputs follows the rules in force (``api.Api``)."""
    required = any(one.required for one in verb.inputs)
    body = {"requestBody": {"required": required, "content": {}}} if verb.inputs else {}
    return {"parameters": [KEY], **gives("OutcomeOut", 201), **body}
