"""Forms out of the registry: every input of every verb, filled, refused, sent twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.template.loader import get_template
from django.test import Client
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from tests.factories import dispatched, item, person, registered, reload, signed
from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.rules import Rules
from yousu.handling.verbs import return_assignment
from yousu.tickets.models import Assignment, Event, Ticket
from yousu.tickets.queries import open_case
from yousu.tickets.registry import REGISTRY
from yousu.ui import forms
from yousu.ui.initial import initial

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
HTMX = {"HTTP_HX_REQUEST": "true"}


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def url(target: Ticket | Assignment, verb: str) -> str:
    if isinstance(target, Assignment):
        return f"/tickets/{target.ticket.number}/verbs/{verb}/?assignment={target.ordinal}"
    return f"/tickets/{target.number}/verbs/{verb}/"


def parsed(verb: str, text: str, files: Any = None) -> dict[str, Any]:
    return forms.parse(
        REGISTRY[verb],
        QueryDict(text),
        files or MultiValueDict(),
        by=person("huawu1"),
        now=timezone.now(),
        rules=Rules(),
        city=directory.current(),
    )


@pytest.fixture
def now() -> datetime:
    return timezone.now()


# -- what a form is made of -------------------------------------------------------------------------------------------


def test_every_input_of_every_verb_has_a_label_and_a_template():
    for verb in REGISTRY.values():
        form = forms.build(verb, Rules(), directory.current())
        assert [field.name for field in form.fields] == [one.name for one in verb.inputs]
        for field in form.fields:
            assert field.label
            assert not field.label.isascii(), f"{verb.name}.{field.name}"
            get_template(field.template)


def test_limits_and_choices_come_from_the_rule_set():
    register = forms.build(REGISTRY["register"], Rules(), directory.current())
    assert register.named("content").most == 5000
    assert register.named("caller_name").most == 40
    assert ("complaint", "投诉") in register.named("type").options
    assert register.named("type").value == "help"
    tier = forms.build(REGISTRY["dispatch"], Rules(tiers=(2, 5)), directory.current()).named("tier")
    assert list(tier.options) == [("2", "2 个工作日"), ("5", "5 个工作日")]


def test_empty_inputs_are_left_out_so_that_the_defaults_of_the_verb_hold():
    assert parsed("register", "content=路灯不亮&title=&urgency=&labels=&attachments=") == {"content": "路灯不亮"}


def test_yes_no_lists_and_labels_are_read_as_the_verb_wants_them():
    values = parsed("register", "content=x&is_secret=yes&reply_wanted=no&labels=噪声,夜间&labels=施工")
    assert values == {"content": "x", "is_secret": True, "reply_wanted": False, "labels": ["噪声", "夜间", "施工"]}


def test_a_name_typed_instead_of_picked_is_understood_when_only_one_bears_it():
    values = parsed("dispatch", "lead=城东区&assists=市房产局、6301D026")
    assert values == {"lead": "630102", "assists": ["6301D025", "6301D026"]}
    assert parsed("register", "content=x&area=城关镇")["area"] == "城关镇"  # several counties have one


def test_files_that_come_with_the_form_are_kept_and_named_by_their_ids():
    files = MultiValueDict({"attachments-files": [SimpleUploadedFile("现场.png", PNG)]})
    assert len(parsed("register", "content=x", files)["attachments"]) == 1


def test_more_files_than_the_rules_allow_are_refused_at_their_field():
    files = MultiValueDict({"attachments-files": [SimpleUploadedFile(f"{n}.png", PNG) for n in range(21)]})
    with pytest.raises(Refused, match="附件最多 20 个") as refused:
        parsed("register", "content=x", files)
    assert refused.value.field == "attachments"


def test_a_file_of_another_person_cannot_be_named():
    files = MultiValueDict({"attachments-files": [SimpleUploadedFile("现场.png", PNG)]})
    kept = parsed("register", "content=x", files)["attachments"][0]
    assert forms.waiting(QueryDict(f"attachments={kept}"), "attachments", person("huawu2")) == []
    assert [one.pk for one in forms.waiting(QueryDict(f"attachments={kept}"), "attachments", person("huawu1"))] == [
        kept
    ]


def test_dispatch_is_offered_the_lead_that_the_catalogue_names():
    code = item(7, lead_rule="area:district")
    ticket = registered(item=code, area="630102001")
    values = initial(REGISTRY["dispatch"], open_case(person("paidan1"), ticket.number), directory.current())
    assert values == {"item": code, "lead": "630102"}


def test_the_body_complained_of_is_never_offered_as_lead():
    code = item(7, lead_rule="area:district")
    ticket = registered(item=code, area="630102001", accused_unit="630102")
    values = initial(REGISTRY["dispatch"], open_case(person("paidan1"), ticket.number), directory.current())
    assert values == {"item": code}


def test_a_return_is_offered_to_go_where_the_unit_suggested(now: datetime):
    assignment = dispatched(now)
    return_assignment(
        assignment, by=person("chengdong"), now=now, reason="非本区职责", basis="三定方案", suggested="6301D025"
    )
    form = client_of("paidan1").get(url(assignment, "accept_return"), **HTMX).context["form"]
    assert form.named("redirect_to").chosen == [{"value": "6301D025", "text": "市房产局"}]


# -- in place and as a page -------------------------------------------------------------------------------------------


def test_the_form_opens_in_place_and_as_a_page_of_its_own(now: datetime):
    assignment = signed(now)
    client = client_of("chengdong")
    fragment = client.get(url(assignment, "reply"), **HTMX).content.decode()
    page = client.get(url(assignment, "reply")).content.decode()
    assert "<html" not in fragment
    assert "<html" in page
    for text in (fragment, page):
        assert "办理情况" in text
        assert 'name="text"' in text
        assert "0/5000" not in text
        assert 'name="key"' in text


def test_a_verb_done_in_place_answers_with_the_page_as_it_now_is(now: datetime):
    assignment = dispatched(now)
    response = client_of("chengdong").post(url(assignment, "sign"), {"key": "a" * 32}, **HTMX)
    assert response.status_code == 200
    assert response["HX-Retarget"] == "#ticket"
    assert "\\u7b7e\\u6536" in response["HX-Trigger"]  # 签收
    text = response.content.decode()
    assert 'data-verb="reply"' in text
    assert 'data-verb="sign"' not in text
    assert reload(assignment).state == "signed"


def test_without_javascript_the_verb_leads_back_to_the_ticket(now: datetime):
    assignment = dispatched(now)
    response = client_of("chengdong").post(url(assignment, "sign"), {"key": "a"}, follow=True)
    assert response.redirect_chain == [(f"/tickets/{assignment.ticket.number}/", 302)]
    assert "签收" in "".join(str(message) for message in response.context["messages"])


def test_a_second_press_of_the_same_form_does_nothing_more(now: datetime):
    ticket = registered(now)
    client = client_of("paidan1")
    form = {"key": "k1", "lead": "630102", "item": item(7)}
    for _ in range(2):
        assert client.post(url(ticket, "dispatch"), form, **HTMX).status_code == 200
    assert ticket.assignments.count() == 1
    assert Event.objects.filter(ticket=ticket, kind="ticket.dispatched").count() == 1


def test_the_same_form_sent_again_with_its_file_is_taken_as_done(now: datetime):
    assignment = signed(now)
    client = client_of("chengdong")
    for _ in range(2):
        form = {"key": "k2", "text": "已处理。", "attachments-files": SimpleUploadedFile("后.png", PNG)}
        assert client.post(url(assignment, "reply"), form).status_code == 302
    assert Event.objects.filter(ticket=assignment.ticket, kind="assignment.replied").count() == 1


# -- refusals -----------------------------------------------------------------------------------------------------------


def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed(now: datetime):
    assignment = dispatched(now)
    response = client_of("chengdong").post(
        url(assignment, "return_assignment"), {"key": "k", "reason": "不属于本区职责范围", "basis": ""}, **HTMX
    )
    assert response.status_code == 422
    form = response.context["form"]
    assert form.named("basis").error == "法律或职责依据：必填。"
    assert form.named("reason").error == ""
    text = response.content.decode()
    assert "不属于本区职责范围" in text
    assert text.index("法律或职责依据：必填。") > text.index('name="basis"')
    assert reload(assignment).state == "dispatched"


def test_a_refused_form_keeps_the_files_that_were_uploaded(now: datetime):
    assignment = signed(now)
    client = client_of("chengdong")
    kept = client.post("/files/", {"file": SimpleUploadedFile("现场.png", PNG)}).json()["id"]
    response = client.post(url(assignment, "reply"), {"text": "", "attachments": kept}, **HTMX)
    assert response.status_code == 422
    assert f'name="attachments" value="{kept}"' in response.content.decode()


def test_a_refusal_without_a_field_stands_on_top_and_names_what_is_open_instead(now: datetime):
    ticket = registered(now, type="complaint")
    response = client_of("huawu1").post(url(ticket, "answer"), {"key": "k", "text": "已告知。"})
    assert response.status_code == 409
    assert "“投诉”类诉求须派单办理，不能直接答复。" in response.content.decode()
    assert "已告知。" in response.content.decode()


def test_a_verb_that_is_no_longer_open_says_so_and_what_is(now: datetime):
    assignment = signed(now)
    response = client_of("chengdong").get(url(assignment, "sign"))
    text = response.content.decode()
    assert response.status_code == 409
    assert "现在不能签收" in text
    assert "现在可以：" in text
    assert "申请延期" in text
    assert "提交签收" not in text


def test_a_person_without_the_role_is_refused_with_who_may(now: datetime):
    ticket = registered(now)
    page = client_of("huifang1").get(url(ticket, "dispatch"))
    assert page.status_code == 403
    assert "您没有“派单”的权限：可由派单员办理。" in page.content.decode()
    assert client_of("huifang1").post(url(ticket, "dispatch"), {"lead": "630102"}).status_code == 403
    assert ticket.assignments.count() == 0


def test_an_oversized_text_is_refused_with_the_figures(now: datetime):
    assignment = signed(now)
    response = client_of("chengdong").post(url(assignment, "reply"), {"text": "长" * 5001})
    assert response.status_code == 413
    assert "不能超过 5000 字（现在 5001 字）" in response.content.decode()


@pytest.mark.parametrize(
    ("verb", "form", "sentence"),
    [
        ("ask_extension", {"days": "三天", "reason": "x"}, "延长工作日：应为整数。"),
        ("ask_extension", {"days": "0", "reason": "x"}, "延长工作日：不能小于 1。"),
        ("reply", {"text": "已\x00处理"}, "含有无法保存的控制字符"),
        ("reply", {"text": "x", "solved": "maybe"}, "问题已解决：应为 是 或 否。"),
        ("sub_dispatch", {"unit": "999"}, "没有代码为“999”的单位"),
        ("sub_dispatch", {"unit": "6301D025"}, "只能下派给城东区人民政府的下属单位。"),
    ],
)
def test_bad_input_is_a_sentence_and_never_a_crash(now: datetime, verb: str, form: dict[str, str], sentence: str):
    assignment = signed(now)
    response = client_of("chengdong").post(url(assignment, verb), form, **HTMX)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_an_emoji_and_a_four_byte_character_are_kept(now: datetime):
    assignment = signed(now)
    assert client_of("chengdong").post(url(assignment, "reply"), {"text": "已处理👍𠮷"}).status_code == 302
    assert "已处理👍𠮷" in client_of("chengdong").get(f"/tickets/{assignment.ticket.number}/").content.decode()


def test_an_unknown_verb_or_assignment_is_not_found(now: datetime):
    assignment = dispatched(now)
    client = client_of("chengdong")
    number = assignment.ticket.number
    for path in ("verbs/dance/", "verbs/sign/", "verbs/sign/?assignment=9", "verbs/register/"):
        assert client.get(f"/tickets/{number}/{path}").status_code == 404


# -- the pickers ----------------------------------------------------------------------------------------------------------


def pick(path: str, username: str = "paidan1", **query: str) -> list[dict[str, str]]:
    response = client_of(username).get(f"/pick/{path}/", query)
    assert response.status_code == 200
    return response.json()["results"]


def test_units_are_found_by_name_and_code_and_only_those_that_take_work():
    assert pick("units", q="城东区")[0]["value"] == "630102"
    assert pick("units", q="6301D025")[0]["text"] == "市房产局"
    assert pick("units", q="热线中心") == []


def test_below_a_unit_only_its_own_are_offered():
    found = pick("units", under="630102")
    assert found
    assert all(one["value"].startswith("630102") and one["value"] != "630102" for one in found)


def test_areas_of_the_same_name_are_told_apart_by_where_they_lie():
    found = pick("areas", q="城关镇")
    assert len({one["hint"] for one in found if one["text"] == "城关镇"}) >= 2
    assert {one["value"] for one in pick("areas", under="6301")} >= {"630102", "630103", "630104", "630105"}


def test_items_are_found_by_what_a_citizen_says_and_tell_tier_and_lead():
    best = pick("items", q="楼道里飞线充电", area="630102001")[0]
    assert best["text"] == "飞线充电与电动车进楼"
    assert "1 个工作日" in best["hint"]
    assert best["lead"].startswith("630102")


def test_the_pickers_are_for_those_who_are_signed_in():
    assert Client().get("/pick/units/").status_code == 302
