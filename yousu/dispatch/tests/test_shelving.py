"""挂账 and 销号: not solvable now, with measures, a date and a way back to the citizen."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, at, handler_of, person, registered, reload, replied, signed
from yousu.base.errors import Refused
from yousu.dispatch.verbs import clear, shelve
from yousu.evaluation.verbs import call_back
from yousu.tickets.models import Event

pytestmark = pytest.mark.django_db
SHELVING = {"reason": "须等明年开工。", "measures": "先行围挡，每月巡查。", "promised_on": "2026-10-30"}


def put_aside(ticket, now=MONDAY, **inputs):
    return shelve(ticket, by=person("paidan1"), now=now, **{**SHELVING, **inputs})


def test_shelving_needs_measures_and_a_reason():
    for field in ("measures", "reason"):
        with pytest.raises(Refused, match="必填") as refused:
            put_aside(signed().ticket, **{field: " "})
        assert refused.value.field == field


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-09-07", "承诺日期须晚于今天"),
        ("2026-09-06", "承诺日期须晚于今天"),
        ("2026-02-30", "日期无效，应为 年-月-日"),
        ("明年", "日期无效，应为 年-月-日"),
        (None, "日期无效，应为 年-月-日"),
    ],
)
def test_shelving_needs_a_later_date(day, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        put_aside(signed().ticket, promised_on=day)
    assert refused.value.field == "promised_on"


def test_the_day_is_the_day_in_shanghai():
    # 00:30 on the 8th in Shanghai is still the 7th in UTC.
    with pytest.raises(Refused, match="承诺日期须晚于今天"):
        put_aside(signed().ticket, at("2026-09-08 00:30"), promised_on="2026-09-08")
    assert put_aside(signed().ticket, at("2026-09-07 23:59:59"), promised_on="2026-09-08").ticket.state == "shelved"


def test_the_deadline_moves_to_the_promised_day_and_never_back():
    assignment = signed()  # due Wed 16 September
    ticket = put_aside(assignment.ticket).ticket
    assert (ticket.state, ticket.promised_on.isoformat()) == ("shelved", "2026-10-30")
    assert reload(assignment).deadline == ticket.deadline == at("2026-10-30 18:00")
    early = signed()
    put_aside(early.ticket, promised_on="2026-09-10")
    assert reload(early).deadline == at("2026-09-16 18:00")


def test_the_event_keeps_measures_and_date():
    ticket = put_aside(signed().ticket).ticket
    data = Event.objects.get(ticket=ticket, kind="ticket.shelved").data
    assert (data["measures"], data["promised_on"]) == ("先行围挡，每月巡查。", "2026-10-30")
    assert data["changes"]["ticket"]["promised_on"] == [None, "2026-10-30"]


def test_what_is_not_under_way_is_not_shelved():
    with pytest.raises(Refused, match="现在是“待派单”，不能挂账"):
        put_aside(registered())
    with pytest.raises(Refused, match="现在还不能挂账"):
        put_aside(replied().ticket)  # answered, and the citizen has not been asked yet


def test_clearing_brings_the_ticket_to_callback_like_any_other():
    assignment = signed()
    put_aside(assignment.ticket)
    ticket = clear(assignment.ticket, by=person("paidan1"), now=at("2026-10-29 10:00"), result="已开工修好。").ticket
    assert (ticket.state, ticket.promised_on, ticket.callback_due) == ("callback", None, at("2026-11-01 10:00"))
    assert reload(assignment).state == "replied"
    done = call_back(
        ticket, by=person("huifang1"), now=at("2026-10-29 11:00"), connected=True, solved=True, satisfaction="satisfied"
    )
    assert (done.ticket.state, done.ticket.closed_as) == ("closed", "handled")


def test_a_ticket_cleared_after_a_failed_callback_has_all_its_attempts_again():
    ticket = replied(MONDAY).ticket
    call_back(ticket, by=person("huifang1"), now=at("2026-09-07 10:00"), connected=False)
    call_back(ticket, by=person("huifang1"), now=at("2026-09-07 15:00"), connected=True, satisfaction="dissatisfied")
    put_aside(ticket, at("2026-09-07 16:00"))
    clear(ticket, by=person("paidan1"), now=at("2026-10-29 09:00"), result="已修好。")
    again = call_back(ticket, by=person("huifang1"), now=at("2026-10-29 10:00"), connected=False)
    assert again.ticket.callback_result == "unreached"
    assert Event.objects.get(ticket=ticket, seq=again.seq).data["attempt"] == 1


def test_only_a_shelved_ticket_is_cleared_and_only_by_a_dispatcher():
    assignment = signed()
    with pytest.raises(Refused, match="不能销号"):
        clear(assignment.ticket, by=person("paidan1"), now=MONDAY, result="好了")
    put_aside(assignment.ticket)
    with pytest.raises(Refused, match="权限"):
        clear(assignment.ticket, by=handler_of(assignment), now=MONDAY, result="好了")
