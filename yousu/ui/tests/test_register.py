"""登记: the operator's form, its second steps, and what helps while typing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.factories import item, person, registered
from yousu.intake.verbs import withdraw
from yousu.tickets.models import Ticket
from yousu.tickets.registry import REGISTRY
from yousu.ui.views.register import GROUPS

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
FORM = {
    "key": "k",
    "content": "小区路灯不亮，晚上出行不便，请派人维修。",
    "type": "help",
    "channel": "phone",
    "caller_phone": "13912345678",
    "area": "630102001",
    "reply_wanted": "yes",
    "is_secret": "no",
}


def operator(username: str = "huawu1") -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def test_every_input_of_registration_is_on_the_form():
    shown = [name for _, _, first, more in GROUPS for name in (*first, *more)]
    asked = [one.name for one in REGISTRY["register"].inputs if one.ask.widget != "hidden"]
    assert sorted(shown) == sorted(asked)


def test_the_form_is_for_operators():
    assert operator().get("/register/").status_code == 200
    page = operator("paidan1").get("/register/")
    assert page.status_code == 403
    assert "登记诉求由话务员办理" in page.content.decode()
    assert operator("paidan1").post("/register/", FORM).status_code == 403
    assert operator("chengdong").post("/register/nearby/", {"caller_phone": "13900000001"}).status_code == 403
    assert not Ticket.objects.exists()


def test_a_registered_request_leads_on_to_its_ticket():
    response = operator().post("/register/", FORM)
    ticket = Ticket.objects.get()
    assert response["Location"] == f"/tickets/{ticket.number}/"
    assert (ticket.type, ticket.channel, ticket.area_id, ticket.source) == ("help", "phone", "630102001", "desk")
    assert ticket.caller_phone.open() == "13912345678"
    assert ticket.title == "小区路灯不亮，晚上出行不便，请派人维修"


def test_a_second_press_registers_once():
    client = operator()
    first, second = client.post("/register/", FORM), client.post("/register/", FORM)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


def test_a_second_press_with_a_file_leads_to_the_ticket_of_the_first():
    client = operator()
    places = []
    for _ in range(2):
        form = {**FORM, "attachments-files": SimpleUploadedFile("现场.png", PNG)}
        places.append(client.post("/register/", form)["Location"])
    assert places[0] == places[1]
    assert Ticket.objects.count() == 1


def test_registration_costs_at_most_twelve_queries_of_its_own(django_assert_max_num_queries):
    client = operator()
    client.post("/register/", {**FORM, "key": "warm"})
    with django_assert_max_num_queries(12):
        assert client.post("/register/", {**FORM, "key": "k2"}).status_code == 302


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"content": ""}, "诉求内容：必填。"),
        ({"caller_phone": "abc"}, "电话号码只能含数字"),
        ({"area": "999999"}, "没有代码为“999999”的行政区划"),
        ({"type": "quarrel"}, "诉求类型：请选择其中之一"),
        ({"content": "有\x00字"}, "含有无法保存的控制字符"),
        ({"item": "nothing"}, "现行派单目录中没有编码为“nothing”的事项"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(change: dict[str, str], sentence: str):
    response = operator().post("/register/", {**FORM, "caller_name": "王小明", "address": "八一路 1 号", **change})
    text = response.content.decode()
    assert response.status_code == 422
    assert sentence in text
    assert "王小明" in text
    assert "八一路 1 号" in text
    assert not Ticket.objects.exists()


def test_an_oversized_text_is_refused_with_413():
    response = operator().post("/register/", {**FORM, "content": "长" * 5001})
    assert response.status_code == 413
    assert "不能超过 5000 字" in response.content.decode()


# -- two verbs in one transaction --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "second", "closed_as"),
    [
        ("answer", {"then-text": "已告知办理地点。"}, "answered"),
        ("transfer", {"then-body": "110", "then-three_way": "no"}, "transferred"),
        ("refuse", {"then-ground": "outside", "then-told": "请向企业反映。"}, "refused"),
    ],
)
def test_registered_and_ended_in_one_go(then: str, second: dict[str, str], closed_as: str):
    response = operator().post("/register/", {**FORM, "type": "inquiry", "then": then, **second})
    ticket = Ticket.objects.get()
    assert response.status_code == 302
    assert (ticket.state, ticket.closed_as, ticket.seq) == ("closed", closed_as, 2)


def test_when_the_second_step_is_refused_nothing_is_registered():
    response = operator().post(
        "/register/", {**FORM, "type": "complaint", "then": "answer", "then-text": "已当场告知。"}
    )
    text = response.content.decode()
    assert response.status_code == 409
    assert "“投诉”类诉求须派单办理，不能直接答复。" in text
    assert "已当场告知。" in text
    assert FORM["content"] in text
    assert not Ticket.objects.exists()


def test_an_error_of_the_second_form_stands_at_its_field():
    response = operator().post("/register/", {**FORM, "then": "refuse", "then-ground": "outside"})
    assert response.status_code == 422
    assert response.context["second"].named("told").error == "向市民的说明：必填。"
    assert all(not field.error for field in response.context["form"].fields)


def test_a_second_press_of_both_steps_happens_once():
    client = operator()
    form = {**FORM, "type": "inquiry", "then": "answer", "then-text": "已告知。"}
    assert client.post("/register/", form)["Location"] == client.post("/register/", form)["Location"]
    assert Ticket.objects.get().seq == 2


def test_the_second_form_opens_in_place_and_without_javascript():
    client = operator()
    fragment = client.get("/register/then/transfer/").content.decode()
    assert 'name="then" value="transfer"' in fragment
    assert 'name="then-body"' in fragment
    assert 'name="then-body"' in client.get("/register/?then=transfer").content.decode()
    assert client.get("/register/then/dispatch/").status_code == 404


# -- what helps while typing ----------------------------------------------------------------------------------------------


def test_as_one_types_items_are_suggested_with_reason_tier_and_lead():
    form = {"content": "楼道里有人给电动车飞线充电", "area": "630102001"}
    text = operator().post("/register/suggestions/", form).content.decode()
    assert text.index("飞线充电与电动车进楼") < text.index("采用")
    assert "依据：飞线充电、电动车、楼道" in text
    assert "1 个工作日" in text
    assert "主办：东关大街街道" in text
    unknown = operator().post("/register/suggestions/", {"content": form["content"]}).content.decode()
    assert "主办：填写地点后确定" in unknown


def test_with_nothing_to_go_by_the_suggestion_says_what_to_do():
    assert "输入诉求内容后" in operator().post("/register/suggestions/", {}).content.decode()
    assert "没有把握的推荐" in operator().post("/register/suggestions/", {"content": "喂"}).content.decode()


def test_the_earlier_tickets_of_the_number_are_shown_open_ones_first():
    now = timezone.now()
    gone = registered(now, content="已经撤回的一件。", caller_phone="13912345678")
    withdraw(gone, by=person("huawu1"), now=now, reason="已解决")
    registered(now - timedelta(hours=1), content="还在办的一件。", caller_phone="13912345678")
    registered(now, content="别人的一件。", caller_phone="13912340000", area="630103001")
    text = operator().post("/register/nearby/", {"caller_phone": "139 1234 5678"}).content.decode()
    assert text.index("还在办的一件") < text.index("已经撤回的一件")
    assert "别人的一件" not in text


def test_tickets_at_the_same_place_that_read_alike_are_shown():
    now = timezone.now()
    registered(now, content="东关大街路灯不亮。", area="630102001", caller_phone="13900000011")
    registered(now, content="东关大街井盖缺失。", area="630102001", caller_phone="13900000012")
    registered(now - timedelta(days=40), content="很久以前路灯不亮。", area="630102001", caller_phone="13900000013")
    text = operator().post("/register/nearby/", {"area": "630102001", "content": "路灯不亮了"}).content.decode()
    assert "东关大街路灯不亮" in text
    assert "井盖" not in text
    assert "很久以前" not in text


def test_an_accepted_item_travels_into_the_ticket():
    code = item(7)
    operator().post("/register/", {**FORM, "item": code})
    assert Ticket.objects.get().item_code == code
