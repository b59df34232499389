"""Several people at once, with real connections and real commits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tests.factories import MONDAY, dispatched, handler_of, item, person, registered, reload, signed
from yousu.base.errors import Refused
from yousu.dispatch.verbs import dispatch_parallel, grant_extension, refuse_extension
from yousu.handling.verbs import ask_extension, reply, return_assignment, sign
from yousu.intake.verbs import merge, register, withdraw
from yousu.tickets import chain
from yousu.tickets.models import Event, Return, Ticket, VerbCall

pytestmark = pytest.mark.usefixtures("transactional_db")
WHY = {"reason": "非本单位职责", "basis": "“三定”规定"}


def at_once(*acts):
    """Run all at the same moment, each on its own connection; what each gave back, refusals as such."""
    gate = threading.Barrier(len(acts))

    def run(act):
        try:
            gate.wait(10)
            return act()
        except Refused as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def winners(results):
    return [result for result in results if not isinstance(result, Refused)]


def whole(ticket):
    ticket = reload(ticket)
    return chain.first_break(ticket.number, list(ticket.events.order_by("seq")), ticket.head) is None


def test_of_two_who_sign_the_same_order_one_wins_and_the_other_is_told():
    for _ in range(5):
        assignment = dispatched(lead="630102")
        results = at_once(
            *[
                lambda who=who, a=assignment: sign(a, by=who, now=MONDAY)
                for who in map(person, ("chengdong", "chengdong2"))
            ]
        )
        assert len(winners(results)) == 1
        (refused,) = [r for r in results if isinstance(r, Refused)]
        assert "现在是“办理中”，不能签收" in refused.message
        assert Event.objects.filter(ticket=assignment.ticket, verb="sign").count() == 1
        assert whole(assignment.ticket)


def test_twenty_registrations_of_one_external_id_make_one_ticket():
    operator = person("huawu1")
    results = at_once(
        *[lambda: register(by=operator, now=MONDAY, content="路灯不亮", source="gov", external_id="X-1")] * 20
    )
    assert len({result.ticket.pk for result in results}) == 1
    assert sum(not result.repeated for result in results) == 1
    assert (Ticket.objects.count(), Event.objects.count()) == (1, 1)


def test_twenty_calls_with_one_key_happen_once():
    operator = person("huawu1")
    results = at_once(*[lambda: register(by=operator, now=MONDAY, key="once", content="路灯不亮")] * 20)
    assert len({result.ticket.pk for result in results}) == 1
    assert sum(not result.repeated for result in results) == 1
    assert (Ticket.objects.count(), VerbCall.objects.count()) == (1, 1)


def test_two_returns_of_one_order_at_once_are_one():
    assignment = dispatched(lead="630102")
    results = at_once(
        *[
            lambda who=who: return_assignment(assignment, by=who, now=MONDAY, **WHY)
            for who in map(person, ("chengdong", "chengdong2"))
        ]
    )
    assert len(winners(results)) == Return.objects.filter(ticket=assignment.ticket).count() == 1


def test_the_last_return_of_a_ticket_is_given_to_one_of_two_who_ask_at_once():
    ticket = registered()
    Ticket.objects.filter(pk=ticket.pk).update(return_count=1)
    done = dispatch_parallel(
        ticket, by=person("paidan1"), now=MONDAY, territory="630102", trade="6301D025", item=item(7)
    )
    results = at_once(
        *[
            lambda a=a, who=handler_of(a): return_assignment(a, by=who, now=MONDAY, **WHY)
            for a in done.ticket.assignments.all()
        ]
    )
    assert len(winners(results)) == 1


def test_an_extension_is_granted_or_refused_and_not_both():
    assignment = signed(lead="630102")
    ask_extension(assignment, by=handler_of(assignment), now=MONDAY, days=1, reason="等配件")
    results = at_once(
        lambda: grant_extension(assignment, by=person("paidan1"), now=MONDAY, told="已告知"),
        lambda: refuse_extension(assignment, by=person("paidan2"), now=MONDAY, opinion="不必"),
    )
    assert len(winners(results)) == 1


def test_a_reply_and_a_withdrawal_at_once_leave_one_story():
    assignment = signed(lead="630102")
    results = at_once(
        lambda: reply(assignment, by=person("chengdong"), now=MONDAY, text="已处理"),
        lambda: withdraw(assignment.ticket, by=person("huawu1"), now=MONDAY, reason="不反映了"),
    )
    assert len(winners(results)) == 1
    assert reload(assignment.ticket).state in {"callback", "closed"}
    assert whole(assignment.ticket)


def test_two_tickets_merged_into_each_other_at_once_do_not_both_vanish():
    for _ in range(3):
        one, two = registered(), registered()
        results = at_once(
            lambda one=one, two=two: merge(one, by=person("huawu1"), now=MONDAY, of=two.number, reason="同一诉求"),
            lambda one=one, two=two: merge(two, by=person("huawu2"), now=MONDAY, of=one.number, reason="同一诉求"),
        )
        assert len(winners(results)) == 1
        assert sorted([reload(one).state, reload(two).state]) == ["closed", "registered"]


def test_nothing_is_merged_into_a_ticket_that_is_being_withdrawn():
    old, new = registered(), registered()
    at_once(
        lambda: withdraw(old, by=person("huawu1"), now=MONDAY, reason="不反映了"),
        lambda: merge(new, by=person("huawu2"), now=MONDAY, of=old.number),
    )
    # Whoever came first: a merger that succeeded was into a ticket still open.
    merged = Event.objects.filter(ticket=new, verb="merge").first()
    withdrawn = Event.objects.get(ticket=old, verb="withdraw")
    assert merged is None or merged.pk < withdrawn.pk


def test_numbers_are_never_given_twice():
    operator = person("huawu1")

    def ten():
        return [register(by=operator, now=MONDAY, content="路灯不亮").ticket.number for _ in range(10)]

    numbers = sum(at_once(*[ten] * 6), [])
    assert len(set(numbers)) == 60
