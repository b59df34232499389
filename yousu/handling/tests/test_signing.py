"""签收 and first contact: their clocks, and the last second of a tier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import MONDAY, at, dispatched, handler_of, item, person, registered, reload, signed, someone
from yousu.base.errors import Refused
from yousu.dispatch.verbs import dispatch
from yousu.handling.verbs import record_contact, reply, sign
from yousu.tickets.models import Event

pytestmark = pytest.mark.django_db


def last_data(ticket):
    return Event.objects.filter(ticket=ticket).order_by("-seq")[0].data


def test_an_ordinary_order_is_to_be_signed_by_the_close_of_the_next_workday():
    assert dispatched(MONDAY).sign_due == at("2026-09-08 18:00")
    # Friday before the make-up Sunday; the last workday before National Day.
    assert dispatched(at("2026-09-18 10:00")).sign_due == at("2026-09-20 18:00")
    assert dispatched(at("2026-09-30 10:00")).sign_due == at("2026-10-08 18:00")


@pytest.mark.parametrize("urgency", ["urgent", "extreme"])
def test_an_urgent_order_is_to_be_signed_within_two_hours_day_or_night(urgency):
    assert dispatched(at("2026-10-03 02:00"), urgency=urgency).sign_due == at("2026-10-03 04:00")


@pytest.mark.parametrize(
    ("urgency", "now", "late"),
    [
        ("urgent", "2026-09-07 11:00:00", None),
        ("urgent", "2026-09-07 11:00:01", True),
        ("ordinary", "2026-09-08 18:00:00", None),
        ("ordinary", "2026-09-08 18:00:01", True),
    ],
)
def test_signing_one_second_late_is_recorded_and_not_refused(urgency, now, late):
    assignment = dispatched(MONDAY, urgency=urgency)
    done = sign(assignment, by=handler_of(assignment), now=at(now))
    assert last_data(done.ticket).get("late") is late
    assert (reload(assignment).state, reload(assignment).signed_at) == ("signed", at(now))


def test_an_order_is_signed_once_and_only_by_its_unit():
    assignment = dispatched(MONDAY, lead="630102")
    with pytest.raises(Refused, match="没有“签收”的权限") as refused:
        sign(assignment, by=person("chengzhong"), now=MONDAY)
    assert refused.value.code == "forbidden"
    sign(assignment, by=person("chengdong"), now=MONDAY)
    with pytest.raises(Refused, match="现在是“办理中”，不能签收"):
        sign(assignment, by=person("chengdong2"), now=MONDAY)
    with pytest.raises(Refused, match="权限"):
        sign(dispatched(MONDAY), by=someone("handler", "6301"), now=MONDAY)


def test_the_first_contact_is_due_within_twenty_four_hours_and_only_one_that_reached_counts():
    assignment = signed(MONDAY)
    assert assignment.contact_due == MONDAY + timedelta(hours=24)
    handler = handler_of(assignment)
    record_contact(assignment, by=handler, now=at("2026-09-07 15:00"), reached=False)
    assert reload(assignment).contacted_at is None
    done = record_contact(assignment, by=handler, now=at("2026-09-08 09:00:00"))
    assert last_data(done.ticket).get("late") is None
    record_contact(assignment, by=handler, now=at("2026-09-08 15:00"))
    assert reload(assignment).contacted_at == at("2026-09-08 09:00:00")


def test_a_first_contact_one_second_after_the_day_is_late():
    assignment = signed(MONDAY)
    done = record_contact(assignment, by=handler_of(assignment), now=at("2026-09-08 09:00:01"))
    assert last_data(done.ticket)["late"] is True


@pytest.mark.parametrize("tier", [1, 3, 7, 11])
def test_a_reply_in_the_last_second_of_its_tier_is_in_time_and_one_second_later_is_not(tier):
    # From Monday 7 September: Tue 8 | Thu 10 | Wed 16 | Mon 21 (Sunday 20 is a make-up workday).
    due = {1: "2026-09-08", 3: "2026-09-10", 7: "2026-09-16", 11: "2026-09-21"}[tier]
    level = "district" if tier == 11 else "community"
    for second, late in ((":00", None), (":01", True)):
        assignment = signed(MONDAY, item=item(tier, lowest_level=level))
        assert assignment.deadline == assignment.ticket.deadline == at(f"{due} 18:00")
        done = reply(assignment, by=handler_of(assignment), now=at(f"{due} 18:00{second}"), text="已处理。")
        assert last_data(done.ticket).get("late") is late


def test_a_deadline_across_national_day_counts_the_make_up_saturday():
    # Wed 30 September, 7 workdays: Thu 8, Fri 9, Sat 10 (make-up), Mon 12, Tue 13, Wed 14, Thu 15 October.
    assignment = dispatched(at("2026-09-30 17:00"), tier=7)
    assert (assignment.deadline, assignment.provisional) == (at("2026-10-15 18:00"), False)


def test_a_deadline_into_a_year_without_a_calendar_is_said_to_be_provisional():
    # Tue 29 December, 3 workdays by the plain week: Wed 30, Thu 31, Fri 1 January.
    assignment = reload(dispatched(at("2026-12-29 10:00"), tier=3))
    assert (assignment.deadline, assignment.provisional) == (at("2027-01-01 18:00"), True)
    event = Event.objects.get(ticket=assignment.ticket, kind="ticket.dispatched")
    assert event.data["changes"]["assignments"]["1"]["provisional"] == [None, True]


def test_a_dispatcher_may_choose_another_tier_of_the_rules_and_no_other_number():
    ticket = registered()
    with pytest.raises(Refused, match="办理时限：请选择其中之一") as refused:
        dispatch(ticket, by=person("paidan1"), now=MONDAY, lead="630102", item=item(7), tier="5")
    assert refused.value.field == "tier"
    done = dispatch(ticket, by=person("paidan1"), now=MONDAY, lead="630102", item=item(7), tier="3")
    assert done.assignment.deadline == at("2026-09-10 18:00")
