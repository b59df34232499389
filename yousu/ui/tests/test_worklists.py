"""The desks: what each role finds in which list, in which order, at what cost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.factories import MONDAY, at, dispatched, handler_of, item, person, registered, replied, signed, someone
from yousu.city.accounts import give_roles
from yousu.city.models import Unit
from yousu.dispatch.verbs import accept_return, call_consultation, shelve
from yousu.evaluation.verbs import call_back
from yousu.handling.verbs import ask_extension, reply, return_assignment, sign, sub_dispatch
from yousu.intake.verbs import register
from yousu.tickets import desk
from yousu.tickets.queries import Filter
from yousu.tickets.worklists import BY_KEY, WORKLISTS, worklists_of

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(hours=1)


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def on(username: str, key: str, now: datetime = LATER, **wanted: str) -> list[str]:
    """The titles in a list of this person at ``now``, in order."""
    staff = person(username)
    worklist = desk.worklist_for(staff, key)
    page = desk.lines(desk.desk_of(staff, now), worklist, Filter.of(wanted))
    return [line.ticket.title for line in page.lines]


def size(username: str, key: str, now: datetime = LATER) -> int:
    staff = person(username)
    return desk.counts(desk.desk_of(staff, now), [BY_KEY[key]])[key]


# -- who has which lists ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "labels"),
    [
        ("huawu1", ["我登记的在办", "待派单", "可直接答复"]),
        ("paidan1", ["待派单", "退单待审", "延期待审", "会商中", "回访未通过", "挂账"]),
        ("huifang1", ["待回访", "未接通待再访", "回访未通过"]),
        (
            "chengdong",
            ["待签收", "办理中", "今日到期", "已超期", "我的退单", "待汇总", "下派在办", "下级退单、延期待审"],
        ),
        ("duban1", ["全市超期", "即将到期", "在办", "挂账", "最近办结"]),
        ("lingdao1", ["全市超期", "即将到期", "在办", "挂账", "最近办结"]),
        ("sysadmin", []),
    ],
)
def test_each_role_has_its_lists_in_the_order_of_the_work(username, labels):
    assert [worklist.label for worklist in worklists_of(person(username))] == labels


def test_a_person_with_two_roles_has_the_lists_of_both_once():
    labels = [worklist.label for worklist in worklists_of(person("banzhang1"))]
    assert labels.count("待派单") == 1
    assert {"我登记的在办", "退单待审"} <= set(labels)


def test_a_list_of_another_role_is_not_found():
    assert client_of("huawu1").get("/work/to-sign/").status_code == 404


def test_every_list_of_every_role_opens_and_an_empty_one_says_what_to_do():
    people = ("huawu1", "paidan1", "huifang1", "chengdong", "duban1", "ducha1", "jijian1", "kaoping1", "fenxi1")
    seen = set()
    for username in people:
        client = client_of(username)
        for worklist in worklists_of(person(username)):
            answer = client.get(f"/work/{worklist.key}/")
            assert (worklist.key, answer.status_code) == (worklist.key, 200)
            assert worklist.empty in answer.content.decode().replace("&quot;", '"').replace("&#x27;", "'")
            seen.add(worklist.key)
    assert seen == {worklist.key for worklist in WORKLISTS}


# -- what is in them --------------------------------------------------------------------------------------------------


def test_urgent_tickets_are_dispatched_first_then_the_oldest():
    registered(MONDAY, title="旧", urgency="ordinary")
    registered(MONDAY + timedelta(minutes=5), title="急", urgency="urgent")
    registered(MONDAY + timedelta(minutes=6), title="新", urgency="ordinary")
    registered(MONDAY + timedelta(minutes=9), title="特急", urgency="extreme")
    assert on("paidan1", "to-dispatch") == ["特急", "急", "旧", "新"]


def test_what_is_dispatched_leaves_the_dispatchers_list():
    dispatched(title="已派")
    registered(title="待派")
    assert on("paidan1", "to-dispatch") == ["待派"]
    assert size("paidan1", "to-dispatch") == 1


def test_an_operator_sees_what_they_took_in_until_it_is_closed():
    registered(title="我的")
    register(by=person("huawu2"), now=MONDAY, content="别人的。", title="别人的")
    assert on("huawu1", "mine") == ["我的"]
    assert on("huawu2", "mine") == ["别人的"]


def test_only_questions_suggestions_and_thanks_can_be_answered_at_once():
    registered(title="问", type="inquiry")
    registered(title="诉", type="complaint")
    assert on("huawu1", "to-answer") == ["问"]


def test_a_unit_signs_its_own_assignments_and_no_others():
    dispatched(lead="630102", title="城东的")
    dispatched(lead="630104", title="城西的")
    assert on("chengdong", "to-sign") == ["城东的"]
    assert on("chengxi", "to-sign") == ["城西的"]


def test_a_handler_of_another_unit_sees_nothing_of_a_ticket():
    assignment = signed(lead="630102", title="城东的")
    client = client_of("chengxi")
    for worklist in worklists_of(person("chengxi")):
        assert assignment.ticket.number not in client.get(f"/work/{worklist.key}/").content.decode()


def test_signed_work_is_in_hand_soonest_deadline_first():
    signed(title="缓", tier=7)
    signed(title="急", tier=3)
    assert on("chengdong", "to-sign") == []
    assert on("chengdong", "in-hand") == ["急", "缓"]


def test_work_due_today_and_overdue_work():
    signed(title="事", tier=1)  # due on Tuesday 8 September at 18:00
    assert on("chengdong", "due-today", at("2026-09-07 23:59")) == []
    assert on("chengdong", "due-today", at("2026-09-08 18:00")) == ["事"]
    assert on("chengdong", "overdue", at("2026-09-08 18:00")) == []
    assert on("chengdong", "due-today", at("2026-09-08 18:00:01")) == []
    assert on("chengdong", "overdue", at("2026-09-08 18:00:01")) == ["事"]
    assert on("duban1", "city-overdue", at("2026-09-08 18:00:01")) == ["事"]


def test_what_is_nearly_due_is_what_has_a_yellow_light():
    dispatched(title="事", tier=7)  # Monday 09:00 to Wednesday 16 September 18:00: 225 hours, 80 % after 180
    assert on("duban1", "city-soon", at("2026-09-14 20:59")) == []
    assert on("duban1", "city-soon", at("2026-09-14 21:00")) == ["事"]
    assert on("duban1", "city-soon", at("2026-09-16 18:00:01")) == []


def asked_back(assignment):
    return_assignment(assignment, by=handler_of(assignment), now=LATER, reason="不属本单位职责", basis="三定方案第二条")
    return assignment


def test_a_return_is_judged_by_the_dispatcher_and_followed_by_the_unit():
    assignment = asked_back(dispatched(title="退"))
    assert on("paidan1", "returns") == on("chengdong", "returning") == ["退"]
    accept_return(assignment, by=person("paidan1"), now=LATER)
    assert on("paidan1", "returns") == on("chengdong", "returning") == []
    assert on("paidan1", "to-dispatch") == ["退"]


def test_an_extension_is_judged_by_the_dispatcher():
    assignment = signed(title="延")
    ask_extension(assignment, by=person("chengdong"), now=LATER, days=2, reason="配件未到")
    assert on("paidan1", "extensions") == ["延"]
    assert on("chengdong", "in-hand") == ["延"]


def test_what_was_sent_down_is_followed_and_what_is_asked_from_below_is_judged():
    assignment = signed(title="下派")
    child = sub_dispatch(assignment, by=person("chengdong"), now=LATER, unit="630102001").assignment
    assert on("chengdong", "sent-down") == ["下派"]
    assert on("chengdong", "asked-from-below") == []
    assert on("chengxi", "sent-down") == []
    asked_back(child)
    assert on("chengdong", "asked-from-below") == ["下派"]
    assert on("paidan1", "returns") == []  # the unit that sent it judges it


def test_answers_are_consolidated_when_every_helper_has_answered():
    assignment = signed(title="汇总", assists=["6301D024"])
    helper = assignment.ticket.assignments.get(role="assist")
    assert on("chengdong", "to-consolidate") == []
    builder = person("chengjian")
    sign(helper, by=builder, now=LATER)
    reply(helper, by=builder, now=LATER, text="已协助。")
    assert on("chengdong", "to-consolidate") == ["汇总"]
    assert on("chengjian", "to-consolidate") == []


def test_a_lead_without_helpers_has_nothing_to_consolidate():
    signed(title="独办")
    assert on("chengdong", "to-consolidate") == []


def test_callbacks_wait_then_wait_again_or_fail():
    first = replied(title="回访").ticket
    second = replied(title="失败").ticket
    assert sorted(on("huifang1", "to-call")) == ["回访", "失败"]
    call_back(first, by=person("huifang1"), now=LATER, connected=False)
    call_back(second, by=person("huifang1"), now=LATER, connected=True, solved=False, satisfaction="dissatisfied")
    assert on("huifang1", "to-call") == []
    assert on("huifang1", "to-call-again") == ["回访"]
    assert on("huifang1", "failed") == on("paidan1", "failed") == ["失败"]


def test_consultations_and_shelved_cases_have_their_lists():
    ticket = registered(title="会商")
    call_consultation(ticket, by=person("paidan1"), now=LATER, question="谁负责", invited=["630102", "6301D024"])
    case = signed(title="挂账").ticket
    shelve(
        case, by=person("paidan1"), now=LATER, reason="待立项", measures="临时围挡", promised_on=at("2026-12-01").date()
    )
    assert on("paidan1", "consulting") == ["会商"]
    assert on("paidan1", "shelved") == on("lingdao1", "shelved") == ["挂账"]


def test_a_complaint_about_a_unit_stays_out_of_its_lists():
    assignment = dispatched(title="投诉街道", accused_unit="630102001")  # goes to the district above it
    street = someone("handler", "630102001", "jiedao")
    sign(assignment, by=person("chengdong"), now=LATER)
    for worklist in worklists_of(street):
        assert on("jiedao", worklist.key) == []
    assert on("chengdong", "in-hand") == ["投诉街道"]


# -- filters, pages, cost ---------------------------------------------------------------------------------------------


def test_filters_narrow_lists_of_tickets_and_of_assignments():
    code = item(3)
    signed(title="东", type="help", area="630102001", item=code)
    signed(title="西", type="complaint", area="630104001")
    for username, key in (("chengdong", "in-hand"), ("duban1", "city-open")):
        assert on(username, key, type="help") == ["东"]
        assert on(username, key, area="630104") == ["西"]
        assert on(username, key, item=code) == ["东"]
        assert on(username, key, q="飞线", type="complaint") == ["西"]
        assert on(username, key, since="2026-09-08") == []
        assert sorted(on(username, key, since="2026-09-07", until="2026-09-07")) == ["东", "西"]


def test_a_ranked_list_is_paged_without_losing_or_repeating_a_row():
    urgencies = ("ordinary", "urgent", "extreme")
    numbers = {registered(MONDAY + timedelta(minutes=n % 7), urgency=urgencies[n % 3]).number for n in range(23)}
    mine, worklist = desk.desk_of(person("paidan1"), LATER), BY_KEY["to-dispatch"]
    seen, cursor = [], ""
    for _ in range(6):
        page = desk.lines(mine, worklist, Filter(), cursor=cursor, limit=4)
        seen += [line.ticket for line in page.lines]
        cursor = page.next
        if not cursor:
            break
    assert len(seen) == 23
    assert {ticket.number for ticket in seen} == numbers
    assert [ticket.urgency for ticket in seen] == ["extreme"] * 7 + ["urgent"] * 8 + ["ordinary"] * 8


def test_a_tab_counts_what_its_list_holds_at_that_moment():
    signed(title="事", tier=1)  # due on Tuesday 8 September at 18:00
    due, late = at("2026-09-08 18:00"), at("2026-09-08 18:00:01")
    assert (size("chengdong", "due-today", due), size("chengdong", "overdue", due)) == (1, 0)
    assert (size("chengdong", "due-today", late), size("chengdong", "overdue", late)) == (0, 1)
    assert size("chengdong", "due-today", at("2026-09-07 23:59:59")) == 0


def test_a_new_post_changes_the_counts_at_once():
    dispatched(lead="630104", title="城西的")
    staff = someone("handler", "630102", "xin")
    assert size("xin", "to-sign") == 0
    give_roles(staff, ["handler"], Unit.objects.get(code="630104"))
    assert size("xin", "to-sign") == 1


def test_counts_stop_at_a_cap(monkeypatch):
    monkeypatch.setattr(desk, "MOST_COUNTED", 2)
    for _ in range(5):
        registered()
    page = client_of("paidan1").get("/work/").content.decode()
    assert '<span class="ys-count" data-count="3">2+</span>' in page


@pytest.mark.parametrize(
    ("username", "key"),
    [("paidan1", "to-dispatch"), ("huawu1", "mine"), ("chengdong", "in-hand"), ("duban1", "city-open")],
)
def test_a_full_page_of_a_worklist_costs_at_most_eight_queries(username, key, django_assert_max_num_queries):
    for n in range(51):
        if key == "in-hand":
            signed(title=f"第{n}件")
        else:
            registered(title=f"第{n}件")
    client = client_of(username)
    client.get(f"/work/{key}/")
    with django_assert_max_num_queries(8):
        answer = client.get(f"/work/{key}/")
    assert len(answer.context["page"].lines) == 50
    assert answer.content.decode().count("data-href") == 50
    assert "下一页" in answer.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "x"},
        {"cursor": "MHwyMDI2LTA5LTA3fDE"},
        {"cursor": "OTk5OTl8MjAyNi0wOS0wN1QwOTowMDowMCswODowMHwx"},
        {"since": "2026-13-45"},
        {"until": "9999-12-31"},
        {"q": "？"},
        {"q": "😀"},
        {"type": "'", "area": "630102%", "item": "\\", "urgency": "x" * 3000},
    ],
)
def test_no_filter_or_cursor_breaks_a_list(asked):
    registered()
    for username in ("paidan1", "chengdong", "duban1"):
        client = client_of(username)
        for worklist in worklists_of(person(username))[:4]:
            answer = client.get(f"/work/{worklist.key}/", asked)
            assert answer.status_code in {200, 422}
            assert "筛选" in answer.content.decode()


def test_a_row_leads_to_its_ticket_and_shows_no_codes():
    assignment = signed(title="飞线充电", area="630102001", urgency="urgent")
    page = client_of("chengdong").get("/work/in-hand/").content.decode()
    assert f'href="/tickets/{assignment.ticket.number}/"' in page
    for words in ("飞线充电", "紧急", "城东区", "主办", "办理中", "超期"):
        assert words in page
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    shown = re.sub(r"<[^>]+>", " ", table)
    assert not re.search(r"[a-z]{3,}", shown)
