"""重办: half the original limit, and what is left after the third failure."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, at, handler_of, item, person, registered, reload, replied
from yousu.base.errors import Refused
from yousu.dispatch.verbs import call_consultation, dispatch_parallel, shelve
from yousu.evaluation.verbs import call_back, close, order_redo
from yousu.handling.verbs import record_contact, reply, sign
from yousu.tickets.registry import open_verbs
from yousu.tickets.store import DATABASE

pytestmark = pytest.mark.django_db


def not_satisfied(ticket, now=MONDAY):
    return call_back(ticket, by=person("huifang1"), now=now, connected=True, satisfaction="dissatisfied").ticket


def redo(ticket, now=MONDAY, by="huifang1"):
    return order_redo(ticket, by=person(by), now=now, reason="问题仍在。")


def do_again(assignment, now=MONDAY):
    sign(assignment, by=handler_of(assignment), now=now)
    reply(assignment, by=handler_of(assignment), now=now, text="已再次处理。")


@pytest.mark.parametrize(
    ("tier", "half", "due"),
    [
        (1, 1, "2026-09-08"),  # Tue 8
        (3, 2, "2026-09-09"),  # Tue 8, Wed 9
        (7, 4, "2026-09-11"),  # 8, 9, 10, Fri 11
        (11, 6, "2026-09-15"),  # 8, 9, 10, 11, Mon 14, Tue 15
    ],
)
def test_a_redo_has_half_the_limit_rounded_up_and_the_second_redo_half_of_the_original_too(tier, half, due):
    assignment = replied(item=item(tier, lowest_level="district" if tier == 11 else "community"))
    for round_ in (2, 3):
        ticket = redo(not_satisfied(assignment.ticket)).ticket
        again = reload(assignment)
        assert (again.limit, again.tier, again.round) == (half, tier, round_)
        assert again.deadline == ticket.deadline == at(f"{due} 18:00")
        do_again(assignment)


def test_a_redo_starts_every_clock_anew():
    assignment = replied()
    record_contact_before = reload(assignment).contacted_at
    redo(not_satisfied(assignment.ticket), at("2026-09-18 10:00"))  # Friday before the make-up Sunday
    again = reload(assignment)
    assert record_contact_before == MONDAY
    assert (again.state, again.signed_at, again.contacted_at, again.replied_at) == ("dispatched", None, None, None)
    assert again.sign_due == at("2026-09-20 18:00")
    assert again.contact_due == at("2026-09-19 10:00")
    assert again.deadline == at("2026-09-23 18:00")  # 20 (make-up), 21, 22, 23
    sign(assignment, by=handler_of(assignment), now=at("2026-09-18 11:00"))
    record_contact(assignment, by=handler_of(assignment), now=at("2026-09-18 12:00"))
    assert reload(assignment).contacted_at == at("2026-09-18 12:00")


def test_after_the_third_failure_only_consultation_or_shelving_is_left():
    assignment = replied()
    for _ in range(2):
        redo(not_satisfied(assignment.ticket))
        do_again(assignment)
    ticket = not_satisfied(assignment.ticket)
    assert ticket.failure_count == 3
    with pytest.raises(Refused, match="回访已 3 次不通过，请会商或挂账") as refused:
        redo(ticket)
    assert refused.value.open == ["会商", "挂账"]
    with pytest.raises(Refused, match="现在还不能办结"):
        close(ticket, by=person("huifang1"), now=MONDAY, reason="算了")
    with pytest.raises(Refused, match="现在还不能回访"):
        not_satisfied(ticket)
    case = DATABASE.load(ticket.pk)
    assert {verb.label for verb in open_verbs(case, None, person("paidan1"))} == {"会商", "挂账"}


@pytest.mark.parametrize("way", ["会商", "挂账"])
def test_both_ways_out_are_open_after_the_third_failure(way):
    assignment = replied()
    for _ in range(2):
        redo(not_satisfied(assignment.ticket))
        do_again(assignment)
    ticket = not_satisfied(assignment.ticket)
    if way == "会商":
        done = call_consultation(ticket, by=person("paidan1"), now=MONDAY, question="反复不满意", invited=["630102"])
        assert done.ticket.state == "consulting"
    else:
        done = shelve(
            ticket, by=person("paidan1"), now=MONDAY, reason="须改造", measures="先维护", promised_on="2026-11-02"
        )
        assert done.ticket.state == "shelved"


def test_no_redo_without_a_failed_callback():
    with pytest.raises(Refused, match="现在还不能重办"):
        redo(replied().ticket)


def test_a_redo_may_be_ordered_by_the_hotlines_supervisor_and_not_by_the_unit():
    assignment = replied()
    ticket = not_satisfied(assignment.ticket)
    with pytest.raises(Refused, match="权限"):
        redo(ticket, by="chengdong")
    assert redo(ticket, by="duban1").ticket.state == "handling"


def test_in_parallel_both_do_it_again():
    first = dispatch_parallel(
        registered(), by=person("paidan1"), now=MONDAY, territory="630102", trade="6301D025", item=item(3)
    )
    rows = list(first.ticket.assignments.order_by("ordinal"))
    for row in rows:
        do_again(row)
    redo(not_satisfied(first.ticket))
    assert [(r.state, r.round, r.limit) for r in map(reload, rows)] == [("dispatched", 2, 2)] * 2
    do_again(rows[0])
    assert reload(first.ticket).state == "handling"
    do_again(rows[1])
    assert reload(first.ticket).state == "callback"
