"""A caller of the API for tests: a person's token, JSON in and out."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client
from django.utils import timezone

from tests.factories import person
from yousu.city.accounts import issue_token
from yousu.city.models import Staff


class Caller:
    def __init__(self, who: str | Staff) -> None:
        self.staff = person(who) if isinstance(who, str) else who
        self.token, _ = issue_token(self.staff, "测试", timezone.now())
        self.client = Client(raise_request_exception=False)
        self.auth = {"HTTP_AUTHORIZATION": f"Bearer {self.token}"}

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self._read(self.client.get(f"/api/v1{path}", query, **self.auth))

    def post(self, path: str, body: Any = None, key: str = "", **meta: Any) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        return self.raw(path, raw, key=key, **meta)

    def raw(self, path: str, raw: bytes, kind: str = "application/json", key: str = "", **meta: Any) -> tuple[int, Any]:
        extra = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
        return self._read(self.client.post(f"/api/v1{path}", raw, content_type=kind, **self.auth, **extra, **meta))

    def delete(self, path: str) -> tuple[int, Any]:
        return self._read(self.client.delete(f"/api/v1{path}", **self.auth))

    @staticmethod
    def _read(response: Any) -> tuple[int, Any]:
        return response.status_code, json.loads(response.content) if response.content else None
