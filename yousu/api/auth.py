"""Who calls: a bearer token (``Authorization: Bearer ys_…``), or the session of someone signed in to the pages."""

from __future__ import annotations

import threading
import time as clock
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from yousu.base.errors import Refused
from yousu.base.sealed import sm3
from yousu.city.accounts import staff_for_token
from yousu.city.models import Staff

# How long a process trusts what it learned of a token: a revocation elsewhere is honoured within this time.
TOKEN_SECONDS = 3.0
MOST_TOKENS = 5_000

_lock = threading.Lock()
_known: dict[bytes, tuple[float, Staff]] = {}


def holder_of(token: str) -> Staff:
    """The staff member whose token it is, with their grants. ``Refused`` (401) otherwise."""
    digest = sm3(token.encode("utf-8", "surrogatepass"))
    until, staff = _known.get(digest, (0.0, None))
    if staff is not None and clock.monotonic() < until:
        return staff
    found = staff_for_token(token, timezone.now()) if _plausible(token) else None
    if found is None:
        forget(token)
        raise Refused("令牌无效、已过期或已停用，请重新登录获取。", code="unauthenticated")
    found.grants()
    with _lock:
        if len(_known) >= MOST_TOKENS:
            _known.clear()
        _known[digest] = (clock.monotonic() + TOKEN_SECONDS, found)
    return found


def forget(token: str) -> None:
    with _lock:
        _known.pop(sm3(token.encode("utf-8", "surrogatepass")), None)


def _plausible(token: str) -> bool:
    return token.isascii() and token.startswith("ys_") and len(token) <= 100


class TokenAuth(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Staff:
        return holder_of(token.strip())

    def __call__(self, request: HttpRequest) -> Any:
        given = request.META.get("HTTP_AUTHORIZATION")
        if not given:
            return None
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused("请在 Authorization 请求头中写 Bearer 和令牌。", code="unauthenticated")
        return self.authenticate(request, token)


class SessionAuth(AuthBase):
    """A signed-in browser. Whatever changes something must carry the CSRF token."""

    openapi_type = "apiKey"
    openapi_name = "sessionid"
    openapi_in = "cookie"

    def __call__(self, request: HttpRequest) -> Staff | None:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        if check_csrf(request):
            raise Refused("页面已过期，请刷新后重新提交（缺少 X-CSRFToken）。", code="forbidden")
        return user  # type: ignore[no-any-return]


def caller(request: HttpRequest) -> Staff:
    """The person that authentication found."""
    staff: Staff = request.auth  # type: ignore[attr-defined]
    return staff
