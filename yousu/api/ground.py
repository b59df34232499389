"""The ground (units, areas, catalogue, calendar, rules, verbs), tokens, and who one is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Query

from yousu.api import auth, wire
from yousu.api.acts import ABOVE
from yousu.api.auth import caller
from yousu.api.reads import address_of
from yousu.api.shapes import schema_of
from yousu.base.errors import Refused
from yousu.base.sealed import sm3
from yousu.city import accounts, directory
from yousu.city.models import ApiToken, CalendarDay, CalendarYear, CatalogueVersion
from yousu.city.roles import Role
from yousu.tickets.registry import REGISTRY
from yousu.tickets.verbtable import room_of, states_of, who_of

GROUND = ["城市"]
ACCOUNT = ["登录"]
LOGIN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["username", "password"],
                    "properties": {
                        "username": {"title": "账号", "type": "string"},
                        "password": {"title": "密码", "type": "string"},
                        "name": {"title": "用途", "type": "string", "maxLength": 60},
                    },
                }
            }
        },
    }
}


def mount(api: NinjaAPI) -> None:
    _mount_account(api)
    _mount_places(api)
    _mount_rules(api)


def _mount_account(api: NinjaAPI) -> None:
    @api.post("/tokens", auth=None, operation_id="issue_token", summary="登录取令牌", tags=ACCOUNT, openapi_extra=LOGIN)
    def issue(request: HttpRequest) -> HttpResponse:
        """账号密码换令牌。连续输错会锁定账号，与网页登录一致。令牌只在此时返回一次。"""
        given = {name: wire.body(request).get(name, "") for name in ("username", "password", "name")}
        for name, label in (("username", "账号"), ("password", "密码"), ("name", "用途")):
            if not isinstance(given[name], str) or "\x00" in given[name] or (name != "name" and not given[name]):
                raise Refused(f"请填写{label}。", field=name)
        now = timezone.now()
        staff = accounts.sign_in(request, given["username"], given["password"], address_of(request), now)
        token, row = accounts.issue_token(staff, given["name"] or "接口", now)
        return wire.answer({"token": token, "name": row.name, "expires_at": row.expires_at}, 201)

    @api.delete("/tokens/current", operation_id="revoke_token", summary="停用当前令牌", tags=ACCOUNT)
    def revoke(request: HttpRequest) -> HttpResponse:
        _, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if not token:
            raise Refused("当前不是用令牌访问，没有可停用的令牌。", code="state")
        ApiToken.objects.filter(digest=sm3(token.strip().encode())).update(revoked_at=timezone.now())
        auth.forget(token.strip())
        return HttpResponse(status=204)

    @api.get("/me", operation_id="me", summary="我是谁", tags=ACCOUNT)
    def me(request: HttpRequest) -> HttpResponse:
        staff, city = caller(request), directory.current()
        roles = [
            {"role": role, "label": Role(role).label, "unit": city.units[unit].code, "unit_name": city.units[unit].name}
            for role, unit in sorted(staff.grants())
            if unit in city.units
        ]
        return wire.answer({"username": staff.username, "name": staff.name, "roles": roles})


def _mount_places(api: NinjaAPI) -> None:
    @api.get("/units", operation_id="list_units", summary="单位", tags=GROUND)
    def units(
        request: HttpRequest,
        parent: str = Query("", max_length=40, description="上级单位代码，留空为全部"),  # type: ignore[type-arg]
        q: str = Query("", max_length=40, description="名称中的文字"),  # type: ignore[type-arg]
    ) -> HttpResponse:
        city = directory.current()
        found = [
            {
                "code": unit.code,
                "name": unit.name,
                "short_name": unit.short_name,
                "kind": unit.kind,
                "parent": unit.parent.code if unit.parent_id and unit.parent else None,
                "area": unit.area_id,
            }
            for unit in city.units.values()
            if unit.active and not unit.scope and (not q or q in unit.name or q in unit.short_name)
        ]
        return wire.answer({"items": [one for one in found if not parent or one["parent"] == parent]})

    @api.get("/areas", operation_id="list_areas", summary="行政区划", tags=GROUND)
    def areas(
        request: HttpRequest,
        parent: str = Query("", max_length=12, description="上级区划代码，留空为全部"),  # type: ignore[type-arg]
        q: str = Query("", max_length=40, description="名称中的文字"),  # type: ignore[type-arg]
    ) -> HttpResponse:
        found = [
            {"code": a.code, "name": a.name, "level": a.level, "parent": a.parent_id, "lon": a.lon, "lat": a.lat}
            for a in directory.current().areas.values()
            if (not parent or a.parent_id == parent) and (not q or q in a.name)
        ]
        return wire.answer({"items": found})

    @api.get("/items", operation_id="list_items", summary="派单事项", tags=GROUND)
    def items(
        request: HttpRequest,
        q: str = Query("", max_length=40, description="名称或关键词中的文字"),  # type: ignore[type-arg]
        area: str = Query("", max_length=12, description="地点，给出后算出主办单位"),  # type: ignore[type-arg]
    ) -> HttpResponse:
        """现行派单目录中的事项。"""
        city = directory.current()
        found = []
        for item in city.items.values():
            if q and q not in item.name and q not in item.keywords:
                continue
            lead = city.lead_unit(item, area)
            found.append(
                {
                    "code": item.code,
                    "name": item.name,
                    "path": item.path,
                    "tier": item.tier,
                    "urgency": item.urgency,
                    "secret": item.secret,
                    "lowest_level": item.lowest_level,
                    "lead": lead.code if lead else None,
                }
            )
        return wire.answer({"items": found})

    @api.get("/catalogue/versions", operation_id="list_catalogue_versions", summary="派单目录的版本", tags=GROUND)
    def versions(request: HttpRequest) -> HttpResponse:
        rows = CatalogueVersion.objects.filter(scope="").order_by("-number")
        return wire.answer(
            {"items": [{"number": v.number, "note": v.note, "published_at": v.published_at} for v in rows]}
        )


def _mount_rules(api: NinjaAPI) -> None:
    @api.get("/calendar/{year}", operation_id="get_calendar", summary="工作日历", tags=GROUND)
    def calendar(request: HttpRequest, year: int) -> HttpResponse:
        """与普通周不同的日子。known 为 false 表示这一年还没有官方日历，期限只能暂定。"""
        if not 1949 <= year <= 2999:
            raise Refused(f"没有 {str(year)[:10]} 年的日历。", code="not_found")
        row = CalendarYear.objects.filter(pk=year).first()
        days = CalendarDay.objects.filter(date__year=year).order_by("date")
        return wire.answer(
            {
                "year": year,
                "known": row is not None,
                "source": row.get_source_display() if row else None,
                "days": [{"date": d.date, "is_workday": d.is_workday, "name": d.name} for d in days],
            }
        )

    @api.get("/rules/current", operation_id="current_rules", summary="现行规则", tags=GROUND)
    def rules(request: HttpRequest) -> HttpResponse:
        return wire.answer(directory.current().rules_at(timezone.now()).model_dump(mode="json"))

    @api.get("/verbs", operation_id="list_verbs", summary="动作表", tags=GROUND)
    def verbs(request: HttpRequest) -> HttpResponse:
        found = [
            {
                "name": v.name,
                "label": v.label,
                "link": room_of(v),
                "endpoint": None if v.by_platform_only else f"POST /api/v1{ABOVE[v.on]}/{v.noun}",
                "who": who_of(v),
                "states": states_of(v),
                "schema": schema_of(v),
            }
            for v in REGISTRY.values()
        ]
        return wire.answer({"items": found})
