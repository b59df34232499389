"""Against a real server with real commits: many at once with one key, a large file over the wire."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import person
from yousu.city.accounts import issue_token
from yousu.tickets.models import Attachment, Event, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(live_server):
    token, _ = issue_token(person("huawu1"), "测试", timezone.now())
    host = live_server.url.removeprefix("http://")

    def call(path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(host, timeout=30)
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        connection.request("POST", f"/api/v1{path}", body, sent)
        response = connection.getresponse()
        found = response.status, json.loads(response.read())
        connection.close()
        return found

    return call


def test_ten_at_once_with_one_key_make_one_ticket(call):
    body = json.dumps({"content": "路灯不亮"}).encode()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: call("/tickets", body, **{"Idempotency-Key": "k"}), range(10)))
    assert [status for status, _ in answers] == [201] * 10
    assert len({answer["ticket"]["number"] for _, answer in answers}) == 1
    assert sorted(answer["repeated"] for _, answer in answers) == [False] + [True] * 9
    assert (Ticket.objects.count(), Event.objects.count()) == (1, 1)


def test_ten_at_once_with_one_number_of_their_system_make_one_ticket(call):
    body = json.dumps({"content": "路灯不亮", "source": "app", "external_id": "A-1"}).encode()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: call("/tickets", body), range(10)))
    assert [status for status, _ in answers] == [201] * 10
    assert len({answer["ticket"]["number"] for _, answer in answers}) == 1
    assert (Ticket.objects.count(), Event.objects.count()) == (1, 1)


def test_forty_at_once_get_forty_different_numbers(call):
    def one(n: int) -> str:
        return str(call("/tickets", json.dumps({"content": f"第{n}件"}).encode())[1]["ticket"]["number"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(one, range(40)))) == 40


def test_fifty_megabytes_over_the_wire_are_answered_and_not_kept(call):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n\x89PNG\r\n\x1a\n'
    body = head + b"0" * 50 * 1024 * 1024 + b"\r\n--b--\r\n"
    status, answer = call("/attachments", body, **{"Content-Type": "multipart/form-data; boundary=b"})
    assert (status, answer["error"]["code"]) == (413, "too_large")
    assert "20 MB" in answer["error"]["message"]
    assert not Attachment.objects.exists()
