"""The timeline in plain Chinese."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.factories import MONDAY, at, dispatched, handler_of, item, person, registered, replied, signed
from yousu.city import directory
from yousu.city.models import Staff
from yousu.dispatch.verbs import accept_return, call_consultation, conclude_consultation, grant_extension, shelve
from yousu.evaluation.verbs import call_back, order_redo
from yousu.handling.verbs import ask_extension, return_assignment, sub_dispatch
from yousu.intake.verbs import link_repeat, refuse, transfer
from yousu.tickets.models import Ticket
from yousu.tickets.registry import REGISTRY
from yousu.tickets.story import HEADLINES, Teller, Told, tell

pytestmark = pytest.mark.django_db


def told(ticket: Ticket, **how: object) -> list[Told]:
    people = dict(Staff.objects.values_list("pk", "name"))
    teller = Teller(people, directory.current(), **how)  # type: ignore[arg-type]
    return [tell(event, teller) for event in ticket.events.order_by("seq")]


def test_every_event_a_verb_writes_has_its_own_words():
    assert {verb.event for verb in REGISTRY.values()} <= HEADLINES.keys()


def test_a_dispatch_tells_to_whom_with_which_deadline():
    ticket = dispatched(item=item(7), assists=["6301D025"], content="路灯不亮。").ticket
    last = told(ticket)[-1]
    name = directory.current().items[item(7)].name
    assert last.headline == f"派单给城东区（主办）、市房产局（协办），事项“{name}”"
    assert last.who == "派单员 派单员·甲（热线中心）"
    # Seven workdays after Monday 7 September 2026: 8, 9, 10, 11, 14, 15, 16.
    assert last.changed == (
        "工单：待派单 → 办理中",
        "工单期限：2026年9月16日 18:00",
        "派单1：城东区（主办），7 个工作日，2026年9月16日 18:00前办结",
        "派单2：市房产局（协办），7 个工作日，2026年9月16日 18:00前办结",
    )


def test_a_granted_extension_tells_the_old_and_the_new_deadline():
    assignment = signed()
    ask_extension(assignment, by=handler_of(assignment), now=MONDAY, days=2, reason="等待配件到货。")
    grant_extension(assignment, by=person("paidan1"), now=MONDAY, told="已电话告知市民。")
    asked, granted = told(assignment.ticket)[-2:]
    assert asked.headline == "申请延期 2 个工作日"
    assert asked.said == (("理由", "等待配件到货。"),)
    assert granted.headline == "同意延期 2 个工作日"
    assert "派单1期限：2026年9月16日 18:00 → 2026年9月18日 18:00" in granted.changed


def test_a_return_tells_where_the_work_went():
    assignment = dispatched()
    handler = handler_of(assignment)
    return_assignment(assignment, by=handler, now=MONDAY, reason="非本区职责", basis="三定方案", suggested="6301D025")
    accept_return(assignment, by=person("paidan1"), now=MONDAY, redirect_to="6301D025")
    asked, accepted = told(assignment.ticket)[-2:]
    assert asked.headline == "申请退单，建议改派市房产局"
    assert asked.said == (("理由", "非本区职责"), ("依据", "三定方案"))
    assert accepted.headline == "同意退单，改派市房产局"


def test_a_failed_callback_and_its_redo_are_told_in_words():
    assignment = replied()
    ticket = assignment.ticket
    call_back(ticket, by=person("huifang1"), now=MONDAY, connected=True, contacted=False, satisfaction="dissatisfied")
    order_redo(ticket, by=person("huifang1"), now=MONDAY, reason="请重新办理。")
    called, redo = told(ticket)[-2:]
    assert called.headline == "第 1 次回访，接通：单位没有联系过市民，问题未解决，不满意"
    assert redo.headline == "要求重办（回访第 1 次不通过）"
    assert "派单1：第 2 轮办理" in redo.changed


def test_refusal_and_transfer_name_the_ground_and_the_body():
    first, second = registered(), registered(caller_phone="13900000002")
    refuse(first, by=person("huawu1"), now=MONDAY, ground="outside", told="请向企业反映。")
    transfer(second, by=person("huawu1"), now=MONDAY, body="110", three_way=True)
    assert told(first)[-1].headline == "不予受理：不属于政府职责范围"
    assert told(second)[-1].headline == "三方通话后转接至110 报警服务台"


def test_a_link_is_not_told_to_those_who_may_not_know_it():
    older, newer = registered(), registered()
    link_repeat(newer, by=person("huawu1"), now=MONDAY + timedelta(hours=1), of=older.number)
    assert told(newer)[-1].headline == f"与工单{older.number}关联为重复诉求"
    assert told(newer, hide_links=True)[-1].headline == "与另一张工单关联为重复诉求"


def test_a_deadline_over_a_year_without_calendar_is_told_as_provisional():
    ticket = dispatched(at("2026-12-30 10:00")).ticket
    assert any("（期限暂定）" in sentence for sentence in told(ticket)[-1].changed)


def test_no_code_reaches_the_reader():
    """Latin words in a story would be codes; the unit of a number and the names of things have none."""
    busy = signed(assists=["6301D025"])
    sub_dispatch(busy, by=handler_of(busy), now=MONDAY, unit="630102001", advice="请到现场。")
    shelve(
        busy.ticket, by=person("paidan1"), now=MONDAY, reason="管网改造", measures="临时供水", promised_on="2026-12-01"
    )
    unclear = registered(caller_phone="13900000003")
    call_consultation(unclear, by=person("paidan1"), now=MONDAY, question="权属不清", invited=["630102", "6301D026"])
    conclude_consultation(
        unclear, by=person("paidan1"), now=MONDAY, minutes="由城管局承办", lead="6301D026", item=item(7)
    )
    stories = told(busy.ticket) + told(unclear)
    assert len(stories) == 8
    for one in stories:
        words = " ".join([one.headline, one.who, *one.changed, *(text for _, text in one.said)])
        assert not re.search(r"[A-Za-z_]{2,}|\d{6,}[A-Z]\d+|None", words), words
