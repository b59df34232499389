"""回访: slots of the day, attempts, and what the citizen's word decides."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, at, person, registered, reload, replied, signed
from yousu.base.errors import Refused
from yousu.city.rules import Rules
from yousu.evaluation.models import Callback
from yousu.evaluation.rules import slot_of
from yousu.evaluation.verbs import call_back, close, order_redo
from yousu.handling.verbs import reply, sign
from yousu.tickets.models import Event

pytestmark = pytest.mark.django_db
MORNING, NOON, EVENING = "2026-09-07 10:00", "2026-09-07 15:00", "2026-09-07 19:00"


def ring(ticket, now=MORNING, by="huifang1", **inputs):
    return call_back(ticket, by=person(by), now=at(now), **{"connected": False, **inputs})


def says(ticket, now=MORNING, **inputs):
    return ring(ticket, now, connected=True, **{"solved": True, "satisfaction": "satisfied", **inputs})


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        ("08:29:59", None),
        ("08:30", 0),
        ("11:59:59", 0),
        ("12:00", 1),
        ("17:59:59", 1),
        ("18:00", 2),
        ("20:59:59", 2),
        ("21:00", None),
    ],
)
def test_the_day_has_three_slots(moment, slot):
    assert slot_of(at(f"2026-09-07 {moment}"), Rules()) == slot


@pytest.mark.parametrize("moment", ["08:29:59", "21:00:00", "02:00"])
def test_nobody_is_called_at_night(moment):
    with pytest.raises(Refused, match="现在不在回访时段（08:30–12:00、12:00–18:00、18:00–21:00）"):
        ring(replied().ticket, f"2026-09-08 {moment}")


def test_attempts_that_do_not_connect_fall_in_different_slots():
    ticket = replied().ticket
    ring(ticket, MORNING)
    with pytest.raises(Refused, match="须换一个时段再打"):
        ring(ticket, "2026-09-07 11:59")
    with pytest.raises(Refused, match="须换一个时段再打"):
        ring(ticket, "2026-09-08 09:00")
    assert ring(ticket, "2026-09-08 12:00").ticket.callback_result == "unreached"


def test_after_three_attempts_that_did_not_connect_the_ticket_is_closed_without_a_valid_callback():
    ticket = replied().ticket
    for count, now in enumerate((MORNING, NOON, EVENING)):
        with pytest.raises(Refused, match=rf"3 次未接通后才能直接办结（已 {count} 次）") as refused:
            close(ticket, by=person("huifang1"), now=at(now), reason="联系不上")
        assert refused.value.open == ["回访"]
        ring(ticket, now)
    with pytest.raises(Refused, match="已回访 3 次未接通，请办结并注明"):
        ring(ticket, "2026-09-08 10:00")
    done = close(ticket, by=person("huifang1"), now=at("2026-09-08 10:00"), reason="三次未接通")
    assert (done.ticket.state, done.ticket.closed_as, done.ticket.callback_result) == ("closed", "handled", "unreached")
    assert Event.objects.get(ticket=ticket, seq=done.seq).data["unreachable"] == 3


def test_whoever_answers_at_last_still_decides():
    ticket = replied().ticket
    for now in (MORNING, NOON, EVENING):
        ring(ticket, now)
    assert says(ticket, "2026-09-08 10:00").ticket.callback_result == "positive"


@pytest.mark.parametrize("inputs", [{"caller_phone": ""}, {"reply_wanted": False}])
def test_where_nobody_is_to_be_called_the_ticket_is_closed_at_once(inputs):
    done = close(replied(**inputs).ticket, by=person("huifang1"), now=MONDAY, reason="匿名来电")
    assert done.ticket.closed_as == "handled"


def test_a_contact_number_alone_is_somebody_to_call():
    with pytest.raises(Refused, match="须先回访"):
        close(
            replied(caller_phone="", contact_phone="13900000009").ticket, by=person("huifang1"), now=MONDAY, reason="x"
        )


@pytest.mark.parametrize(
    ("solved", "satisfaction", "result"),
    [
        (True, "satisfied", "positive"),
        (True, "basic", "positive"),
        (True, "dissatisfied", "negative"),
        (False, "satisfied", "negative"),
        (False, "basic", "negative"),
        (False, "dissatisfied", "negative"),
    ],
)
def test_only_solved_and_not_dissatisfied_closes_a_ticket(solved, satisfaction, result):
    ticket = says(replied().ticket, solved=solved, satisfaction=satisfaction).ticket
    assert ticket.callback_result == result
    assert (ticket.state, ticket.failure_count) == (("closed", 0) if result == "positive" else ("callback", 1))


def test_a_call_that_connected_says_how_satisfied_the_citizen_is():
    with pytest.raises(Refused, match="接通后请选择满意度") as refused:
        ring(replied().ticket, connected=True, solved=True)
    assert refused.value.field == "satisfaction"
    with pytest.raises(Refused, match="满意度：请选择其中之一：满意、基本满意、不满意"):
        says(replied().ticket, satisfaction="很好")


def test_an_attempt_that_did_not_connect_says_nothing_about_the_work():
    ticket = replied().ticket
    ring(ticket, contacted=True, solved=True, satisfaction="satisfied")
    row = Callback.objects.get(ticket=ticket)
    assert (row.contacted, row.solved, row.satisfaction) == (None, None, "")


def test_only_answered_tickets_are_called_back_and_only_by_callback_staff():
    with pytest.raises(Refused, match="现在是“办理中”，不能回访"):
        ring(signed().ticket)
    with pytest.raises(Refused, match="现在是“待派单”，不能回访"):
        ring(registered())
    with pytest.raises(Refused, match="没有“回访”的权限：可由回访员办理"):
        ring(replied().ticket, by="chengdong")


def test_a_redo_starts_a_new_round_of_attempts():
    assignment = replied()
    ticket = assignment.ticket
    ring(ticket, MORNING)
    says(ticket, NOON, satisfaction="dissatisfied")
    order_redo(ticket, by=person("huifang1"), now=at("2026-09-07 16:00"), reason="未处理")
    sign(assignment, by=person("chengdong"), now=at("2026-09-08 09:00"))
    reply(assignment, by=person("chengdong"), now=at("2026-09-08 09:30"), text="已重新处理。")
    done = ring(ticket, "2026-09-08 10:00")
    row = Callback.objects.filter(ticket=ticket).latest("pk")
    assert (row.attempt, row.round, reload(done.ticket).callback_result) == (1, 2, "unreached")
