"""What the pages of this folder share."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

from yousu.base.errors import Refused
from yousu.city.models import Staff

# As a page; a fragment is always answered 422, which htmx puts in place.
STATUS = {"forbidden": 403, "state": 409, "conflict": 409, "too_large": 413}


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def me(request: HttpRequest) -> Staff:
    assert isinstance(request.user, Staff)
    return request.user


def status_of(request: HttpRequest, refused: Refused) -> int:
    return 422 if is_htmx(request) else STATUS.get(refused.code, 422)


def with_toast(response: HttpResponse, text: str, tone: str = "success") -> HttpResponse:
    response["HX-Trigger"] = json.dumps({"toast": {"text": text, "tone": tone}})
    return response
