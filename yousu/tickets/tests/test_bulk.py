"""Cases kept in memory behave like cases in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import MONDAY, handler_of, item, person, registered, reload
from yousu.base.errors import Refused
from yousu.dispatch.verbs import accept_return, dispatch
from yousu.handling.verbs import return_assignment, sign
from yousu.intake.verbs import link_repeat, refuse, register
from yousu.tickets import chain
from yousu.tickets.bulk import Memory
from yousu.tickets.models import Assignment, Return, Ticket

pytestmark = pytest.mark.django_db


def taken_in(memory, **inputs):
    inputs = {"content": "楼道照明不亮。", "caller_phone": "13900000001", "area": "630102001", **inputs}
    return register(by=person("huawu1"), now=MONDAY, store=memory, **inputs).ticket


def sent(memory, ticket, lead="630102"):
    by = person("paidan1")
    return dispatch(ticket, by=by, now=MONDAY, store=memory, lead=lead, item=item(7)).assignment


def test_a_case_is_nowhere_until_it_is_written_and_then_it_is_whole():
    memory = Memory()
    ticket = taken_in(memory, caller_name="王小明")
    assignment = sent(memory, ticket)
    sign(assignment, by=handler_of(assignment), now=MONDAY, store=memory)
    assert not Ticket.objects.exists()
    assert memory.flush_all() == 1
    written = reload(ticket)
    assert (written.state, written.seq, written.caller_name.open()) == ("handling", 3, "王小明")
    assert chain.first_break(written.number, written.events.order_by("seq"), written.head) is None
    assert Assignment.objects.get(ticket=written).state == "signed"


def test_a_refused_verb_leaves_the_case_as_it_was():
    memory = Memory()
    assignment = sent(memory, taken_in(memory))
    handler, dispatcher = handler_of(assignment), person("paidan1")
    return_assignment(assignment, by=handler, now=MONDAY, store=memory, reason="不归我区", basis="职责清单")
    with pytest.raises(Refused, match="已在办理这张工单"):
        accept_return(assignment, by=dispatcher, now=MONDAY, store=memory, redirect_to="630102")
    case = memory.load(assignment.ticket_id)
    assert [a.state for a in case.assignments] == ["returning"]
    assert (case.ticket.return_count, case.ticket.seq) == (0, 3)
    accept_return(assignment, by=dispatcher, now=MONDAY, store=memory, redirect_to="630103")
    memory.flush_all()
    assert Return.objects.get(ticket=assignment.ticket_id).decision == "accepted"
    assert list(Assignment.objects.order_by("ordinal").values_list("state", flat=True)) == ["returned", "dispatched"]


def test_open_cases_stay_in_memory_and_closed_ones_are_written():
    memory = Memory()
    going_on, over, kept = taken_in(memory), taken_in(memory), taken_in(memory)
    for ticket in (over, kept):
        refuse(ticket, by=person("huawu1"), now=MONDAY, store=memory, ground="outside", told="不属于受理范围。")
    assert memory.flush(keep={kept.pk}) == 1
    assert set(Ticket.objects.values_list("pk", flat=True)) == {over.pk}
    assert set(memory.cases) == {going_on.pk, kept.pk}


def test_a_case_waits_for_the_one_that_it_repeats():
    memory = Memory()
    older, newer = taken_in(memory), taken_in(memory)
    link_repeat(newer, by=person("huawu1"), now=MONDAY, store=memory, of=older.number)
    refuse(newer, by=person("huawu1"), now=MONDAY, store=memory, ground="outside", told="不属于受理范围。")
    assert memory.flush() == 0
    refuse(older, by=person("huawu1"), now=MONDAY, store=memory, ground="outside", told="不属于受理范围。")
    assert memory.flush() == 2
    assert reload(newer).repeat_of_id == older.pk


def test_a_written_case_is_still_found_by_its_number():
    memory = Memory()
    older = taken_in(memory)
    memory.flush_all()
    newer = taken_in(memory)
    link_repeat(newer, by=person("huawu1"), now=MONDAY + timedelta(hours=1), store=memory, of=older.number)
    assert memory.load(newer.pk).ticket.repeat_of_id == older.pk
    with pytest.raises(Refused, match="没有这张工单"):
        memory.load(older.pk)


def test_the_same_request_of_the_same_source_is_taken_in_once():
    memory = Memory()
    first = taken_in(memory, source="old", external_id="7")
    assert taken_in(memory, source="old", external_id="7").pk == first.pk
    memory.flush_all()
    assert taken_in(memory, source="old", external_id="7").pk == first.pk
    assert Ticket.objects.count() == 1


def test_live_writers_beside_a_bulk_run_get_other_ids_and_numbers():
    memory = Memory()
    bulk = [taken_in(memory)]
    live = [registered()]
    bulk += [taken_in(memory) for _ in range(70)]  # more than the first block
    live += [registered() for _ in range(3)]
    memory.flush_all()
    assert Ticket.objects.count() == len({t.pk for t in bulk + live}) == len({t.number for t in bulk + live}) == 75


def test_every_verb_of_a_bulk_run_that_names_files_is_refused():
    with pytest.raises(Refused, match="附件"):
        taken_in(Memory(), attachments=[1])
