"""For every verb a situation in which it is open: what it acts on, and inputs that it takes.

A verb without a situation fails the permission matrix, so that no verb is added without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.factories import (
    MONDAY,
    dispatched,
    handler_of,
    item,
    person,
    registered,
    reload,
    replied,
    signed,
)
from yousu.dispatch.verbs import accept_return, call_consultation, dispatch, shelve
from yousu.evaluation.verbs import call_back
from yousu.handling.verbs import ask_extension, record_contact, reply, return_assignment, sign, sub_dispatch
from yousu.tickets.models import Assignment, Ticket

DISTRICT, TOWN, OTHER = "630102", "630102001", "630103"
REASON = {"reason": "情况属实，按规定办理。"}
BASIS = {"reason": "不属于本单位职责。", "basis": "三定方案第二条。"}


@dataclass
class Situation:
    target: Ticket | Assignment | None
    inputs: dict[str, Any] = field(default_factory=dict)


Builder = Callable[[], Situation]
SITUATIONS: dict[str, list[Builder]] = {}


def situation(*verbs: str) -> Callable[[Builder], Builder]:
    def keep(builder: Builder) -> Builder:
        for verb in verbs:
            SITUATIONS.setdefault(verb, []).append(builder)
        return builder

    return keep


# -- 接 -------------------------------------------------------------------------------------------------------------


@situation("register")
def nothing_yet() -> Situation:
    return Situation(None, {"content": "路灯不亮，请派人维修。", "area": TOWN})


@situation("answer")
def an_inquiry() -> Situation:
    return Situation(registered(type="inquiry"), {"text": "社保卡可在就近银行网点办理。"})


@situation("refuse")
def a_registered_ticket_to_refuse() -> Situation:
    return Situation(registered(), {"ground": "litigation", "told": "已告知通过诉讼途径解决。"})


@situation("transfer")
def a_ticket_for_the_police() -> Situation:
    return Situation(registered(), {"body": "110"})


@situation("link_repeat", "merge")
def a_second_ticket_of_the_same_matter() -> Situation:
    first = registered()
    return Situation(registered(), {"of": first.number, "reason": "同一人同一事项。"})


@situation("withdraw")
def a_registered_ticket() -> Situation:
    return Situation(registered(), {"reason": "市民来电表示已自行解决。"})


@situation("reopen")
def a_closed_ticket() -> Situation:
    ticket = replied().ticket
    done = call_back(ticket, by=person("huifang1"), now=MONDAY, connected=True, solved=True, satisfaction="satisfied")
    return Situation(done.ticket, {"reason": "市民再次来电，问题反弹。"})


# -- 派 -------------------------------------------------------------------------------------------------------------


@situation("dispatch")
def a_ticket_to_dispatch() -> Situation:
    return Situation(registered(), {"lead": DISTRICT, "item": item(7)})


@situation("dispatch_parallel")
def a_complex_ticket() -> Situation:
    return Situation(registered(), {"territory": DISTRICT, "trade": OTHER, "item": item(7)})


@situation("recall")
def a_dispatch_that_nobody_signed() -> Situation:
    return Situation(dispatched().ticket, {"reason": "派错单位。"})


@situation("call_consultation")
def a_ticket_with_no_clear_owner() -> Situation:
    return Situation(registered(), {"question": "职责不清，请共同研究。", "invited": [DISTRICT, OTHER]})


@situation("conclude_consultation")
def a_consultation_under_way() -> Situation:
    ticket = registered()
    call_consultation(ticket, by=person("paidan1"), now=MONDAY, question="职责不清。", invited=[DISTRICT, OTHER])
    return Situation(ticket, {"minutes": "由城东区牵头。", "lead": DISTRICT, "item": item(7)})


@situation("force_assign")
def a_ticket_returned_twice() -> Situation:
    ticket = registered()
    for lead in (DISTRICT, OTHER):
        done = dispatch(ticket, by=person("paidan1"), now=MONDAY, lead=lead, item=item(7))
        assert done.assignment is not None
        return_assignment(done.assignment, by=handler_of(done.assignment), now=MONDAY, **BASIS)
        accept_return(done.assignment, by=person("paidan1"), now=MONDAY)
    return Situation(ticket, {"lead": DISTRICT, "reason": "首接负责。"})


def _sent_down() -> Assignment:
    lead = signed()
    done = sub_dispatch(lead, by=handler_of(lead), now=MONDAY, unit=TOWN)
    assert done.assignment is not None
    return done.assignment


JUDGED_RETURN = {"opinion": "情况属实。"}


@situation("accept_return", "reject_return")
def a_return_asked_of_the_dispatcher() -> Situation:
    lead = dispatched()
    return_assignment(lead, by=handler_of(lead), now=MONDAY, **BASIS)
    return Situation(lead, JUDGED_RETURN)


@situation("accept_return", "reject_return")
def a_return_asked_of_the_unit_above() -> Situation:
    below = _sent_down()
    return_assignment(below, by=handler_of(below), now=MONDAY, **BASIS)
    return Situation(below, JUDGED_RETURN)


def _asked_for_time(assignment: Assignment) -> Assignment:
    ask_extension(assignment, by=handler_of(assignment), now=MONDAY, days=1, reason="需要等待配件。")
    return assignment


@situation("grant_extension")
def an_extension_asked_of_the_dispatcher() -> Situation:
    return Situation(_asked_for_time(signed()), {"told": "已电话告知市民延期一天。", "opinion": "同意。"})


@situation("grant_extension")
def an_extension_asked_of_the_unit_above() -> Situation:
    lead = signed()
    _asked_for_time(lead)
    done = sub_dispatch(lead, by=handler_of(lead), now=MONDAY, unit=TOWN)
    below = done.assignment
    assert below is not None
    sign(below, by=handler_of(below), now=MONDAY)
    _asked_for_time(below)
    from yousu.dispatch.verbs import grant_extension

    grant_extension(lead, by=person("paidan1"), now=MONDAY, told="已告知市民。")
    return Situation(below, {"told": "已电话告知市民延期一天。", "opinion": "同意。"})


@situation("refuse_extension")
def an_extension_to_refuse() -> Situation:
    return Situation(_asked_for_time(signed()), {"opinion": "时间足够，请按期办理。"})


@situation("refuse_extension")
def an_extension_below_to_refuse() -> Situation:
    below = _sent_down()
    sign(below, by=handler_of(below), now=MONDAY)
    return Situation(_asked_for_time(below), {"opinion": "时间足够，请按期办理。"})


PROMISE = {"reason": "须待供暖季后施工。", "measures": "先行临时疏导。", "promised_on": "2026-12-01"}


@situation("shelve")
def a_matter_that_cannot_be_solved_now() -> Situation:
    return Situation(signed().ticket, PROMISE)


@situation("clear")
def a_shelved_ticket() -> Situation:
    ticket = signed().ticket
    shelve(ticket, by=person("paidan1"), now=MONDAY, **PROMISE)
    return Situation(ticket, {"result": "已完工，问题解决。"})


# -- 办 -------------------------------------------------------------------------------------------------------------


@situation("sign")
def an_unsigned_assignment() -> Situation:
    return Situation(dispatched())


@situation("return_assignment")
def an_assignment_within_its_return_time() -> Situation:
    return Situation(dispatched(), dict(BASIS))


@situation("record_contact")
def a_signed_assignment() -> Situation:
    return Situation(signed(), {"reached": True, "note": "已联系，约定周三上门。"})


@situation("sub_dispatch")
def a_signed_district_assignment() -> Situation:
    return Situation(signed(), {"unit": TOWN})


@situation("ask_extension")
def an_assignment_long_before_its_deadline() -> Situation:
    return Situation(signed(), {"days": 2, "reason": "需要等待配件。"})


@situation("reply")
def an_assignment_with_nobody_below() -> Situation:
    lead = signed()
    record_contact(lead, by=handler_of(lead), now=MONDAY)
    return Situation(lead, {"text": "已到现场清理。", "solved": True})


@situation("consolidate")
def a_lead_whose_assistant_has_answered() -> Situation:
    lead = signed(assists=[OTHER])
    helper = Assignment.objects.get(ticket=lead.ticket, role="assist")
    sign(helper, by=handler_of(helper), now=MONDAY)
    record_contact(lead, by=handler_of(lead), now=MONDAY)
    reply(helper, by=handler_of(helper), now=MONDAY, text="已协助核实。")
    return Situation(lead, {"text": "汇总办理完毕。", "solved": True})


# -- 评 -------------------------------------------------------------------------------------------------------------


@situation("call_back")
def a_replied_ticket() -> Situation:
    return Situation(replied().ticket, {"connected": True, "solved": True, "satisfaction": "satisfied"})


@situation("order_redo")
def a_ticket_whose_citizen_is_not_satisfied() -> Situation:
    ticket = replied().ticket
    call_back(ticket, by=person("huifang1"), now=MONDAY, connected=True, solved=False, satisfaction="dissatisfied")
    return Situation(ticket, {"reason": "问题未解决，重新办理。"})


@situation("close")
def a_replied_ticket_of_nobody() -> Situation:
    ticket = replied(caller_phone="").ticket
    return Situation(reload(ticket), {"reason": "匿名反映，无法回访。"})
