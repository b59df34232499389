"""直接答复, 不予受理, 转接, 撤单, 重启: how a ticket ends without being handled, and comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import MONDAY, closed, dispatched, handler_of, item, person, registered, reload, replied, signed
from yousu.base.errors import Refused
from yousu.dispatch.verbs import accept_return, dispatch
from yousu.handling.verbs import return_assignment
from yousu.intake.verbs import answer, merge, refuse, reopen, transfer, withdraw
from yousu.tickets.models import Event

pytestmark = pytest.mark.django_db


def operator():
    return person("huawu1")


def data_of(done):
    return Event.objects.get(ticket=done.ticket, seq=done.seq).data


@pytest.mark.parametrize("kind", ["inquiry", "suggestion", "praise", "other"])
def test_what_needs_no_work_is_answered_at_once(kind):
    done = answer(registered(type=kind), by=operator(), now=MONDAY, text="工作日办理。", knowledge="知识库 12")
    assert (done.ticket.state, done.ticket.closed_as, done.ticket.closed_at) == ("closed", "answered", MONDAY)
    assert data_of(done)["knowledge"] == "知识库 12"


@pytest.mark.parametrize(("kind", "label"), [("help", "求助"), ("complaint", "投诉"), ("report", "举报")])
def test_help_complaints_and_reports_are_not_answered_away(kind, label):
    with pytest.raises(Refused, match=f"“{label}”类诉求须派单办理，不能直接答复"):
        answer(registered(type=kind), by=operator(), now=MONDAY, text="知道了。")


def test_a_ticket_that_came_back_from_a_unit_is_not_answered_away():
    assignment = dispatched(type="inquiry")
    return_assignment(assignment, by=handler_of(assignment), now=MONDAY, reason="非本单位", basis="职责")
    accept_return(assignment, by=person("paidan1"), now=MONDAY)
    with pytest.raises(Refused, match="现在还不能直接答复"):
        answer(assignment.ticket, by=operator(), now=MONDAY, text="知道了。")


def test_a_refusal_states_its_ground_its_basis_and_what_the_citizen_was_told():
    done = refuse(registered(), by=operator(), now=MONDAY, ground="litigation", told="请向法院反映。")
    data = data_of(done)
    assert (done.ticket.closed_as, data["ground"], data["told"]) == ("refused", "litigation", "请向法院反映。")
    assert data["basis"] == "《信访工作条例》第三十一条"


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"told": "请向法院反映。"}, "ground"),
        ({"ground": "litigation"}, "told"),
        ({"ground": "", "told": "x"}, "ground"),
    ],
)
def test_a_refusal_without_ground_or_word_to_the_citizen_is_refused(inputs, field):
    with pytest.raises(Refused, match="必填") as refused:
        refuse(registered(), by=operator(), now=MONDAY, **inputs)
    assert refused.value.field == field


def test_a_ground_outside_the_rules_is_refused():
    with pytest.raises(Refused, match="不予受理情形：请选择其中之一"):
        refuse(registered(), by=operator(), now=MONDAY, ground="boring", told="x")


def test_an_emergency_goes_to_its_own_number():
    done = transfer(registered(), by=operator(), now=MONDAY, body="119", three_way=True, reference="119-77")
    assert (done.ticket.state, done.ticket.closed_as) == ("closed", "transferred")
    assert (data_of(done)["body"], data_of(done)["three_way"]) == ("119", True)
    with pytest.raises(Refused, match="转接至：请选择其中之一"):
        transfer(registered(), by=operator(), now=MONDAY, body="911")


@pytest.mark.parametrize("verb", [answer, refuse, transfer, merge])
def test_a_ticket_already_given_out_does_not_end_at_the_desk(verb):
    inputs = {
        answer: {"text": "x"},
        refuse: {"ground": "secret", "told": "x"},
        transfer: {"body": "110"},
        merge: {"of": registered().number},
    }[verb]
    with pytest.raises(Refused, match="现在是“办理中”"):
        verb(dispatched(type="inquiry").ticket, by=operator(), now=MONDAY, **inputs)


def test_the_citizen_takes_it_back_and_open_work_is_recalled():
    assignment = signed(assists=["6301D025"])
    done = withdraw(assignment.ticket, by=operator(), now=MONDAY, reason="已自行解决")
    assert (done.ticket.state, done.ticket.closed_as) == ("closed", "withdrawn")
    assert set(assignment.ticket.assignments.values_list("state", flat=True)) == {"recalled"}
    with pytest.raises(Refused, match="不能撤单"):
        withdraw(replied().ticket, by=operator(), now=MONDAY, reason="不要了")


@pytest.mark.parametrize(("later", "allowed"), [(timedelta(days=90), True), (timedelta(days=90, seconds=1), False)])
def test_a_closed_ticket_is_reopened_until_the_last_second_of_its_ninetieth_day(later, allowed):
    ticket = closed(MONDAY)
    if allowed:
        done = reopen(ticket, by=operator(), now=MONDAY + later, reason="又不热了").ticket
        assert (done.state, done.closed_as, done.closed_at, done.reopen_count) == ("registered", "", None, 1)
        assert (done.callback_result, done.deadline) == ("", None)
    else:
        with pytest.raises(Refused, match="办结已超过 90 天，请登记新的工单并关联重复"):
            reopen(ticket, by=operator(), now=MONDAY + later, reason="又不热了")


def test_a_reopened_ticket_runs_again_with_new_assignments_and_keeps_what_it_counted():
    ticket = closed(MONDAY)
    reopen(ticket, by=person("duban1"), now=MONDAY, reason="暗访发现未办")
    done = dispatch(ticket, by=person("paidan1"), now=MONDAY, lead="630103", item=item(3))
    assert (done.assignment.ordinal, done.ticket.state) == (2, "handling")
    assert list(reload(ticket).assignments.order_by("ordinal").values_list("state", flat=True)) == [
        "closed",
        "dispatched",
    ]


def test_what_was_refused_transferred_merged_or_withdrawn_is_not_reopened():
    other = registered()
    ended = [
        refuse(registered(), by=operator(), now=MONDAY, ground="secret", told="x"),
        transfer(registered(), by=operator(), now=MONDAY, body="110"),
        withdraw(registered(), by=operator(), now=MONDAY, reason="x"),
        merge(registered(), by=operator(), now=MONDAY, of=other.number),
    ]
    for done in ended:
        with pytest.raises(Refused, match="现在还不能重启"):
            reopen(done.ticket, by=operator(), now=MONDAY, reason="再办")
    answered = answer(registered(type="inquiry"), by=operator(), now=MONDAY, text="已答").ticket
    assert reopen(answered, by=operator(), now=MONDAY, reason="答非所问").ticket.state == "registered"
