"""退单: until when, how often, and what can never go back."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, at, dispatched, handler_of, item, person, registered, reload, replied, signed
from yousu.base.errors import Refused
from yousu.dispatch.verbs import (
    accept_return,
    call_consultation,
    conclude_consultation,
    dispatch,
    dispatch_parallel,
    force_assign,
    reject_return,
    shelve,
)
from yousu.evaluation.verbs import call_back, order_redo
from yousu.handling.verbs import return_assignment, sign, sub_dispatch
from yousu.tickets.models import Return

pytestmark = pytest.mark.django_db
WHY = {"reason": "不属于本单位职责。", "basis": "“三定”规定第三条"}
DISPATCHER = "paidan1"


def ask(assignment, now=MONDAY, **inputs):
    return return_assignment(assignment, by=handler_of(assignment), now=now, **{**WHY, **inputs})


def returned(ticket, lead="630102", now=MONDAY):
    """Dispatch once more and have it returned."""
    assignment = dispatch(ticket, by=person(DISPATCHER), now=now, lead=lead, item=item(7)).assignment
    ask(assignment, now)
    return accept_return(assignment, by=person(DISPATCHER), now=now)


@pytest.mark.parametrize(
    ("dispatched_at", "last"),
    [
        ("2026-09-07 09:00", "2026-09-08 18:00"),  # Mon → Tue
        ("2026-09-11 17:59:59", "2026-09-14 18:00"),  # Fri → Mon
        ("2026-09-18 09:00", "2026-09-20 18:00"),  # Fri → the make-up Sunday
        ("2026-09-30 09:00", "2026-10-08 18:00"),  # over National Day
    ],
)
def test_a_return_may_be_asked_for_until_the_last_second_of_the_next_workday(dispatched_at, last):
    in_time = dispatched(at(dispatched_at))
    assert ask(in_time, at(last + ":00")).assignment.state == "returning"
    late = dispatched(at(dispatched_at))
    with pytest.raises(Refused, match="退单须在派单后 1 个工作日内提出，期限为"):
        ask(late, at(last + ":01"))
    assert reload(late).state == "dispatched" and not Return.objects.filter(ticket=late.ticket).exists()


@pytest.mark.parametrize("missing", ["reason", "basis"])
def test_a_return_needs_its_reason_and_its_basis(missing):
    with pytest.raises(Refused, match="必填") as refused:
        ask(dispatched(), **{missing: "  "})
    assert refused.value.field == missing


def test_a_ticket_is_returned_twice_in_its_life_and_then_only_consultation_or_force_is_left():
    ticket = registered()
    returned(ticket, "630102")
    returned(ticket, "630103")
    assert (reload(ticket).return_count, reload(ticket).state) == (2, "registered")
    with pytest.raises(Refused, match="已退单 2 次，不能再普通派单") as refused:
        dispatch(ticket, by=person(DISPATCHER), now=MONDAY, lead="630104", item=item(7))
    assert refused.value.open == ["会商", "指定承办"]
    with pytest.raises(Refused, match="不能再普通派单"):
        dispatch_parallel(ticket, by=person(DISPATCHER), now=MONDAY, territory="630104", trade="6301D025", item=item(7))


def test_the_third_return_is_refused_even_while_others_are_still_being_judged():
    ticket = registered()
    returned(ticket)
    dispatch_parallel(ticket, by=person(DISPATCHER), now=MONDAY, territory="630102", trade="6301D025", item=item(7))
    territory, trade = ticket.assignments.order_by("ordinal")[1:]
    ask(territory)
    with pytest.raises(Refused, match="这张工单已退单 2 次，不能再退"):
        ask(trade)


def test_after_the_second_return_nothing_is_redirected_directly():
    ticket = registered()
    returned(ticket)
    second = dispatch(ticket, by=person(DISPATCHER), now=MONDAY, lead="630103", item=item(7)).assignment
    ask(second)
    with pytest.raises(Refused, match="不能再普通派单"):
        accept_return(second, by=person(DISPATCHER), now=MONDAY, redirect_to="630104")
    assert (reload(second).state, reload(ticket).return_count) == ("returning", 1)


def test_a_forced_assignment_cannot_be_returned():
    ticket = registered()
    returned(ticket)
    with pytest.raises(Refused, match="退单满 2 次后才能指定承办，现在 1 次"):
        force_assign(ticket, by=person(DISPATCHER), now=MONDAY, lead="630104", reason="首接负责")
    returned(ticket, "630103")
    forced = force_assign(ticket, by=person(DISPATCHER), now=MONDAY, lead="630104", reason="首接负责").assignment
    assert forced.forced
    with pytest.raises(Refused, match="不能退单"):
        ask(forced)


def test_a_unit_designated_by_consultation_and_its_assistants_cannot_return():
    ticket = registered(item=item(7))
    call_consultation(ticket, by=person(DISPATCHER), now=MONDAY, question="职责不清", invited=["630102", "6301D025"])
    done = conclude_consultation(
        ticket, by=person(DISPATCHER), now=MONDAY, minutes="由城东区主办。", lead="630102", assists=["6301D025"]
    )
    for assignment in done.ticket.assignments.all():
        with pytest.raises(Refused, match="不能退单"):
            ask(assignment)


def test_a_rejected_return_cannot_be_asked_for_again_and_the_clock_went_on():
    assignment = signed()
    ask(assignment)
    rejected = reject_return(assignment, by=person(DISPATCHER), now=MONDAY, opinion="属贵单位职责。").assignment
    assert (rejected.state, rejected.deadline, rejected.return_rejected) == ("signed", at("2026-09-16 18:00"), True)
    with pytest.raises(Refused, match="不能退单"):
        ask(assignment)
    unsigned = dispatched()
    ask(unsigned)
    assert (
        reject_return(unsigned, by=person(DISPATCHER), now=MONDAY, opinion="请办理。").assignment.state == "dispatched"
    )


def test_a_redo_cannot_be_returned():
    assignment = replied()
    ticket = assignment.ticket
    call_back(ticket, by=person("huifang1"), now=MONDAY, connected=True, satisfaction="dissatisfied")
    order_redo(ticket, by=person("huifang1"), now=MONDAY, reason="未处理")
    with pytest.raises(Refused, match="重办的工单不能退单"):
        ask(assignment)


def test_an_accepted_return_goes_back_to_the_dispatcher_and_everything_below_ends_with_it():
    lead = signed(lead="630104", assists=["6301D025"])
    street = sub_dispatch(lead, by=person("chengxi"), now=MONDAY, unit="630104006").assignment
    sign(street, by=person("wenhuilu"), now=MONDAY)
    community = sub_dispatch(street, by=person("wenhuilu"), now=MONDAY, unit="630104006002").assignment
    ask(lead)
    accept_return(lead, by=person(DISPATCHER), now=MONDAY)
    states = dict(lead.ticket.assignments.values_list("unit__code", "state"))
    assert states == {"630104": "returned", "6301D025": "recalled", "630104006": "recalled", "630104006002": "recalled"}
    assert reload(community).ended_at == MONDAY
    ticket = reload(lead.ticket)
    assert (ticket.state, ticket.deadline, ticket.return_count) == ("registered", None, 1)


def test_a_return_may_be_redirected_to_another_unit_in_the_same_role_but_not_to_one_that_has_it():
    lead = dispatched(lead="630102", assists=["6301D025"])
    ask(lead)
    for code in ("630102", "6301D025"):
        with pytest.raises(Refused, match="已在办理这张工单"):
            accept_return(lead, by=person(DISPATCHER), now=MONDAY, redirect_to=code)
    fresh = accept_return(lead, by=person(DISPATCHER), now=at("2026-09-08 10:00"), redirect_to="630103").assignment
    # Seven workdays from Tuesday 8: 9, 10, 11, 14, 15, 16, Thu 17.
    assert (fresh.role, fresh.unit.code, fresh.deadline) == ("lead", "630103", at("2026-09-17 18:00"))
    assert reload(lead.ticket).deadline == at("2026-09-17 18:00")


def test_what_a_unit_sent_down_is_judged_by_that_unit_and_does_not_count_for_the_ticket():
    district = signed(lead="630104")
    street = sub_dispatch(district, by=person("chengxi"), now=MONDAY, unit="630104006").assignment
    ask(street)
    with pytest.raises(Refused, match="权限"):
        accept_return(street, by=person(DISPATCHER), now=MONDAY)
    with pytest.raises(Refused, match="只能改派给"):
        accept_return(street, by=person("chengxi"), now=MONDAY, redirect_to="630102001")
    fresh = accept_return(street, by=person("chengxi2"), now=MONDAY, redirect_to="630104003").assignment
    assert (fresh.parent_id, fresh.role) == (district.pk, "sub")
    assert reload(district.ticket).return_count == 0


def test_only_a_ticket_being_handled_is_returned_and_a_pending_return_is_judged_before_shelving():
    assignment = dispatched()
    shelving = {"reason": "须等开工", "measures": "先围挡", "promised_on": "2026-10-30"}
    ask(assignment)
    with pytest.raises(Refused, match="退单待审"):
        shelve(assignment.ticket, by=person(DISPATCHER), now=MONDAY, **shelving)
    other = dispatched()
    shelve(other.ticket, by=person(DISPATCHER), now=MONDAY, **shelving)
    with pytest.raises(Refused, match="现在是“挂账”，不能退单"):
        ask(other)
