"""Whatever is sent, the answer is a Chinese sentence in the one shape, never a 500, and nothing is stored by halves."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from tests.factories import item, registered
from yousu.api import auth
from yousu.api.tests.client import Caller
from yousu.city.models import ApiToken, Staff
from yousu.tickets.models import Attachment, Event, Ticket

pytestmark = pytest.mark.django_db
HAN = re.compile(r"[\u4e00-\u9fff]")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


@pytest.fixture
def desk() -> Caller:
    return Caller("huawu1")


def told(answer: tuple[int, Any], status: int, code: str, field: str = "") -> str:
    """Checks the one shape; gives the sentence."""
    got, body = answer
    assert got == status, body
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field", "open"}
    assert (body["error"]["code"], body["error"]["field"]) == (code, field), body
    assert HAN.search(body["error"]["message"])
    return str(body["error"]["message"])


MALFORMED = {
    "cut off": b'{"content": "x"',
    "empty brackets": b"[]",
    "a bare word": b"hello",
    "a bare number": b"1",
    "null": b"null",
    "not utf-8": b'{"content": "\xff\xfe"}',
    "gb18030": '{"content": "路灯不亮"}'.encode("gb18030"),
    "nested a hundred thousand deep": b"[" * 100_000 + b"]" * 100_000,
    "objects nested deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_is_no_json_object_is_answered_400(desk, raw):
    told(desk.raw("/tickets", raw), 400, "malformed")
    assert not Ticket.objects.exists()


def test_a_form_instead_of_json_is_answered_400(desk):
    assert "application/json" in told(desk.raw("/tickets", b"content=x", kind="text/plain"), 400, "malformed")


INVALID: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "nothing": ({}, 422, "invalid", "content"),
    "blank": ({"content": "   "}, 422, "invalid", "content"),
    "number for text": ({"content": 5}, 422, "invalid", "content"),
    "list for text": ({"content": ["x"]}, 422, "invalid", "content"),
    "object for text": ({"content": {"a": 1}}, 422, "invalid", "content"),
    "null for text": ({"content": None}, 422, "invalid", "content"),
    "NUL": ({"content": "路灯\x00不亮"}, 422, "invalid", "content"),
    "5,001 characters": ({"content": "灯" * 5001}, 413, "too_large", "content"),
    "unknown field": ({"content": "x", "nonsense": 1}, 422, "invalid", "nonsense"),
    "a field that would steer the verb": ({"content": "x", "now": "2020-01-01"}, 422, "invalid", "now"),
    "another who": ({"content": "x", "by": 1}, 422, "invalid", "by"),
    "unknown type": ({"content": "x", "type": "nonsense"}, 422, "invalid", "type"),
    "unknown area": ({"content": "x", "area": "999999"}, 404, "not_found", "area"),
    "unknown item": ({"content": "x", "item": "999999"}, 404, "not_found", "item"),
    "unknown unit": ({"content": "x", "accused_unit": "nobody"}, 404, "not_found", "accused_unit"),
    "bad phone": ({"content": "x", "caller_phone": "call me"}, 422, "invalid", "caller_phone"),
    "bad bool": ({"content": "x", "is_secret": "maybe"}, 422, "invalid", "is_secret"),
    "latitude of nowhere": ({"content": "x", "lat": 91}, 422, "invalid", "lat"),
    "a huge number": ({"content": "x", "lon": 10**400}, 422, "invalid", "lon"),
    "too long a name": ({"content": "x", "caller_name": "王" * 41}, 422, "invalid", "caller_name"),
    "too many labels": ({"content": "x", "labels": ["a"] * 21}, 422, "invalid", "labels"),
    "an attachment that is not there": (
        {"content": "x", "attachments": [4_000_000_000]},
        422,
        "invalid",
        "attachments",
    ),
    "an attachment number beyond all": ({"content": "x", "attachments": [10**30]}, 422, "invalid", "attachments"),
}


@pytest.mark.parametrize(("body", "status", "code", "field"), INVALID.values(), ids=INVALID.keys())
def test_a_wrong_value_is_refused_with_its_field_and_nothing_is_stored(desk, body, status, code, field):
    told(desk.post("/tickets", body), status, code, field)
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("raw", [b'{"content": "\\ud800"}', b'{"content": NaN}', b'{"content": "x", "lon": 1e999}'])
def test_half_characters_and_numbers_without_end_are_refused(desk, raw):
    status, body = desk.raw("/tickets", raw)
    assert status in {400, 422}
    assert HAN.search(body["error"]["message"])
    assert not Ticket.objects.exists()


def test_emoji_and_rare_characters_are_stored_and_given_back(desk):
    text = "𠮷野家门口😀🇨🇳积水，䶮姓市民反映👨‍👩‍👧。"
    status, body = desk.post("/tickets", {"content": text})
    assert status == 201
    assert desk.get(f"/tickets/{body['ticket']['number']}")[1]["ticket"]["content"] == text


def test_five_thousand_characters_are_taken(desk):
    status, body = desk.post("/tickets", {"content": "灯" * 5000})
    assert (status, len(body["ticket"]["content"])) == (201, 5000)


@pytest.mark.parametrize("when", ["2026-02-30", "tomorrow", "2026-13-01", "99999-01-01", 5, None, "2026-12-01T99:00"])
def test_a_bad_date_is_refused_at_its_field(when):
    ticket, boss = registered(), Caller("paidan1")
    boss.post(f"/tickets/{ticket.number}/dispatches", {"lead": "630102", "item": item(7)})
    body = {"reason": "须待供暖季后", "measures": "临时疏导", "promised_on": when}
    assert "日期" in told(boss.post(f"/tickets/{ticket.number}/shelvings", body), 422, "invalid", "promised_on")
    assert Event.objects.filter(ticket=ticket).count() == 2


BAD_QUERIES = [
    "?cursor=x", "?cursor=MjAyNnw", "?cursor=" + "A" * 300, "?limit=0", "?limit=abc", "?limit=999999999999999999999",
    "?since=2026-02-30", "?since=0000-00-00", "?q=%00", "?state=%00", "?q=" + "a" * 101, "?q=%F0%9F%98%80",
    "?cursor=OTk5OS0xMi0zMVQyMzo1OTo1OS0xNDowMHwxMA", "?cursor=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
]  # fmt: skip


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_bad_question_is_answered_with_a_sentence(desk, query):
    response = desk.client.get(f"/api/v1/tickets{query}", **desk.auth)
    assert response.status_code in {200, 400, 422}
    if response.status_code != 200:
        assert HAN.search(json.loads(response.content)["error"]["message"])


@pytest.mark.parametrize(
    "path",
    [
        "/tickets/260907-000001-0",
        "/tickets/😀",
        "/tickets/" + "9" * 500,
        "/tickets/x/events",
        "/assignments/9999999",
        "/assignments/99999999999999999999999",
        "/assignments/abc",
        "/assignments/-1",
        "/attachments/9999999",
        "/attachments/..%2F..%2Fsecret",
        "/calendar/99999999999",
        "/nowhere",
    ],
)
def test_what_is_not_there_is_answered_404(desk, path):
    told(desk.get(path), 404, "not_found")


def test_a_verb_on_what_is_not_there_is_answered_404(desk):
    told(desk.post("/tickets/260907-000001-0/answers", {"text": "x"}), 404, "not_found")
    told(desk.post("/assignments/99999999/replies", {"text": "x"}), 404, "not_found")


def test_the_wrong_method_is_answered_405(desk):
    told(desk.delete("/tickets"), 405, "method")


# -- tokens ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["Bearer ys_wrong", "Bearer ", "Bearer", "Basic abc", "ys_naked", "Bearer 令牌", "Bearer " + "y" * 9000]
)
def test_a_broken_token_is_answered_401(header):
    response = Client(raise_request_exception=False).get("/api/v1/me", HTTP_AUTHORIZATION=header)
    told((response.status_code, json.loads(response.content)), 401, "unauthenticated")


def test_no_token_is_answered_401():
    response = Client().get("/api/v1/me")
    told((response.status_code, json.loads(response.content)), 401, "unauthenticated")


def test_an_expired_token_is_answered_401(desk):
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    told(desk.get("/me"), 401, "unauthenticated")


def test_a_revoked_token_is_answered_401_at_once_in_this_process(desk):
    assert desk.get("/me")[0] == 200
    assert desk.delete("/tokens/current")[0] == 204
    told(desk.get("/me"), 401, "unauthenticated")


def test_a_token_revoked_elsewhere_ends_within_seconds(desk, monkeypatch):
    assert desk.get("/me")[0] == 200
    ApiToken.objects.update(revoked_at=timezone.now())
    later = auth.clock.monotonic() + auth.TOKEN_SECONDS
    monkeypatch.setattr(auth.clock, "monotonic", lambda: later)
    told(desk.get("/me"), 401, "unauthenticated")


def test_the_token_of_someone_who_left_is_answered_401(desk):
    Staff.objects.filter(pk=desk.staff.pk).update(is_active=False)
    told(desk.get("/me"), 401, "unauthenticated")


def sign_in(password: str) -> tuple[int, Any]:
    body = json.dumps({"username": "huawu2", "password": password})
    response = Client(raise_request_exception=False).post("/api/v1/tokens", body, "application/json")
    return response.status_code, json.loads(response.content)


def test_five_wrong_passwords_lock_the_account_for_the_api_too():
    assert sign_in("Demo-12345-xn")[0] == 201
    for _ in range(5):
        told(sign_in("wrong"), 403, "forbidden", "password")
    assert "锁定" in told(sign_in("Demo-12345-xn"), 403, "forbidden")


def test_a_session_without_its_csrf_token_changes_nothing():
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(Staff.objects.get(username="huawu1"))
    assert client.get("/api/v1/me").status_code == 200
    response = client.post("/api/v1/tickets", '{"content": "x"}', "application/json")
    told((response.status_code, json.loads(response.content)), 403, "forbidden")
    assert not Ticket.objects.exists()
    client.cookies["csrftoken"] = "a" * 32
    response = client.post("/api/v1/tickets", '{"content": "x"}', "application/json", HTTP_X_CSRFTOKEN="a" * 32)
    assert response.status_code == 201


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path):
    with override_settings(MEDIA_ROOT=tmp_path):
        yield tmp_path


def upload(caller: Caller, name: str, content: bytes) -> tuple[int, Any]:
    response = caller.client.post("/api/v1/attachments", {"file": SimpleUploadedFile(name, content)}, **caller.auth)
    return response.status_code, json.loads(response.content)


def test_fifty_megabytes_are_refused_and_leave_nothing_on_disk(desk, shelf):
    assert "20 MB" in told(upload(desk, "big.png", PNG + b"0" * 50 * 1024 * 1024), 413, "too_large", "file")
    assert not Attachment.objects.exists()
    assert not [path for path in shelf.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd.png", "..\\..\\win.png", "/abs/olute.png", "a" * 300 + ".png", "\u202egnp.png"]
)
def test_a_file_name_cannot_leave_the_shelf(desk, shelf, name):
    status, body = upload(desk, name, PNG)
    assert status == 201
    assert "/" not in body["name"] and "\\" not in body["name"] and len(body["name"]) <= 200
    kept = [path for path in shelf.rglob("*") if path.is_file()]
    assert len(kept) == 1


@pytest.mark.parametrize("content", [b"", b"<html><script>alert(1)</script>", b"MZ\x90\x00", b"#!/bin/sh"])
def test_what_is_empty_or_could_run_is_refused(desk, shelf, content):
    told(upload(desk, "a.png", content), 422, "invalid", "file")
    assert not Attachment.objects.exists()


def test_a_file_is_its_uploaders_until_a_ticket_names_it_and_then_only_once(desk, shelf):
    number = upload(desk, "路灯.png", PNG)[1]["id"]
    told(Caller("huawu2").get(f"/attachments/{number}"), 404, "not_found")
    told(Caller("huawu2").post("/tickets", {"content": "x", "attachments": [number]}), 422, "invalid", "attachments")
    status, body = desk.post("/tickets", {"content": "x", "attachments": [number]})
    assert status == 201
    assert [f["id"] for f in desk.get(f"/tickets/{body['ticket']['number']}")[1]["attachments"]] == [number]
    told(desk.post("/tickets", {"content": "y", "attachments": [number]}), 422, "invalid", "attachments")
    response = Caller("huawu2").client.get(f"/api/v1/attachments/{number}", **Caller("huawu2").auth)
    assert (response.status_code, b"".join(response.streaming_content)) == (200, PNG)


def test_a_body_over_four_megabytes_is_refused_without_being_kept(desk):
    assert "4 MB" in told(desk.raw("/tickets", b" " * (5 * 1024 * 1024)), 413, "too_large")
    assert not Ticket.objects.exists()


def test_an_error_that_nobody_foresaw_says_its_reference_and_logs_no_content(desk, monkeypatch, caplog):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("139" + "12345678")

    monkeypatch.setattr("yousu.api.acts.outcome", broken)
    message = told(desk.post("/tickets", {"content": "路灯不亮", "caller_phone": "13912345678"}), 500, "internal")
    reference = re.search(r"[0-9A-F]{8}", message)
    assert reference and reference.group() in caplog.text
    assert "13912345678" not in caplog.text
