"""A session ends when nobody is there (等保三级); htmx is told to leave the page instead of swapping a login form into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

from yousu.city import directory

SEEN = "seen"
# How exactly the last sign of life is kept: writing it at every request would cost every page a write.
STEP = timedelta(minutes=1)


class IdleLogout:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SEEN in request.session and self._too_long(request):
            logout(request)
            if not request.path.startswith("/api/"):
                return to_login(request, idle=True)
        response = self.get_response(request)
        if request.headers.get("HX-Request") and response.status_code == 302:
            target = response.headers["Location"]
            if target.startswith(settings.LOGIN_URL):
                return to_login(request)
        return response

    def _too_long(self, request: HttpRequest) -> bool:
        """Whether nobody was there for too long; otherwise this request is a sign of life."""
        now = timezone.now()
        silent = now - datetime.fromtimestamp(request.session[SEEN], UTC)
        if silent > timedelta(minutes=directory.current().rules_at(now).security.idle_minutes):
            return True
        if silent >= STEP:
            sign_of_life(request)
        return False


def sign_of_life(request: HttpRequest) -> None:
    request.session[SEEN] = int(timezone.now().timestamp())


def to_login(request: HttpRequest, *, idle: bool = False) -> HttpResponse:
    """To the login page, and back afterwards to where a person was reading (not to what they were sending)."""
    told: dict[str, str] = {"idle": "1"} if idle else {}
    if request.headers.get("HX-Request"):
        where = f"{settings.LOGIN_URL}?{urlencode(told)}" if told else settings.LOGIN_URL
        return HttpResponse(status=401, headers={"HX-Redirect": where})
    if request.method == "GET" and request.path != "/":
        told["next"] = request.get_full_path()
    return redirect(f"{settings.LOGIN_URL}?{urlencode(told)}" if told else settings.LOGIN_URL)
