"""What the frame around every page shows. Nothing here asks the database before a template asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from yousu.city import directory
from yousu.city.models import Staff
from yousu.city.roles import ADMIN_ROLES, CITYWIDE_ROLES, Role


@dataclass(frozen=True)
class Entry:
    """A place in the main navigation; ``prefix`` tells on which pages it is lit."""

    label: str
    url: str
    icon: str
    active: bool


@dataclass(frozen=True)
class Place:
    label: str
    name: str
    icon: str
    roles: frozenset[str]
    prefix: str


WORKERS = CITYWIDE_ROLES | {Role.HANDLER}
PLACES = (
    Place("登记诉求", "register", "headset", frozenset({Role.OPERATOR}), "/register"),
    Place("工作台", "work", "list-check", frozenset(WORKERS | ADMIN_ROLES), "/work"),
    Place("查找", "search", "search", frozenset(WORKERS), "/search"),
)


class Frame:
    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def _staff(self) -> Staff | None:
        user = getattr(self._request, "user", None)
        return user if isinstance(user, Staff) else None

    @cached_property
    def nav(self) -> list[Entry]:
        """The places this person works in; those whose pages are not installed are left out."""
        found = []
        for place in PLACES:
            if self._staff is None or not self._staff.has_role(*place.roles):
                continue
            try:
                url = reverse(place.name)
            except NoReverseMatch:
                continue
            found.append(Entry(place.label, url, place.icon, self._request.path.startswith((place.prefix, url))))
        return found

    @cached_property
    def posts(self) -> list[str]:
        """The person's posts in words: ``承办人员 · 城东区``."""
        if self._staff is None:
            return []
        units = directory.current().units
        return [
            f"{Role(role).label} · {units[unit].short_name if unit in units else '单位已撤销'}"
            for role, unit in sorted(self._staff.grants())
        ]

    @property
    def post(self) -> str:
        return self.posts[0] if self.posts else "尚未分配岗位"

    @property
    def searches(self) -> bool:
        return self._staff is not None and self._staff.has_role(*WORKERS)

    @property
    def q(self) -> str:
        return self._request.GET.get("q", "")[:100] if self._request.path.startswith("/search") else ""

    @property
    def idle_minutes(self) -> int:
        return directory.current().rules_at(timezone.now()).security.idle_minutes

    @cached_property
    def city(self) -> str:
        """The name of the city: the root of its areas."""
        areas = directory.current().areas.values()
        return next((area.name for area in areas if area.parent_id is None), "")

    @property
    def demo(self) -> bool:
        return bool(settings.DEMO)


def frame(request: HttpRequest) -> dict[str, object]:
    return {"frame": Frame(request), "user": getattr(request, "user", None)}
