"""Finding tickets on the search page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import MONDAY, dispatched, person, registered, someone

pytestmark = pytest.mark.django_db


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def found(client: Client, **asked: str) -> str:
    return client.get("/search/", asked).content.decode()


def test_a_number_opens_its_ticket_with_or_without_dashes():
    ticket = registered()
    client = client_of("huawu1")
    for q in (ticket.number, ticket.number.replace("-", "")):
        assert client.get("/search/", {"q": q})["Location"] == f"/tickets/{ticket.number}/"


def test_a_number_that_is_not_there_is_said_kindly():
    assert "没有这个编号的工单" in found(client_of("huawu1"), q="260907-999999-9")


def test_words_find_tickets_and_are_marked():
    registered(title="锦绣花园停暖", content="锦绣花园三天没有暖气。")
    registered(title="路灯不亮", content="五四大街路灯不亮。")
    page = found(client_of("huawu1"), q="暖气")
    assert "三天没有<mark>暖气</mark>" in page
    assert "路灯不亮" not in page


def test_words_apart_must_all_occur():
    registered(title="甲小区停水", content="甲小区停水两天。")
    registered(title="乙小区停水", content="乙小区停水。")
    page = found(client_of("huawu1"), q="停水 两天")
    assert "<mark>两天</mark>" in page
    assert page.count("data-href") == 1


def test_a_phone_number_finds_the_callers_tickets():
    registered(title="来电一", caller_phone="13912345678")
    registered(title="来电二", caller_phone="13900009999")
    page = found(client_of("huawu1"), q="13912345678")
    assert "来电一" in page
    assert "来电二" not in page


def test_a_phone_number_does_not_tell_a_unit_who_reported_it():
    dispatched(MONDAY, type="report", title="举报违建", caller_phone="13912345678")
    dispatched(MONDAY, type="help", title="求助修路", caller_phone="13912345678")
    page = found(client_of("chengdong"), q="13912345678")
    assert "求助修路" in page
    assert "举报违建" not in page
    assert "举报违建" in found(client_of("huawu1"), q="13912345678")


def test_what_is_quoted_from_a_report_does_not_name_who_reported():
    text = "青川商贸楼道里飞线充电。"
    dispatched(MONDAY, type="report", title="飞线充电", content=text, caller_company="青川商贸")
    assert "青川商贸" in found(client_of("paidan1"), q="飞线")
    page = found(client_of("chengdong"), q="飞线")
    assert "楼道里<mark>飞线</mark>充电" in page
    assert "青川商贸" not in page


def test_a_unit_finds_only_what_came_to_it():
    number = dispatched(MONDAY, lead="630102", title="城东的事").ticket.number
    assert number in found(client_of("chengdong"), q="城东的事")
    assert number not in found(client_of("chengxi"), q="城东的事")
    assert "没有这个编号的工单" in found(client_of("chengxi"), q=number)


def test_a_complaint_about_a_unit_is_not_found_by_it():
    dispatched(MONDAY, lead="630102", title="投诉办事处", accused_unit="630102001")
    street = someone("handler", "630102001")
    client = Client()
    client.force_login(street)
    assert "没有找到符合条件的工单" in found(client, q="投诉办事处")


def test_filters_narrow_what_is_found():
    registered(title="东边", type="help", area="630102001")
    registered(title="西边", type="complaint", area="630104001")
    client = client_of("duban1")
    assert ("西边" in found(client, type="complaint"), "东边" in found(client, type="complaint")) == (True, False)
    assert ("东边" in found(client, area="630102"), "西边" in found(client, area="630102")) == (True, False)


def test_results_come_page_by_page_and_none_is_lost_between():
    numbers = {registered(title=f"分页第{n}件").number for n in range(55)}
    client = client_of("huawu1")
    first = client.get("/search/", {"q": "分页"})
    second = client.get("/search/", {"q": "分页", "cursor": first.context["page"].next})
    pages = [[line.ticket.number for line in answer.context["page"].lines] for answer in (first, second)]
    assert [len(page) for page in pages] == [50, 5]
    assert set(pages[0] + pages[1]) == numbers


def test_a_page_of_results_costs_few_queries(django_assert_max_num_queries):
    for n in range(51):
        registered(title=f"计数第{n}件")
    client = client_of("huawu1")
    client.get("/search/", {"q": "计数"})
    with django_assert_max_num_queries(7):
        assert client.get("/search/", {"q": "计数"}).context["page"].next


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "。，"},
        {"q": "暖" * 500},
        {"q": "' OR 1=1 --"},
        {"q": "\\ :* & | !"},
        {"q": "😀𠮷"},
        {"since": "昨天"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"q": "停水", "cursor": "###"},
        {"q": "停水", "cursor": "AAAA"},
        {"q": "停水", "cursor": "MjAyNi0wOS0wN1QwOTowMDowMCswODowMHw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"},
        {"state": "nothing", "type": "x", "urgency": "y", "area": "%", "item": "'"},
    ],
)
def test_nothing_typed_into_the_search_breaks_it(asked):
    answer = client_of("huawu1").get("/search/", asked)
    assert answer.status_code in {200, 422}
    assert "查找工单" in answer.content.decode()


def test_an_empty_search_says_what_can_be_looked_for():
    assert "想找哪张工单" in found(client_of("huawu1"))
