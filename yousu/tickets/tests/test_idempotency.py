"""A key used twice by the same person for the same request happens once."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, dispatched, handler_of, item, person, registered, reload
from yousu.base.errors import Refused
from yousu.dispatch.verbs import dispatch
from yousu.handling.verbs import sign
from yousu.intake.verbs import register, withdraw
from yousu.tickets.models import Event, Ticket, VerbCall

pytestmark = pytest.mark.django_db


def test_the_same_key_again_gives_the_first_answer_and_does_nothing():
    first = register(by=person("huawu1"), now=MONDAY, key="k-1", content="路灯不亮")
    again = register(by=person("huawu1"), now=MONDAY, key="k-1", content="路灯不亮")
    assert (again.repeated, again.ticket.pk, again.seq) == (True, first.ticket.pk, first.seq)
    assert (Ticket.objects.count(), Event.objects.count()) == (1, 1)


def test_a_repeated_dispatch_gives_the_assignment_of_the_first():
    ticket, code = registered(), item(7)
    done = [dispatch(ticket, by=person("paidan1"), now=MONDAY, key="k-2", lead="630102", item=code) for _ in range(2)]
    assert (done[1].repeated, done[1].assignment.pk, done[1].seq) == (True, done[0].assignment.pk, 2)
    assert reload(ticket).assignments.count() == 1


def test_the_same_key_for_another_request_is_a_conflict():
    register(by=person("huawu1"), now=MONDAY, key="k-3", content="路灯不亮")
    for content, key in (("井盖丢了", "k-3"),):
        with pytest.raises(Refused, match="这个幂等键已用于另一个请求") as refused:
            register(by=person("huawu1"), now=MONDAY, key=key, content=content)
        assert (refused.value.code, refused.value.field) == ("conflict", "Idempotency-Key")
    one, other = dispatched(), dispatched()
    sign(one, by=handler_of(one), now=MONDAY, key="k-4")
    with pytest.raises(Refused, match="已用于另一个请求"):
        sign(other, by=handler_of(other), now=MONDAY, key="k-4")
    assert reload(other).state == "dispatched"


def test_a_key_belongs_to_one_person():
    first = register(by=person("huawu1"), now=MONDAY, key="k-5", content="路灯不亮")
    other = register(by=person("huawu2"), now=MONDAY, key="k-5", content="路灯不亮")
    assert not other.repeated and other.ticket.pk != first.ticket.pk


def test_a_refused_call_does_not_use_up_its_key():
    ticket = registered()
    with pytest.raises(Refused):
        withdraw(ticket, by=person("huawu1"), now=MONDAY, key="k-6", reason="")
    with pytest.raises(Refused):
        withdraw(ticket, by=person("chengdong"), now=MONDAY, key="k-6", reason="不反映了")
    assert not VerbCall.objects.exists()
    assert not withdraw(ticket, by=person("huawu1"), now=MONDAY, key="k-6", reason="不反映了").repeated


def test_key_and_external_id_together_give_the_same_ticket_however_often():
    request = {"content": "路灯不亮", "source": "gov", "external_id": "A-7"}
    first = register(by=person("huawu1"), now=MONDAY, **request)
    for _ in range(2):
        again = register(by=person("huawu1"), now=MONDAY, key="k-7", **request)
        assert (again.repeated, again.ticket.pk) == (True, first.ticket.pk)
    assert Ticket.objects.count() == 1


def test_a_key_has_a_bounded_length():
    with pytest.raises(Refused, match="幂等键不能超过 100 个字符"):
        register(by=person("huawu1"), now=MONDAY, key="k" * 101, content="路灯不亮")
