"""The API as programs use it: a chain by HTTP, idempotency, pages, the document, who sees what, and how many queries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import dispatched, handler_of, item, registered, replied, signed
from yousu.api.shapes import schema_of
from yousu.api.tests.client import Caller
from yousu.tickets.models import Event, RevealLog, Ticket
from yousu.tickets.registry import REGISTRY

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Caller:
    return Caller("huawu1")


# -- once -----------------------------------------------------------------------------------------------------------


def test_the_same_key_twice_makes_one_ticket(desk):
    first = desk.post("/tickets", {"content": "路灯不亮"}, key="k-1")
    second = desk.post("/tickets", {"content": "路灯不亮"}, key="k-1")
    assert (first[0], second[0]) == (201, 201)
    assert (first[1]["repeated"], second[1]["repeated"]) == (False, True)
    assert first[1]["ticket"]["number"] == second[1]["ticket"]["number"]
    assert Ticket.objects.count() == 1


def test_the_same_key_for_another_request_is_a_conflict(desk):
    desk.post("/tickets", {"content": "路灯不亮"}, key="k-1")
    status, body = desk.post("/tickets", {"content": "另一件事"}, key="k-1")
    assert (status, body["error"]["code"]) == (409, "conflict")
    assert Ticket.objects.count() == 1


def test_a_refused_request_does_not_use_up_its_key(desk):
    assert desk.post("/tickets", {"content": ""}, key="k-1")[0] == 422
    assert desk.post("/tickets", {"content": "路灯不亮"}, key="k-1")[0] == 201


def test_a_key_of_101_characters_is_refused(desk):
    status, body = desk.post("/tickets", {"content": "x"}, key="k" * 101)
    assert (status, body["error"]["field"]) == (422, "Idempotency-Key")


def test_the_same_number_of_the_source_system_gives_the_ticket_that_is_there(desk):
    sent = {"content": "路灯不亮", "source": "app", "external_id": "A-1"}
    first, second = desk.post("/tickets", sent), desk.post("/tickets", sent)
    assert second[1]["repeated"] and first[1]["ticket"]["number"] == second[1]["ticket"]["number"]
    assert Ticket.objects.count() == 1


# -- reading --------------------------------------------------------------------------------------------------------


def everything(caller: Caller, path: str, limit: int, **query: Any) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    for _ in range(100):
        status, body = caller.get(path, limit=limit, cursor=cursor, **query)
        assert status == 200
        found += body["items"]
        cursor = body["next"]
        if not cursor:
            return found
    raise AssertionError("the pages never end")


def test_pages_give_every_ticket_once_even_while_new_ones_come_in(desk):
    numbers = [registered().number for _ in range(23)]  # all of one moment
    status, first = desk.get("/tickets", limit=5)
    desk.post("/tickets", {"content": "新的诉求"})
    rest = []
    cursor = first["next"]
    while cursor:
        status, body = desk.get("/tickets", limit=5, cursor=cursor)
        rest += body["items"]
        cursor = body["next"]
    seen = [row["ticket"]["number"] for row in first["items"] + rest]
    assert len(seen) == len(set(seen)) == 23
    assert set(seen) == set(numbers)


def test_pages_narrowed_by_a_filter_hold_only_what_was_asked(desk):
    for kind in ("inquiry", "help", "inquiry"):
        registered(type=kind)
    assert [row["ticket"]["type"]["code"] for row in everything(desk, "/tickets", 1, type="inquiry")] == ["inquiry"] * 2


def test_events_come_in_order_page_by_page():
    ticket = replied().ticket
    boss = Caller("paidan1")
    seqs = [event["seq"] for event in everything(boss, f"/tickets/{ticket.number}/events", 2)]
    assert seqs == [1, 2, 3, 4, 5]


def test_a_ticket_page_tells_what_this_person_can_do_and_what_it_asks_for():
    ticket = registered(type="inquiry")
    status, body = Caller("paidan1").get(f"/tickets/{ticket.number}")
    named = {verb["name"]: verb for verb in body["open"]}
    assert {"dispatch", "refuse", "transfer"} <= set(named) and "answer" not in named
    assert named["dispatch"]["href"] == f"/api/v1/tickets/{ticket.number}/dispatches"
    assert named["dispatch"]["schema"]["properties"]["lead"]["title"] == "主办单位"


def test_a_refusal_says_what_is_open_instead():
    assignment = dispatched()
    status, body = Caller("paidan1").post(f"/tickets/{assignment.ticket.number}/dispatches", {"lead": "630102"})
    assert (status, body["error"]["code"]) == (409, "state")
    assert "收回" in body["error"]["open"]


def test_a_unit_sees_only_what_came_to_it():
    mine, other = dispatched(lead="630102"), dispatched(lead="630103")
    handler = Caller(handler_of(mine))
    assert [row["ticket"]["number"] for row in everything(handler, "/tickets", 50)] == [mine.ticket.number]
    assert handler.get(f"/tickets/{other.ticket.number}")[0] == 404
    assert handler.get(f"/assignments/{other.pk}")[0] == 404
    assert handler.get(f"/tickets/{other.ticket.number}/events")[0] == 404


def test_the_chain_goes_through_by_http(desk):
    boss = Caller("paidan1")
    number = desk.post("/tickets", {"content": "小区路灯不亮", "area": "630102001"})[1]["ticket"]["number"]
    made = boss.post(f"/tickets/{number}/dispatches", {"lead": "630102", "item": item(7)})[1]["assignment"]
    assert (made["unit"]["code"], made["ordinal"], made["state"]["name"]) == ("630102", 1, "待签收")
    unit = Caller(handler_of(Ticket.objects.get(number=number).assignments.get()))
    for noun, body in (("signatures", {}), ("contacts", {"note": "已联系"}), ("replies", {"text": "已修复。"})):
        assert unit.post(f"/assignments/{made['id']}/{noun}", body)[0] == 201
    status, page = unit.get(f"/tickets/{number}")
    assert (page["ticket"]["state"]["name"], page["assignments"][0]["state"]["name"]) == ("待回访", "已答复")
    assert Event.objects.filter(ticket__number=number).count() == 5


# -- identity -------------------------------------------------------------------------------------------------------

PERSON = {
    "caller_name": "欧阳小明",
    "caller_phone": "13987654321",
    "caller_id_number": "630102199001011234",
    "caller_email": "ouyang@example.com",
    "caller_company": "高原鹰物流公司",
}


@pytest.mark.parametrize("how", [{"type": "report"}, {"is_secret": True}])
def test_no_endpoint_tells_a_handling_unit_who_reported(how):
    assignment = signed(
        content="我是欧阳小明，13987654321，反映小区消防通道被占。",
        source="app",
        external_id="ouyang-77",
        **PERSON,
        **how,
    )
    boss, unit = Caller("paidan1"), Caller(handler_of(assignment))
    number = assignment.ticket.number
    paths = [
        f"/tickets/{number}",
        f"/tickets/{number}/events",
        f"/assignments/{assignment.pk}",
        "/tickets",
        "/tickets?q=消防通道",
    ]
    told = "".join(unit.client.get(f"/api/v1{path}", **unit.auth).content.decode() for path in paths)
    status, answer = unit.post(f"/assignments/{assignment.pk}/contacts", {"note": "已处理"})
    told += json.dumps(answer, ensure_ascii=False)
    assert status == 201
    for secret in (*PERSON.values(), "ouyang-77"):
        assert secret not in told, secret
    assert "欧阳小明" in "".join(str(boss.post(f"/tickets/{number}/reveals", REVEAL)[1]))
    refused = unit.post(f"/tickets/{number}/reveals", REVEAL)
    assert (refused[0], refused[1]["error"]["code"]) == (403, "forbidden")
    assert RevealLog.objects.count() == 1


REVEAL = {"fields": ["caller_name"], "reason": "需要核实情况"}


def test_a_unit_cannot_try_out_whose_phone_number_a_report_came_from():
    assignment = dispatched(type="report", **PERSON)
    unit = Caller(handler_of(assignment))
    assert unit.get("/tickets", q="13987654321")[1]["items"] == []
    assert len(Caller("paidan1").get("/tickets", q="13987654321")[1]["items"]) == 1


def test_personal_data_is_masked_until_a_reason_is_given_and_then_logged():
    assignment = signed(**PERSON)
    unit, number = Caller(handler_of(assignment)), assignment.ticket.number
    shown = {field["name"]: field["shown"] for field in unit.get(f"/tickets/{number}")[1]["personal"]}
    assert (shown["caller_name"], shown["caller_phone"]) == ("欧***", "139****4321")
    assert unit.post(f"/tickets/{number}/reveals", {"fields": ["caller_name"], "reason": "看"})[0] == 422
    assert unit.post(f"/tickets/{number}/reveals", REVEAL) == (200, {"caller_name": "欧阳小明"})
    assert RevealLog.objects.get().reason == "需要核实情况"


@pytest.mark.parametrize("body", [{}, {"fields": "caller_name"}, {"fields": [1], "reason": "需要核实"},
                                  {"fields": ["password"], "reason": "需要核实"}, {"fields": ["caller_name"], "reason": 5}])  # fmt: skip
def test_a_bad_reveal_is_refused(body):
    ticket = registered(**PERSON)
    assert Caller("paidan1").post(f"/tickets/{ticket.number}/reveals", body)[0] == 422
    assert not RevealLog.objects.exists()


# -- the document ---------------------------------------------------------------------------------------------------


def test_the_document_names_every_verb_that_people_may_do_and_resolves_every_reference(desk):
    document = desk.get("/openapi.json")[1]
    operations = {op["operationId"]: op for path in document["paths"].values() for op in path.values()}
    for name, verb in REGISTRY.items():
        if not verb.by_platform_only:
            assert operations[name]["summary"] == verb.label
            assert "201" in operations[name]["responses"]
            if verb.inputs:
                schema = operations[name]["requestBody"]["content"]["application/json"]["schema"]
                assert set(schema["properties"]) == {one.name for one in verb.inputs}
    text = json.dumps(document)
    wanted = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= set(document["components"]["schemas"])
    assert document["openapi"].startswith("3.1")


def test_the_page_of_the_document_is_chinese_and_needs_nothing_from_outside(desk):
    page = desk.client.get("/api/v1/docs").content.decode()
    assert "登记" in page and "幂等" in page
    assert "http://" not in page and "https://" not in page and "<script" not in page


# -- cost -----------------------------------------------------------------------------------------------------------


def test_registering_costs_at_most_twelve_queries_sign_in_included(desk):
    from yousu.api import auth

    desk.post("/tickets", {"content": "先来一件"})
    auth.forget(desk.token)
    with CaptureQueriesContext(
        connection,
    ) as cold:
        assert desk.post("/tickets", {"content": "路灯不亮", "area": "630102001", "item": item(7)})[0] == 201
    with CaptureQueriesContext(connection) as warm:
        assert desk.post("/tickets", {"content": "路灯不亮", "area": "630102001", "item": item(7)}, key="k")[0] == 201
    assert len(cold) <= 6, [q["sql"][:80] for q in cold]  # token, grants, number, insert; the directory now and then
    assert len(warm) <= 8, [q["sql"][:80] for q in warm]


def test_a_list_of_fifty_costs_no_more_than_a_list_of_one(desk):
    for _ in range(50):
        dispatched()
    desk.get("/tickets", limit=1)
    with CaptureQueriesContext(connection) as one:
        desk.get("/tickets", limit=1)
    with CaptureQueriesContext(connection) as fifty:
        desk.get("/tickets", limit=50)
    assert len(fifty) == len(one) <= 8


# -- whatever is sent -----------------------------------------------------------------------------------------------

WILD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["630102", "phone", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FUZZED = ["register", "dispatch", "refuse", "call_back", "reply", "ask_extension", "shelve"]


@pytest.mark.parametrize("name", FUZZED)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_input_of_any_shape_ends_in_a_500(name, data):
    verb = REGISTRY[name]
    fields = list(schema_of(verb)["properties"])
    body = data.draw(st.dictionaries(st.sampled_from(fields) | st.text(max_size=6), WILD, max_size=6))
    role = verb.who[0].role.value
    if name in {"reply", "ask_extension"}:
        assignment = signed()
        caller, path = Caller(handler_of(assignment)), f"/assignments/{assignment.pk}/{verb.noun}"
    else:
        who = {"operator": "huawu1", "dispatcher": "paidan1", "callback": "huifang1"}[role]
        caller = Caller(who)
        path = "/tickets" if verb.on is None else f"/tickets/{registered().number}/{verb.noun}"
    raw = json.dumps(body).encode()
    status, answer = caller.raw(path, raw)
    assert status in {201, 400, 403, 404, 409, 413, 422}, (status, answer)
    if status != 201:
        assert set(answer["error"]) == {"code", "message", "field", "open"}
