"""Signing in and out."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_address

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yousu.base.errors import Refused
from yousu.city.accounts import sign_in
from yousu.city.models import Staff, StaffRole
from yousu.city.roles import Role

SHOWN_PER_ROLE = 5


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    onward = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(onward, allowed_hosts={request.get_host()}):
        onward = settings.LOGIN_REDIRECT_URL
    if request.user.is_authenticated:
        return redirect(onward)
    username, error = request.POST.get("username", "").strip().replace("\x00", ""), ""
    if request.method == "POST":
        try:
            staff = _signed_in(request, username)
        except Refused as refused:
            error = refused.message
        else:
            auth.login(request, staff, backend="django.contrib.auth.backends.ModelBackend")
            return redirect(onward)
    page = {
        "username": username,
        "error": error,
        "next": onward,
        "idle": "idle" in request.GET,
        "demo": demo_accounts() if settings.DEMO else [],
        "demo_password": settings.DEMO_PASSWORD if settings.DEMO else "",
    }
    return render(request, "ui/login.html", page, status=403 if error else 200)


def _signed_in(request: HttpRequest, username: str) -> Staff:
    password = request.POST.get("password", "")
    if not username or not password:
        raise Refused("请输入账号和密码。", field="username")
    return sign_in(request, username, password, address_of(request), timezone.now())


def address_of(request: HttpRequest) -> str | None:
    """The client's address; None when the server does not tell a valid one."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def demo_accounts() -> list[tuple[str, list[tuple[str, str]]]]:
    """Per role: its first accounts as (username, name), for the demo's login page."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    roles = StaffRole.objects.exclude(staff__username__startswith="sim-").filter(staff__is_active=True)
    for role, username, name in roles.order_by("staff_id").values_list("role", "staff__username", "staff__name"):
        if len(found[role]) < SHOWN_PER_ROLE:
            found[role].append((username, name))
    return [(Role(role).label, found[role]) for role in Role.values if role in found]


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect(settings.LOGIN_URL)


@never_cache
@require_GET
def alive(request: HttpRequest) -> HttpResponse:
    """A sign of life from someone who types without sending anything (``IdleLogout`` notes it)."""
    return HttpResponse(status=204 if request.user.is_authenticated else 401)
