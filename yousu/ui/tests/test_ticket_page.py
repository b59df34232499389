"""The ticket page: what it shows to whom, at what cost, and what it never shows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from tests.factories import MONDAY, at, closed, dispatched, item, person, registered, signed, someone
from yousu.city import directory
from yousu.city.rules import Rules
from yousu.dispatch.verbs import call_consultation, dispatch
from yousu.evaluation.verbs import call_back
from yousu.handling.verbs import ask_extension, record_contact, reply, sign, sub_dispatch
from yousu.intake.verbs import link_repeat, register
from yousu.tickets.files import keep
from yousu.tickets.models import Assignment, RevealLog, Ticket
from yousu.tickets.registry import REGISTRY
from yousu.ui import dossier

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
HTMX = {"HTTP_HX_REQUEST": "true"}
NAME, PHONE, CONTACT, EMAIL, COMPANY, ID = (
    "欧阳建国",
    "13812349876",
    "13698765432",
    "ouyang@example.com",
    "建国商贸公司",
    "630102198001011234",
)
# Whatever would tell who asked, in part or whole.
TELLING = ("欧阳", "建国商贸", "9876", "138****", "5432", "136****", "ouyang", "o***", "63010219800101", "6301****")


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def page(username: str, ticket: Ticket) -> str:
    response = client_of(username).get(f"/tickets/{ticket.number}/")
    assert response.status_code == 200
    return response.content.decode()


def upload(username: str, name: str) -> int:
    return keep(SimpleUploadedFile(name, PNG), by=person(username), now=timezone.now(), rules=Rules()).pk


def words_of(html: str) -> str:
    """What a reader sees: no markup, no scripts."""
    body = html[html.index("<main") : html.index("</main>")]
    return strip_tags(re.sub(r"<(script|style|svg)\b.*?</\1>", " ", body, flags=re.S))


def buttons(html: str) -> list[str]:
    return re.findall(r'data-verb="(\w+)"', html)


def rich(now: datetime) -> Assignment:
    """A ticket with a bit of everything: files, an assistant, a sub-dispatch, a request for more time, a repeat."""
    registered(now, caller_phone="13900000009", content="早先的一件。")
    ticket = registered(
        now,
        caller_phone="13900000009",
        caller_name="张三",
        content="路灯不亮，请处理。",
        labels=["照明"],
        lon="101.8",
        lat="36.6",
        attachments=[upload("huawu1", "现场.png")],
    )
    lead = dispatch(
        ticket, by=person("paidan1"), now=now, lead="630102", item=item(7), assists=["6301D025"], advice="请牵头办理"
    ).assignment
    assert lead is not None
    handler = person("chengdong")
    sign(lead, by=handler, now=now)
    record_contact(lead, by=handler, now=now, note="约定明天查看。")
    sub = sub_dispatch(lead, by=handler, now=now, unit="630102006", advice="请到现场。").assignment
    assert sub is not None
    below = person("bayilu")
    sign(sub, by=below, now=now)
    reply(sub, by=below, now=now, text="灯泡已更换。", attachments=[upload(below.username, "更换后.png")])
    ask_extension(lead, by=handler, now=now, days=2, reason="等待电缆。")
    return lead


# -- what is there ------------------------------------------------------------------------------------------------------


def test_the_page_shows_facts_assignments_deadlines_and_the_story():
    lead = rich(MONDAY)
    text = words_of(page("paidan1", lead.ticket))
    for words in (
        "路灯不亮，请处理。",
        "照明",
        "西宁市",
        "东关大街街道",
        "主办",
        "协办",
        "下派",
        "9月16日 18:00（7 个工作日）",
        "请牵头办理",
        "等待电缆。",
        "灯泡已更换。",
        "现场.png",
        "更换后.png",
        "首次联系上市民",
        "申请延期 2 个工作日",
        "早先的一件",
    ):
        assert words in text, words


def test_all_five_levels_of_the_item_are_shown():
    code = item(7)
    ticket = dispatched(item=code).ticket
    text = words_of(page("paidan1", ticket))
    for part in directory.current().items[code].path:
        assert part in text


@pytest.mark.parametrize("username", ["chengdong", "paidan1", "banzhang1", "huifang1"])
def test_the_page_costs_at_most_twenty_queries(username: str, django_assert_max_num_queries):
    lead = rich(timezone.now())
    client = client_of(username)
    client.get(f"/tickets/{lead.ticket.number}/")
    with django_assert_max_num_queries(20):
        assert client.get(f"/tickets/{lead.ticket.number}/").status_code == 200


def test_more_assignments_cost_no_more_queries(django_assert_max_num_queries):
    ticket = registered()
    dispatch(
        ticket,
        by=person("paidan1"),
        now=MONDAY,
        lead="630102",
        item=item(7),
        assists=["6301D025", "6301D026", "6301D024", "6301D016", "630103"],
    )
    client = client_of("paidan1")
    client.get(f"/tickets/{ticket.number}/")
    with django_assert_max_num_queries(20):
        client.get(f"/tickets/{ticket.number}/")


def test_no_code_and_no_english_reach_the_reader():
    for ticket in (rich(MONDAY).ticket, closed(), registered(type="report", caller_name=NAME)):
        text = words_of(page("paidan1", ticket)).replace("Ctrl+Enter", "").replace(".png", "")
        assert not re.search(r"[A-Za-z_]{3,}|None|True", text), re.findall(r".{10}[A-Za-z_]{3,}.{10}", text)


def test_a_deadline_over_a_year_without_calendar_is_said_to_be_provisional():
    assignment = dispatched(at("2026-12-30 10:00"))
    assert "期限暂定：2027 年尚无官方日历" in page("paidan1", assignment.ticket)
    assert "期限暂定" not in page("paidan1", dispatched(MONDAY).ticket)


def test_late_signing_and_late_contact_are_named():
    assignment = dispatched()  # sign by the next workday 18:00, contact within 24 hours
    late = MONDAY + timedelta(days=3)
    sign(assignment, by=person("chengdong"), now=late)
    record_contact(assignment, by=person("chengdong"), now=late)
    text = words_of(page("chengdong", assignment.ticket))
    assert "超时签收" in text
    assert "超时联系" in text


def test_consultations_and_callbacks_are_told():
    unclear = registered()
    call_consultation(unclear, by=person("paidan1"), now=MONDAY, question="权属不清", invited=["630102", "6301D026"])
    text = words_of(page("paidan1", unclear))
    assert "权属不清" in text
    assert "尚无结论" in text
    ended = closed()
    assert "第 1 次回访" in words_of(page("huifang1", ended))


def test_the_point_is_drawn_and_without_one_the_area():
    staff = person("paidan1")
    exact = dossier.read(staff, registered(lon="101.8123", lat="36.5990").number, MONDAY).place
    coarse = dossier.read(staff, registered().number, MONDAY).place
    nowhere = dossier.read(staff, registered(area="").number, MONDAY).place
    assert exact is not None
    assert (exact.lon, exact.lat, exact.exact) == (101.8123, 36.599, True)
    assert coarse is not None
    assert not coarse.exact
    assert coarse.label == "所在区域：东关大街街道"
    assert nowhere is None


# -- the verbs open to this person -----------------------------------------------------------------------------------------


def test_only_the_verbs_open_to_this_person_are_offered():
    waiting = dispatched()
    assert set(buttons(page("chengdong", waiting.ticket))) == {"sign", "return_assignment"}
    assert set(buttons(page("paidan1", waiting.ticket))) == {"link_repeat", "recall", "shelve"}
    assert buttons(page("lingdao1", waiting.ticket)) == []
    fresh = registered()
    assert "dispatch" in buttons(page("paidan1", fresh))
    assert "dispatch" not in buttons(page("huawu1", fresh))


def test_the_usual_next_step_is_the_solid_button():
    html = page("chengdong", dispatched().ticket)
    sign_button, return_button = (
        re.search(rf'class="btn ([\w-]+)"[^>]*data-verb="{v}"', html) for v in ("sign", "return_assignment")
    )
    assert sign_button is not None
    assert sign_button.group(1) == "btn-primary"
    assert return_button is not None
    assert return_button.group(1) == "btn-outline-danger"


def test_a_handler_of_another_unit_finds_nothing():
    ticket = dispatched().ticket
    client = client_of("chengzhong")
    for path in ("", "verbs/sign/?assignment=1", "print/1/"):
        response = client.get(f"/tickets/{ticket.number}/{path}")
        assert response.status_code == 404
        assert "飞线充电" not in response.content.decode()
    assert client.get("/tickets/000000-000000-0/").status_code == 404


# -- identity ----------------------------------------------------------------------------------------------------------------


def hidden(now: datetime, **inputs: object) -> Assignment:
    """A report with everything that would tell who asked, in every place where it may stand."""
    facts = {
        "type": "report",
        "caller_name": NAME,
        "caller_phone": PHONE,
        "contact_phone": CONTACT,
        "caller_email": EMAIL,
        "caller_company": COMPANY,
        "caller_id_number": ID,
        "caller_sex": "男",
        "title": f"{NAME}（{COMPANY}）举报某店",
        "content": f"{NAME}举报，电话{PHONE}，邮箱{EMAIL}，{COMPANY}员工。",
        "lon": "101.8123",
        "lat": "36.5990",
        "attachments": [upload("huawu1", f"{NAME}手写信.png")],
        "area": "630102001",
        **inputs,
    }
    earlier = register(by=person("huawu1"), now=now, **{**facts, "type": "help", "attachments": []}).ticket
    ticket = register(by=person("huawu1"), now=now, **facts).ticket
    link_repeat(ticket, by=person("huawu1"), now=now, of=earlier.number, reason=f"同为{NAME}反映")
    lead = dispatch(earlier, by=person("paidan1"), now=now, lead="630102", item=item(7), advice="请办理").assignment
    advice = f"举报人{NAME}，电话{PHONE}，请注意保护。"
    lead = dispatch(
        ticket, by=person("paidan1"), now=now, lead="630102", item=item(7), assists=["6301D025"], advice=advice
    ).assignment
    assert lead is not None
    sign(lead, by=person("chengdong"), now=now)
    record_contact(lead, by=person("chengdong"), now=now, note=f"经热线联系{NAME}{PHONE}。")
    return lead


def walk(username: str, ticket: Ticket) -> dict[str, str]:
    """Every page and fragment of the ticket that this person can open."""
    client = client_of(username)
    base = f"/tickets/{ticket.number}/"
    ordinals = [a.ordinal for a in ticket.assignments.all()]
    paths = [
        base,
        *(f"{base}print/{n}/" for n in ordinals),
        "/",
        "/work/",
        f"/search/?q={PHONE}",
        "/search/?type=report",
    ]
    for verb in REGISTRY.values():
        paths.append(f"{base}verbs/{verb.name}/")
        paths += [f"{base}verbs/{verb.name}/?assignment={n}" for n in ordinals]
    seen = {}
    for path in paths:
        for headers in ({}, HTMX):
            response = client.get(path, follow=True, **headers)
            assert response.status_code < 500, path
            seen[f"{path} {headers}"] = response.content.decode()
    for verb, form in (("reply", {}), ("return_assignment", {"reason": "x"}), ("record_contact", {"note": "再次联系"})):
        path = f"{base}verbs/{verb}/?assignment=1"
        seen[f"POST {path}"] = client.post(path, form, **HTMX).content.decode()
    return seen


@pytest.mark.parametrize("secrecy", [{"type": "report"}, {"type": "complaint", "is_secret": True}])
@pytest.mark.parametrize("username", ["chengdong", "fangchan"])
def test_a_handling_unit_sees_nowhere_who_reported(username: str, secrecy: dict[str, object]):
    ticket = hidden(timezone.now(), **secrecy).ticket
    seen = walk(username, ticket)
    assert len(seen) > 60
    earlier = ticket.repeat_of
    assert earlier is not None
    # The earlier, open request of the same caller reached the same unit; the two must not be told to belong together.
    for path, text in seen.items():
        if path.startswith(f"/tickets/{ticket.number}/") or path.startswith(f"POST /tickets/{ticket.number}/"):
            assert earlier.number not in text, path
            for word in TELLING:
                assert word not in text, f"{path}: {word}"
            assert "手写信" not in text, path
            assert "101.8123" not in text, path
    for path in (f"/search/?q={PHONE} {{}}", f"/search/?q={PHONE} {HTMX}"):
        assert ticket.number not in seen[path], path


def test_lists_of_a_handling_unit_do_not_tell_who_reported():
    ticket = hidden(timezone.now()).ticket
    earlier = ticket.repeat_of
    assert earlier is not None
    Assignment.objects.filter(ticket=earlier).update(unit_id=Assignment.objects.get(ticket=ticket, ordinal=2).unit_id)
    seen = walk("chengdong", ticket)
    listed = [text for path, text in seen.items() if path.startswith(("/ ", "/work/", "/search/?type"))]
    assert any(ticket.number in text for text in listed)
    for text in listed:
        assert not any(word in text for word in ("欧", "建国商贸", "9876", "138****")), "a list tells"


def test_the_page_of_the_earlier_open_request_does_not_lead_to_the_report():
    ticket = hidden(timezone.now()).ticket
    earlier = ticket.repeat_of
    assert earlier is not None
    assert ticket.number not in page("chengdong", earlier)
    assert ticket.number in page("paidan1", earlier)


def test_the_hotline_sees_masked_what_the_unit_may_not_see():
    ticket = hidden(timezone.now()).ticket
    text = page("paidan1", ticket)
    assert "欧***" in text
    assert "138****9876" in text
    assert f"{NAME}手写信.png" in text


def test_the_handler_of_the_accused_unit_finds_nothing():
    ticket = registered(accused_unit="630102", type="report")
    assignment = dispatch(ticket, by=person("paidan1"), now=MONDAY, lead="6301D026", item=item(7)).assignment
    assert assignment is not None
    below = someone("handler", "630102001", "below")
    client = Client()
    for staff in (person("chengdong"), below):
        client.force_login(staff)
        for path in ("", "verbs/sign/?assignment=1", "print/1/"):
            assert client.get(f"/tickets/{ticket.number}/{path}").status_code == 404
        assert client.post(f"/tickets/{ticket.number}/reveals/", {"fields": "caller_phone"}).status_code == 404
    assert client_of("chengguan").get(f"/tickets/{ticket.number}/").status_code == 200


# -- opening personal data with a reason ---------------------------------------------------------------------------------------


def test_personal_data_opens_with_a_reason_and_is_logged():
    ticket = dispatched(caller_name="张三丰").ticket
    client = client_of("chengdong")
    assert "张三丰" not in page("chengdong", ticket)
    form = {"fields": ["caller_name", "caller_phone"], "reason": "联系市民核实现场"}
    response = client.post(f"/tickets/{ticket.number}/reveals/", form, **HTMX)
    text = response.content.decode()
    assert "张三丰" in text
    assert "13900000001" in text
    assert 'data-expires="60"' in text
    assert "no-store" in response["Cache-Control"]
    log = RevealLog.objects.get(ticket=ticket)
    assert (log.staff.username, log.fields, log.reason) == ("chengdong", "caller_name,caller_phone", "联系市民核实现场")
    assert str(log.address) == "127.0.0.1"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"fields": "caller_phone", "reason": "看看"}, "不少于 4 个字"),
        ({"reason": "联系市民核实现场"}, "请选择要查看的内容"),
        ({"fields": "password", "reason": "联系市民核实现场"}, "请选择要查看的内容"),
    ],
)
def test_without_a_reason_or_a_field_nothing_opens(form: dict[str, str], sentence: str):
    ticket = dispatched().ticket
    response = client_of("chengdong").post(f"/tickets/{ticket.number}/reveals/", form, **HTMX)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "13900000001" not in response.content.decode()
    assert not RevealLog.objects.exists()


def test_a_unit_cannot_open_the_identity_of_a_report():
    ticket = hidden(timezone.now()).ticket
    form = {"fields": "caller_phone", "reason": "联系市民核实现场"}
    response = client_of("chengdong").post(f"/tickets/{ticket.number}/reveals/", form)
    assert response.status_code == 403
    assert PHONE not in response.content.decode()
    assert not RevealLog.objects.exists()


# -- on paper --------------------------------------------------------------------------------------------------------------------


def test_the_order_is_printed_with_its_deadline_and_masked():
    ticket = dispatched(caller_name="张三丰", assists=["6301D025"]).ticket
    text = client_of("chengdong").get(f"/tickets/{ticket.number}/print/1/").content.decode()
    assert "2026年9月16日 18:00 前办结" in text
    assert "城东区人民政府" in text
    assert "市房产局（协办）" in text
    assert "139****0001" in text
    assert "张三丰" not in text
    assert client_of("chengdong").get(f"/tickets/{ticket.number}/print/7/").status_code == 404


def test_pages_ask_for_a_login():
    ticket = registered()
    for path in ("", "verbs/dispatch/", "print/1/"):
        response = Client().get(f"/tickets/{ticket.number}/{path}")
        assert response.status_code == 302
        assert response["Location"].startswith("/login/")


def test_callback_opinions_reach_the_page():
    assignment = signed(caller_phone="13900000004")
    record_contact(assignment, by=person("chengdong"), now=MONDAY)
    reply(assignment, by=person("chengdong"), now=MONDAY, text="已处理。")
    call_back(
        assignment.ticket,
        by=person("huifang1"),
        now=MONDAY,
        connected=True,
        solved=False,
        satisfaction="dissatisfied",
        opinion="没有人来过。",
    )
    text = words_of(page("huifang1", assignment.ticket))
    assert "市民意见：没有人来过。" in text
    assert "回访不通过 1 次" in text


def test_what_a_citizen_writes_is_text_and_never_markup():
    ticket = dispatched(content="<script>alert(1)</script>路灯不亮", labels=["<b>灯</b>"]).ticket
    html = page("chengdong", ticket)
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;路灯不亮" in html
    assert "<b>灯" not in html
