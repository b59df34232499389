"""派单: to whom work may go, recall, consultation."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, at, dispatched, handler_of, item, person, registered, reload, replied, signed
from yousu.base.errors import Refused
from yousu.dispatch.models import Consultation
from yousu.dispatch.verbs import (
    call_consultation,
    conclude_consultation,
    dispatch,
    dispatch_parallel,
    force_assign,
    recall,
)
from yousu.evaluation.verbs import call_back, order_redo
from yousu.handling.verbs import sign
from yousu.tickets.models import Event

pytestmark = pytest.mark.django_db


def send(ticket, lead="630102", now=MONDAY, **inputs):
    return dispatch(ticket, by=person("paidan1"), now=now, lead=lead, **{"item": item(7), **inputs})


def test_an_order_needs_an_item_of_the_catalogue_in_force():
    ticket = registered()
    with pytest.raises(Refused, match="请先选择派单事项") as refused:
        send(ticket, item="")
    assert refused.value.field == "item"
    with pytest.raises(Refused, match="现行派单目录中没有编码为“XX-1”的事项"):
        send(ticket, item="XX-1")


@pytest.mark.parametrize("code", ["6301", "6301C001"])
def test_the_city_and_the_hotline_itself_are_no_handling_units(code):
    with pytest.raises(Refused, match="不是承办单位"):
        send(registered(), lead=code)


def test_no_unit_gets_the_same_ticket_twice():
    with pytest.raises(Refused, match="同一单位不能重复派单") as refused:
        send(registered(), assists=["630102"])
    assert refused.value.field == "assists"
    with pytest.raises(Refused, match="同一单位不能重复派单"):
        send(registered(), assists=["6301D025", "6301D025"])
    with pytest.raises(Refused, match="同一单位不能重复派单"):
        dispatch_parallel(
            registered(), by=person("paidan1"), now=MONDAY, territory="630102", trade="630102", item=item(7)
        )


@pytest.mark.parametrize(
    ("level", "unit", "allowed"),
    [
        ("city", "6301D025", True),
        ("city", "630102", False),
        ("district", "630102", True),
        ("district", "630102001", False),
        ("town", "630102001", True),
        ("town", "630102001001", False),
        ("community", "630102001001", True),
    ],
)
def test_work_does_not_go_below_the_lowest_level_of_its_item(level, unit, allowed):
    ticket = registered()
    if allowed:
        assert send(ticket, lead=unit, item=item(7, lowest_level=level)).ticket.state == "handling"
    else:
        with pytest.raises(Refused, match="最低派至"):
            send(ticket, lead=unit, item=item(7, lowest_level=level))


def test_an_order_to_a_street_copies_its_district():
    done = send(registered(), lead="630102001")
    assert Event.objects.get(ticket=done.ticket, seq=done.seq).data["copied_to"] == "630102"


@pytest.mark.parametrize(
    ("accused", "lead", "allowed"),
    [
        ("630104006", "630104006", False),  # itself
        ("630104006", "630104006002", False),  # below it
        ("630104006", "630104", True),  # its superior
        ("630104006", "630104003", True),  # its neighbour
        ("630104", "630104006", False),
        ("6301D016", "6301D017", False),  # a department's own division
        ("6301D017", "6301D016", True),
    ],
)
def test_a_complaint_does_not_go_to_the_body_complained_of_nor_below_it(accused, lead, allowed):
    level = "city" if lead.startswith("6301D") else "community"
    ticket = registered(type="complaint", accused_unit=accused)
    if allowed:
        assert send(ticket, lead=lead, item=item(7, lowest_level=level)).assignment.unit.code == lead
    else:
        with pytest.raises(Refused, match="是被反映单位或其下属，须回避"):
            send(ticket, lead=lead, item=item(7, lowest_level=level))


def test_recusal_holds_for_assistants_and_after_a_consultation_too():
    ticket = registered(accused_unit="6301D025", item=item(7))
    with pytest.raises(Refused, match="须回避") as refused:
        send(ticket, assists=["6301D025"])
    assert refused.value.field == "assists"
    call_consultation(ticket, by=person("paidan1"), now=MONDAY, question="谁办", invited=["630102", "6301D025"])
    with pytest.raises(Refused, match="须回避"):
        conclude_consultation(ticket, by=person("paidan1"), now=MONDAY, minutes="由房产局办。", lead="6301D025")
    assert reload(ticket).state == "consulting"


def test_a_dispatch_that_nobody_has_signed_is_recalled():
    assignment = dispatched(assists=["6301D025"])
    ticket = recall(assignment.ticket, by=person("paidan1"), now=MONDAY, reason="派错单位").ticket
    assert (ticket.state, ticket.deadline, ticket.return_count) == ("registered", None, 0)
    assert set(ticket.assignments.values_list("state", flat=True)) == {"recalled"}
    assert send(ticket, lead="630103").assignment.ordinal == 3


def test_once_signed_by_one_of_them_it_is_not_recalled():
    assignment = dispatched(assists=["6301D025"])
    sign(assignment.ticket.assignments.get(role="assist"), by=person("fangchan"), now=MONDAY)
    with pytest.raises(Refused, match="现在还不能收回"):
        recall(assignment.ticket, by=person("paidan1"), now=MONDAY, reason="派错单位")


def test_a_consultation_designates_who_must_act_and_its_clock_starts_then():
    ticket = registered(item=item(7))
    call_consultation(ticket, by=person("paidan1"), now=MONDAY, question="职责不清", invited=["630102", "6301D025"])
    with pytest.raises(Refused, match="现在是“会商中”，不能派单"):
        send(ticket)
    done = conclude_consultation(
        ticket, by=person("paidan2"), now=at("2026-09-09 15:00"), minutes="由房产局主办。", lead="630102", tier="3"
    )
    # Three workdays from Wednesday 9: Thu 10, Fri 11, Mon 14.
    assert (done.assignment.forced, done.assignment.deadline) == (True, at("2026-09-14 18:00"))
    row = Consultation.objects.get(ticket=ticket)
    assert (row.invited, row.designated, row.concluded_by) == (["630102", "6301D025"], "630102", person("paidan2"))


def test_a_consultation_invites_somebody_and_nobody_twice():
    ticket = registered()
    for invited in ([], ["630102", "630102"], ["不存在"]):
        with pytest.raises(Refused) as refused:
            call_consultation(ticket, by=person("paidan1"), now=MONDAY, question="职责不清", invited=invited)
        assert refused.value.field == "invited"


def test_force_is_not_offered_before_anything_was_returned():
    with pytest.raises(Refused, match="现在还不能指定承办"):
        force_assign(registered(), by=person("paidan1"), now=MONDAY, lead="630102", reason="首接负责")


def test_a_dispatched_ticket_is_not_dispatched_again():
    assignment = signed()
    with pytest.raises(Refused, match="现在是“办理中”，不能派单") as refused:
        send(assignment.ticket, lead="630103")
    assert (refused.value.code, refused.value.open) == ("state", ["关联重复", "挂账"])


def test_after_a_failed_callback_a_consultation_ends_the_old_work():
    assignment = replied()
    ticket = assignment.ticket
    call_back(ticket, by=person("huifang1"), now=MONDAY, connected=True, satisfaction="dissatisfied")
    call_consultation(ticket, by=person("paidan1"), now=MONDAY, question="反复不满意", invited=["630102"])
    done = conclude_consultation(ticket, by=person("paidan1"), now=MONDAY, minutes="由城中区办。", lead="630103")
    assert reload(assignment).state == "closed"
    assert (done.ticket.state, done.ticket.callback_result, done.ticket.failure_count) == ("handling", "", 1)
    with pytest.raises(Refused, match="不能重办"):
        order_redo(ticket, by=person("huifang1"), now=MONDAY, reason="再办")
    assert handler_of(done.assignment).username == "chengzhong"


def test_only_dispatchers_dispatch():
    for username in ("huawu1", "chengdong", "huifang1", "sysadmin", "lingdao1"):
        with pytest.raises(Refused, match="没有“派单”的权限：可由派单员办理"):
            dispatch(registered(), by=person(username), now=MONDAY, lead="630102", item=item(7))
