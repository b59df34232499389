"""下派, 答复, 汇总: who answers for whom, and when the ticket goes to callback."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import MONDAY, at, dispatched, handler_of, item, person, registered, reload, signed
from yousu.base.errors import Refused
from yousu.dispatch.verbs import accept_return, dispatch_parallel, shelve
from yousu.handling.verbs import ask_extension, consolidate, reply, return_assignment, sign, sub_dispatch
from yousu.tickets.models import Assignment, Attachment, Event, Reply

pytestmark = pytest.mark.django_db


def answer(assignment, now=MONDAY, **inputs):
    return reply(assignment, by=handler_of(assignment), now=now, text="已处理。", **inputs)


def take(assignment, now=MONDAY):
    return sign(assignment, by=handler_of(assignment), now=now).assignment


def put_together(assignment, now=MONDAY, **inputs):
    return consolidate(assignment, by=handler_of(assignment), now=now, text="综合各单位情况。", **inputs)


def parallel():
    first = dispatch_parallel(
        registered(), by=person("paidan1"), now=MONDAY, territory="630102", trade="6301D025", item=item(7)
    )
    return tuple(take(a) for a in first.ticket.assignments.order_by("ordinal"))


def test_work_that_was_not_signed_is_not_answered():
    with pytest.raises(Refused, match="现在是“待签收”，不能答复"):
        answer(dispatched())


def test_the_reply_of_the_lead_brings_the_ticket_to_callback_due_in_three_days():
    ticket = answer(signed(), at("2026-09-08 10:00")).ticket
    assert (ticket.state, ticket.callback_due) == ("callback", at("2026-09-11 10:00"))


def test_evidence_is_bound_to_the_event_of_its_reply():
    assignment = signed()
    kind = {"name": "现场.jpg", "mime": "image/jpeg", "size": 3, "digest": b"x" * 32, "path": "2026/09/a"}
    file = Attachment.objects.create(**kind, uploaded_by=handler_of(assignment))
    done = answer(assignment, attachments=[file.pk])
    assert (reload(file).ticket_id, reload(file).seq) == (done.ticket.pk, done.seq)


def test_in_parallel_both_must_answer():
    territory, trade = parallel()
    assert answer(territory).ticket.state == "handling"
    assert answer(trade).ticket.state == "callback"


def test_in_parallel_when_one_goes_back_the_other_answers_alone():
    territory, trade = parallel()
    answer(territory)
    return_assignment(trade, by=handler_of(trade), now=MONDAY, reason="非本行业", basis="职责清单")
    done = accept_return(trade, by=person("paidan1"), now=MONDAY)
    assert (reload(done.ticket).state, reload(done.ticket).return_count) == ("callback", 1)
    territory, trade = parallel()
    return_assignment(trade, by=handler_of(trade), now=MONDAY, reason="非本行业", basis="职责清单")
    assert accept_return(trade, by=person("paidan1"), now=MONDAY).ticket.state == "handling"
    assert answer(territory).ticket.state == "callback"


def test_the_lead_waits_for_its_assistants_and_then_puts_their_answers_together():
    lead = signed(lead="630102", assists=["6301D025"])
    assist = take(lead.ticket.assignments.get(role="assist"))
    with pytest.raises(Refused, match="现在还不能答复"):
        answer(lead)
    with pytest.raises(Refused, match="市房产局还没有答复"):
        put_together(lead)
    assert answer(assist).ticket.state == "handling"
    done = put_together(lead)
    assert done.ticket.state == "callback"
    assert Reply.objects.get(ticket=lead.ticket, ordinal=1).consolidated


def test_an_overdue_silence_is_passed_over_in_writing_and_not_a_second_earlier():
    lead = signed(lead="630104", assists=["6301D025"], tier=3)  # due Thu 10 September 18:00
    assist = lead.ticket.assignments.get(role="assist")
    with pytest.raises(Refused, match="还没有答复"):
        put_together(lead, at("2026-09-10 18:00:00"), without="催办三次未答复。")
    with pytest.raises(Refused, match="写明说明后可以汇总") as refused:
        put_together(lead, at("2026-09-10 18:00:01"))
    assert refused.value.field == "without"
    done = put_together(lead, at("2026-09-10 18:00:01"), without="催办三次未答复。")
    assert (reload(assist).state, reload(assist).ended_at) == ("recalled", at("2026-09-10 18:00:01"))
    event = Event.objects.get(ticket=done.ticket, seq=done.seq)
    assert (event.data["silent"], event.data["without"]) == (["6301D025"], "催办三次未答复。")


def test_work_below_a_silent_unit_ends_with_it():
    district = signed(lead="630104", tier=3)
    street = take(sub_dispatch(district, by=person("chengxi"), now=MONDAY, unit="630104006").assignment)
    community = take(sub_dispatch(street, by=person("wenhuilu"), now=MONDAY, unit="630104006002").assignment)
    ask_extension(street, by=person("wenhuilu"), now=MONDAY, days=1, reason="等待")
    put_together(district, at("2026-09-11 09:00"), without="街道未答复。")
    assert (reload(street).state, reload(street).extension_pending) == ("recalled", False)
    assert reload(community).state == "recalled"
    assert not Assignment.objects.filter(ticket=district.ticket, state__in=["dispatched", "signed"]).exists()


def test_work_goes_down_level_by_level_and_comes_back_up():
    district = signed(lead="630104")
    street = take(sub_dispatch(district, by=person("chengxi"), now=MONDAY, unit="630104006").assignment)
    community = take(sub_dispatch(street, by=person("wenhuilu"), now=MONDAY, unit="630104006002").assignment)
    answer(community)
    assert put_together(street).ticket.state == "handling"
    assert put_together(district).ticket.state == "callback"


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("630104", "只能下派给"),  # itself
        ("630102001", "只能下派给"),  # another district's street
        ("6301D025", "只能下派给"),
        ("999", "没有代码为“999”的单位"),
    ],
)
def test_work_is_sent_down_to_ones_own_units_only(to, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        sub_dispatch(signed(lead="630104"), by=person("chengxi"), now=MONDAY, unit=to)
    assert refused.value.field == "unit"


def test_the_same_unit_is_not_given_the_work_twice():
    district = signed(lead="630104")
    sub_dispatch(district, by=person("chengxi"), now=MONDAY, unit="630104006")
    with pytest.raises(Refused, match="已在办理这张工单"):
        sub_dispatch(district, by=person("chengxi"), now=MONDAY, unit="630104006")


def test_a_duty_of_the_district_is_not_pushed_down_to_the_street():
    district = signed(lead="630104", item=item(7, lowest_level="district"))
    with pytest.raises(Refused, match="最低派至区县，不能派给"):
        sub_dispatch(district, by=person("chengxi"), now=MONDAY, unit="630104006")
    town_only = signed(lead="630104", item=item(7, lowest_level="town"))
    street = take(sub_dispatch(town_only, by=person("chengxi"), now=MONDAY, unit="630104006").assignment)
    with pytest.raises(Refused, match="最低派至街道（乡镇），不能派给"):
        sub_dispatch(street, by=person("wenhuilu"), now=MONDAY, unit="630104006002")


def test_the_event_of_a_sub_dispatch_names_the_assignment_it_came_from():
    done = sub_dispatch(signed(lead="630104"), by=person("chengxi"), now=MONDAY, unit="630104006")
    event = Event.objects.get(ticket=done.ticket, seq=done.seq)
    assert (event.ordinal, event.data["parent"], event.data["unit"]) == (2, 1, "630104006")


def test_a_shelved_ticket_may_be_answered_and_stays_shelved_until_it_is_cleared():
    assignment = signed()
    shelve(
        assignment.ticket,
        by=person("paidan1"),
        now=MONDAY,
        reason="须等开工",
        measures="先围挡",
        promised_on="2026-10-30",
    )
    assert answer(assignment, MONDAY + timedelta(days=1)).ticket.state == "shelved"


def test_a_reply_has_a_text_of_bounded_length():
    assignment = signed()
    with pytest.raises(Refused, match="办理情况：必填"):
        reply(assignment, by=handler_of(assignment), now=MONDAY, text="")
    with pytest.raises(Refused, match=r"办理情况不能超过 5000 字（现在 5001 字）") as refused:
        reply(assignment, by=handler_of(assignment), now=MONDAY, text="热" * 5001)
    assert refused.value.code == "too_large"
    assert reply(assignment, by=handler_of(assignment), now=MONDAY, text="𠮷" * 5000).ticket.state == "callback"
