"""重复诉求: the window of 30 days, the same caller or place, the same item; linking and merging."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import MONDAY, closed, dispatched, item, person, registered, reload
from yousu.base.errors import Refused
from yousu.city.rules import Rules
from yousu.intake.rules import is_repeat
from yousu.intake.verbs import link_repeat, merge, withdraw
from yousu.tickets.models import Event

pytestmark = pytest.mark.django_db
HERE = {"area": "630102001", "address": "夏都大街 12 号"}
A, B = "13900000001", "13900000002"
WINDOW = timedelta(days=30)


def operator():
    return person("huawu1")


@pytest.mark.parametrize(
    ("later", "repeat"),
    [
        (timedelta(0), True),
        (WINDOW, True),
        (WINDOW + timedelta(seconds=1), False),
        (timedelta(seconds=-1), False),  # the older one is the other
    ],
)
def test_the_window_ends_with_the_last_second_of_its_thirtieth_day(later, repeat):
    old, new = registered(MONDAY), registered(MONDAY + later)
    assert is_repeat(new, old, Rules()) is repeat


@pytest.mark.parametrize(
    ("old", "new", "repeat"),
    [
        ({"caller_phone": A}, {"caller_phone": "139-0000 0001"}, True),
        ({"caller_phone": A}, {"caller_phone": B}, False),
        ({"caller_phone": A, **HERE}, {"caller_phone": B, **HERE, "address": "夏都大街12号"}, True),
        ({"caller_phone": A, **HERE}, {"caller_phone": B, **HERE, "address": "夏都大街13号"}, False),
        ({"caller_phone": A, **HERE}, {"caller_phone": B, **HERE, "area": "630102002"}, False),
        ({"caller_phone": "", "contact_phone": A}, {"caller_phone": A}, True),
        ({"caller_phone": ""}, {"caller_phone": ""}, False),  # two nobodies are not the same caller
    ],
)
def test_the_same_caller_or_the_same_place_makes_a_repeat(old, new, repeat):
    assert is_repeat(reload(registered(**new)), reload(registered(**old)), Rules()) is repeat


def test_another_item_is_another_matter_and_an_item_not_yet_chosen_matches_any():
    one, two = item(7), item(3)
    old = registered(item=one)
    assert is_repeat(registered(item=one), old, Rules())
    assert not is_repeat(registered(item=two), old, Rules())
    assert is_repeat(registered(), old, Rules())


def test_linking_keeps_both_going():
    old, new = registered(), registered()
    done = link_repeat(new, by=operator(), now=MONDAY, of=old.number)
    assert (done.ticket.state, done.ticket.repeat_of_id) == ("registered", old.pk)
    assert Event.objects.get(ticket=new, seq=2).data["of"] == old.number
    with pytest.raises(Refused, match="现在还不能关联重复"):
        link_repeat(new, by=operator(), now=MONDAY, of=old.number)


def test_what_the_rules_do_not_call_a_repeat_needs_a_reason():
    old, new = registered(caller_phone=A), registered(caller_phone=B)
    with pytest.raises(Refused, match="不是 30 天内同一来电人或同一地点的同一事项") as refused:
        link_repeat(new, by=operator(), now=MONDAY, of=old.number)
    assert refused.value.field == "reason"
    assert link_repeat(new, by=operator(), now=MONDAY, of=old.number, reason="同一楼道").ticket.repeat_of_id == old.pk


@pytest.mark.parametrize("act", [link_repeat, merge])
def test_a_ticket_is_tied_only_to_another_that_exists(act):
    ticket = registered()
    with pytest.raises(Refused, match="没有编号为“260907-999999-9”的工单") as refused:
        act(ticket, by=operator(), now=MONDAY, of="260907-999999-9")
    assert (refused.value.field, refused.value.code) == ("of", "not_found")
    with pytest.raises(Refused, match="不能与自己关联"):
        act(ticket, by=operator(), now=MONDAY, of=ticket.number)


def test_merging_ends_the_later_ticket_and_the_earlier_goes_on():
    old, new = dispatched().ticket, registered()
    done = merge(new, by=operator(), now=MONDAY, of=old.number)
    assert (done.ticket.state, done.ticket.closed_as, done.ticket.repeat_of_id) == ("closed", "merged", old.pk)
    assert reload(old).state == "handling"


def test_nothing_is_merged_into_a_ticket_that_ended_or_was_merged_itself():
    ended, merged, first = closed(), registered(), registered()
    with pytest.raises(Refused, match="已办结，不能并入；可以关联重复后另行派单"):
        merge(registered(), by=operator(), now=MONDAY, of=ended.number)
    merge(merged, by=operator(), now=MONDAY, of=first.number)
    for act in (merge, link_repeat):
        with pytest.raises(Refused, match="已并入另一张工单，请关联到那一张"):
            act(registered(), by=operator(), now=MONDAY, of=merged.number)
    withdraw(first, by=operator(), now=MONDAY, reason="不反映了")
    with pytest.raises(Refused, match="已办结，不能并入"):
        merge(registered(), by=operator(), now=MONDAY, of=first.number)


def test_a_ticket_already_being_handled_is_linked_but_not_merged():
    old, busy = registered(), dispatched().ticket
    with pytest.raises(Refused, match="现在是“办理中”，不能并单"):
        merge(busy, by=operator(), now=MONDAY, of=old.number)
    assert link_repeat(busy, by=operator(), now=MONDAY, of=old.number).ticket.state == "handling"
