"""The permission matrix: every verb × every role × own and other units, through the API and through the pages.

What is expected is read off the declaration here, slowly and by itself: it must not call the code that decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from tests.factories import at, someone
from tests.situations import SITUATIONS, Situation
from yousu.city.accounts import issue_token
from yousu.city.models import Staff, Unit
from yousu.city.roles import Role
from yousu.tickets.models import Assignment, Event, Ticket
from yousu.tickets.registry import REGISTRY, Verb

NOW = at("2026-09-07 10:00")
CENTER, ELSEWHERE = "6301C001", "630121"
OPEN_TO_PEOPLE = sorted(name for name, verb in REGISTRY.items() if verb.who)


def test_every_verb_open_to_people_has_a_situation():
    assert set(OPEN_TO_PEOPLE) == set(SITUATIONS)


def declared(verb: Verb, role: str, unit: str, target: Any) -> bool:
    """Whether the declaration lets ``role`` in ``unit`` do it, word by word."""
    for who in verb.who:
        if who.role.value != role:
            continue
        relation = who.relation.name
        if relation == "ANY":
            return True
        own = Unit.objects.get(pk=target.unit_id).code
        sender = Assignment.objects.get(pk=target.parent_id).unit.code if target.parent_id else None
        if relation == "HANDLES" and unit == own:
            return True
        if relation == "DISPATCHED" and role == "dispatcher" and sender is None:
            return True
        if relation == "DISPATCHED" and role == "handler" and unit == sender:
            return True
    return False


def units_for(target: Any) -> list[str]:
    """The assignment's own unit, the one that sent it down, and one that has nothing to do with it."""
    if not isinstance(target, Assignment):
        return [CENTER, ELSEWHERE]
    units = [Unit.objects.get(pk=target.unit_id).code, ELSEWHERE]
    if target.parent_id:
        units.append(Assignment.objects.get(pk=target.parent_id).unit.code)
    return units


# -- the two doors --------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    text: str


def through_the_api(verb: Verb, place: Situation, staff: Staff) -> Answer:
    token, _ = issue_token(staff, "矩阵", NOW)
    target = place.target
    above = {Ticket: "/tickets/{}", Assignment: "/assignments/{}"}
    named = target.number if isinstance(target, Ticket) else getattr(target, "pk", "")
    path = (above[verb.on].format(named) if verb.on else "") + f"/{verb.noun}"
    response = Client(raise_request_exception=False).post(
        f"/api/v1{path}", json.dumps(place.inputs), "application/json", HTTP_AUTHORIZATION=f"Bearer {token}"
    )
    return Answer(response.status_code, response.content.decode())


def page_of(verb: Verb, target: Any) -> str:
    if verb.on is None:
        return reverse("register")
    ticket = target if isinstance(target, Ticket) else Ticket.objects.get(pk=target.ticket_id)
    query = f"?assignment={target.ordinal}" if isinstance(target, Assignment) else ""
    return f"/tickets/{ticket.number}/verbs/{verb.name}/{query}"


def through_the_pages(verb: Verb, place: Situation, staff: Staff) -> Answer:
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    words = {True: "yes", False: "no"}
    form = {
        name: value if isinstance(value, list) else words.get(value, value) if isinstance(value, bool) else value
        for name, value in place.inputs.items()
    }
    response = client.post(page_of(verb, place.target), form)
    return Answer(response.status_code, response.content.decode(errors="replace"))


def pages_are_there(verb: Verb) -> bool:
    try:
        resolve(reverse("register") if verb.on is None else "/tickets/260907-000001-0/verbs/sign/")
    except (Resolver404, NoReverseMatch):
        return False
    return True


DOORS = {"api": through_the_api, "pages": through_the_pages}
# A page does not say of a ticket out of one's sight that it is there.
REFUSED = {"api": {403}, "pages": {403, 404}}


# -- the matrix -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("name", "number"), [(name, n) for name in OPEN_TO_PEOPLE for n in range(len(SITUATIONS.get(name, [])))]
)
def test_a_verb_is_done_by_those_declared_and_by_nobody_else(name: str, number: int, door: str):
    verb = REGISTRY[name]
    if door == "pages" and not pages_are_there(verb):
        pytest.skip("pages of the ticket are not built yet")
    place = SITUATIONS[name][number]()
    allowed = refused = 0
    with mock.patch("django.utils.timezone.now", return_value=NOW):
        for role in Role.values:
            for unit in units_for(place.target):
                staff = someone(role, unit, f"m-{role}-{unit}")
                expected = declared(verb, role, unit, place.target)
                _try(verb, place, staff, door, expected)
                allowed, refused = allowed + expected, refused + (not expected)
    assert allowed, f"nobody may do {name}"
    assert refused, f"everybody may do {name}"


def _try(verb: Verb, place: Situation, staff: Staff, door: str, expected: bool) -> None:
    """One cell, undone afterwards."""
    cell = f"{verb.name} {staff.username} {door}"
    before = Event.objects.count()
    with transaction.atomic():
        answer = DOORS[door](verb, place, staff)
        happened = Event.objects.count() - before
        transaction.set_rollback(True)
    if expected:
        assert happened == 1, f"{cell}: allowed, but {answer.status} {answer.text[:300]}"
        assert answer.status < 400, f"{cell}: {answer.status}"
    else:
        assert happened == 0, f"{cell}: must be refused, but happened"
        assert answer.status in REFUSED[door], f"{cell}: must be refused, but {answer.status} {answer.text[:300]}"


@pytest.mark.django_db
def test_the_api_answers_201_to_those_allowed_and_403_to_the_others():
    place = SITUATIONS["sign"][0]()
    with mock.patch("django.utils.timezone.now", return_value=NOW):
        own = someone("handler", Unit.objects.get(pk=place.target.unit_id).code, "own")
        other = someone("handler", ELSEWHERE, "other")
        assert through_the_api(REGISTRY["sign"], place, other).status == 403
        assert through_the_api(REGISTRY["sign"], place, own).status == 201
