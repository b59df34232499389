"""登记: once per source, with its personal data sealed."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, item, person, registered, reload
from yousu.base.errors import Refused
from yousu.intake.verbs import register
from yousu.tickets.models import Event, Ticket
from yousu.tickets.store import luhn

pytestmark = pytest.mark.django_db


def test_the_same_request_of_a_source_is_one_ticket():
    first = register(by=person("huawu1"), now=MONDAY, content="路灯不亮", source="gov", external_id="A-1")
    again = register(by=person("huawu2"), now=MONDAY, content="路灯还不亮", source="gov", external_id="A-1")
    assert (again.repeated, again.ticket.pk, again.seq) == (True, first.ticket.pk, 1)
    assert Event.objects.filter(ticket=first.ticket).count() == 1
    other = register(by=person("huawu1"), now=MONDAY, content="路灯不亮", source="app", external_id="A-1")
    assert not other.repeated and other.ticket.pk != first.ticket.pk


def test_requests_without_an_external_id_are_never_taken_for_one():
    assert registered().pk != registered().pk


def test_the_number_says_the_day_and_carries_its_check_digit():
    number = registered().number
    day, serial, check = number.split("-")
    assert (day, len(serial)) == ("260907", 6)
    assert int(check) == luhn(day + serial)
    # Luhn by hand for 2 6 0 9 0 7 0 0 0 0 1 2: from the right, doubled first: 2·2=4, 1, 0,0,0,0, 7, 0, 9, 0, 6, 2·…
    # doubled places (1st, 3rd, … from the right): 2→4, 0, 0, 7→14→5, 9→18→9, 6→12→3; the others: 1, 0, 0, 0, 0, 2.
    # 4+5+9+3 + 1+2 = 24 → 6 is missing to 30.
    assert luhn("260907000012") == 6


def test_only_an_operator_registers():
    for username in ("paidan1", "huifang1", "chengdong", "sysadmin"):
        with pytest.raises(Refused, match="没有“登记”的权限：可由话务员办理"):
            register(by=person(username), now=MONDAY, content="路灯不亮")


@pytest.mark.parametrize(
    ("inputs", "field", "sentence"),
    [
        ({"content": ""}, "content", "诉求内容：必填"),
        ({"content": "　 \n"}, "content", "必填"),
        ({"content": "热" * 5001}, "content", r"不能超过 5000 字（现在 5001 字）"),
        ({"content": "a\x00b"}, "content", "控制字符"),
        ({"content": "残\ud800缺"}, "content", "残缺的字符"),
        ({"content": 5}, "content", "应为文字"),
        ({"caller_phone": "一三九"}, "caller_phone", "电话号码只能含数字"),
        ({"caller_phone": "1" * 21}, "caller_phone", "不能超过 20 字"),
        ({"type": "gossip"}, "type", "请选择其中之一：咨询、求助"),
        ({"urgency": "now"}, "urgency", "请选择其中之一：特急、紧急、一般"),
        ({"area": "999999"}, "area", "没有代码为“999999”的行政区划"),
        ({"item": "没有"}, "item", "现行派单目录中没有编码"),
        ({"accused_unit": "没有"}, "accused_unit", "没有代码为“没有”的单位"),
        ({"lon": "东经"}, "lon", "应为数字"),
        ({"lon": 181}, "lon", "不能大于 180"),
        ({"labels": ["一"] * 21}, "labels", "不能超过 20 项"),
        ({"phone": "1"}, "phone", "不是这一步的字段"),
    ],
)
def test_bad_input_is_refused_in_words_that_name_the_field(inputs, field, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        register(by=person("huawu1"), now=MONDAY, **{"content": "路灯不亮", **inputs})
    assert refused.value.field == field
    assert not Ticket.objects.exists()


def test_emoji_and_rare_characters_are_kept_as_they_came():
    ticket = reload(registered(content="𠮷祥小区🔥🔥着火，㐂事", title="𠮷祥小区🔥"))
    assert (ticket.content, ticket.title) == ("𠮷祥小区🔥🔥着火，㐂事", "𠮷祥小区🔥")


def test_a_title_is_taken_from_the_first_sentence():
    assert registered(content="小区停水。已经三天。").title == "小区停水"
    assert registered(content="水" * 40).title == "水" * 28 + "…"


@pytest.mark.parametrize(("inputs", "hidden"), [({"type": "report"}, True), ({"is_secret": True}, True), ({}, False)])
def test_identity_is_hidden_for_reports_and_for_whoever_asks(inputs, hidden):
    assert reload(registered(**inputs)).identity_hidden is hidden


def test_a_secret_item_makes_the_ticket_secret():
    ticket = reload(registered(item=item(7, secret=True, lowest_level="district")))
    assert (ticket.is_secret, ticket.identity_hidden) == (True, True)


def test_urgency_is_that_of_the_item_unless_the_operator_says_otherwise():
    urgent = item(3, urgency="urgent")
    assert registered(item=urgent).urgency == "urgent"
    assert registered(item=urgent, urgency="ordinary").urgency == "ordinary"
    assert registered().urgency == "ordinary"
