"""The tracked columns of a ticket follow from its events alone."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import MONDAY, handler_of, item, person, registered, reload
from yousu.base.errors import Refused
from yousu.city import directory
from yousu.tickets import chain
from yousu.tickets.models import Event, Ticket
from yousu.tickets.registry import REGISTRY, open_verbs
from yousu.tickets.replay import Inconsistent, recorded, replayed
from yousu.tickets.store import DATABASE

pytestmark = pytest.mark.django_db
TEXT = "已按要求办理。"


def row_state(ticket):
    return recorded(ticket, ticket.assignments.order_by("ordinal"), directory.current().units)


def events_of(ticket):
    return list(ticket.events.order_by("seq"))


def inputs_for(verb, choose, other):
    """Something acceptable for each required input, most of the time."""
    found = {}
    for ask in verb.inputs:
        widget = ask.ask.widget
        if widget == "lower-unit":
            found[ask.name] = choose(["630102001", "630102006", "630102001001"])
        elif ask.name in {"lead", "territory", "redirect_to", "unit"} and (ask.required or choose([0, 1])):
            found[ask.name] = choose(["630102", "630103", "630104"])
        elif ask.name == "trade":
            found[ask.name] = choose(["6301D025", "6301D026"])
        elif ask.name == "assists":
            found[ask.name] = choose([[], ["6301D024"]])
        elif ask.name == "invited":
            found[ask.name] = ["630102"]
        elif ask.name == "item":
            found[ask.name] = item(choose([3, 7]))
        elif ask.name == "of":
            found[ask.name] = other.number
        elif ask.name == "promised_on":
            found[ask.name] = "2026-12-01"
        elif ask.name == "days":
            found[ask.name] = 1
        elif ask.kind == "bool":
            found[ask.name] = choose([True, False])
        elif ask.required and ask.ask.choices:
            found[ask.name] = choose([value for value, _ in ask.ask.options(directory.current().rules_at(MONDAY))])
        elif ask.name == "satisfaction":
            found[ask.name] = choose(["satisfied", "basic", "dissatisfied"])
        elif ask.kind == "str" and ask.ask.choices is None and ask.name != "suggested":
            found[ask.name] = TEXT
    return found


def live(ticket, choose, steps):
    """Do random things that are open to somebody, at random times; refusals included."""
    centre = [person(name) for name in ("huawu1", "paidan1", "huifang1", "duban1")]
    other, now = registered(), MONDAY
    for _ in range(steps):
        now += choose([timedelta(minutes=20), timedelta(hours=5), timedelta(days=1)])
        case = DATABASE.load(ticket.pk)
        acts = []
        for assignment in case.assignments:
            people = [handler_of(assignment), *centre]
            parent = next((a for a in case.assignments if a.pk == assignment.parent_id), None)
            people += [handler_of(parent)] if parent else []
            acts += [(verb, assignment, by) for by in people for verb in open_verbs(case, assignment, by)]
        acts += [(verb, case.ticket, by) for by in centre for verb in open_verbs(case, None, by)]
        ending = {"withdraw", "merge", "transfer", "refuse", "answer"}
        acts = [act for act in acts if act[0].name not in ending or choose([0, 0, 0, 0, 1])]
        if not acts:
            continue
        verb, target, by = choose(acts)
        try:
            verb(target, by=by, now=now, **inputs_for(verb, choose, other))
        except Refused:
            continue


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.randoms(use_true_random=False))
def test_whatever_happens_to_a_ticket_its_events_tell_where_it_stands(random):
    ticket = registered(type="inquiry")
    live(ticket, random.choice, 30)
    ticket = reload(ticket)
    events = events_of(ticket)
    *_, last = replayed(events)
    assert last == row_state(ticket)
    assert chain.first_break(ticket.number, events, ticket.head) is None
    assert [event.seq for event in events] == list(range(1, ticket.seq + 1))


def test_the_random_lives_reach_most_verbs():
    """Else the property above would prove little."""
    import random

    chance = random.Random(7)
    for _ in range(15):
        live(registered(type="inquiry"), chance.choice, 30)
    seen = set(Event.objects.values_list("verb", flat=True))
    assert len(seen) >= len(REGISTRY) - 6, sorted(set(REGISTRY) - seen)


def test_the_state_is_known_after_every_event():
    ticket = registered()
    pictures = [row_state(reload(ticket))]
    for name, by, inputs in (
        ("dispatch", "paidan1", {"lead": "630102", "item": item(7)}),
        ("shelve", "paidan1", {"reason": "x", "measures": "y", "promised_on": "2026-10-30"}),
        ("clear", "paidan1", {"result": "z"}),
    ):
        REGISTRY[name](ticket, by=person(by), now=MONDAY, **inputs)
        pictures.append(row_state(reload(ticket)))
    assert list(replayed(events_of(ticket))) == pictures
    assert [p.ticket["state"] for p in pictures] == ["registered", "handling", "shelved", "callback"]


def test_a_story_that_contradicts_itself_is_told_where():
    ticket = registered()
    REGISTRY["dispatch"](ticket, by=person("paidan1"), now=MONDAY, lead="630102", item=item(7))
    first, second = events_of(ticket)
    second.data["changes"]["ticket"]["state"][0] = "closed"
    with pytest.raises(Inconsistent, match="第 2 个事件的“state”与此前不符"):
        list(replayed([first, second]))
    with pytest.raises(Inconsistent):
        list(replayed([second]))


def test_a_column_changed_behind_the_verbs_back_shows():
    ticket = registered()
    Ticket.objects.filter(pk=ticket.pk).update(state="closed")
    *_, last = replayed(events_of(ticket))
    assert last != row_state(reload(ticket))


def test_copies_of_a_state_do_not_change_afterwards():
    ticket = registered()
    REGISTRY["dispatch"](ticket, by=person("paidan1"), now=MONDAY, lead="630102", item=item(7))
    first, second = itertools.islice(replayed(events_of(ticket)), 2)
    assert (first.assignments, first.ticket["deadline"]) == ({}, None)
    assert second.assignments[1]["unit"] == "630102"
