"""The administrators' part of the API: catalogue versions, calendar days, rule sets, accounts. 三员分立 holds here, too."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI

from yousu.api import wire
from yousu.api.auth import caller
from yousu.base.errors import Refused
from yousu.city import accounts, calendars, catalogue, directory, rulesets
from yousu.city.models import Staff
from yousu.city.roles import Role
from yousu.city.workdays import SHANGHAI

TAG = ["管理"]
SHEET: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"title": "目录文件（XLSX 或 CSV）", "type": "string", "format": "binary"},
                        "note": {"title": "说明", "type": "string"},
                        "allow_bad": {"title": "略过有误的行", "type": "string", "enum": ["1"]},
                    },
                }
            }
        },
    }
}


def mount(api: NinjaAPI) -> None:
    _mount_catalogue(api)
    _mount_calendar_and_rules(api)
    _mount_staff(api)


def _only(request: HttpRequest, role: Role) -> Staff:
    staff = caller(request)
    if not staff.has_role(role):
        raise Refused(f"只有{role.label}可以这样做。", code="forbidden")
    return staff


@contextlib.contextmanager
def _sheet(request: HttpRequest) -> Iterator[Path]:
    """The uploaded sheet as a file of its own name's kind."""
    given = request.FILES.getlist("file")
    if len(given) != 1:
        raise Refused("请以 multipart/form-data 在 file 字段上传一个 XLSX 或 CSV 文件。", field="file")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("catalogue" + Path(given[0].name or "").suffix.lower())
        with path.open("wb") as file:
            for chunk in given[0].chunks():
                file.write(chunk)
        yield path


def _previewed(found: catalogue.Preview) -> dict[str, Any]:
    def brief(item: Any) -> dict[str, str]:
        return {"code": item.code, "name": item.name}

    return {
        "base": found.base,
        "added": [brief(item) for item in found.added],
        "changed": [
            {**brief(item), "fields": [{"label": c.label, "old": c.old, "new": c.new} for c in changes]}
            for item, changes in found.changed
        ],
        "retired": [brief(item) for item in found.retired],
        "unchanged": len(found.unchanged),
        "bad": [{"line": row.line, "code": row.code, "reason": row.reason} for row in found.bad],
    }


def _mount_catalogue(api: NinjaAPI) -> None:
    @api.post(
        "/catalogue/previews", operation_id="preview_catalogue", summary="预览派单目录", tags=TAG, openapi_extra=SHEET
    )
    def preview(request: HttpRequest) -> HttpResponse:
        """新增、变更（逐字段）、停用的事项，以及有误的行和原因。不写入任何数据。"""
        _only(request, Role.SYSTEM_ADMIN)
        with _sheet(request) as path:
            return wire.answer(_previewed(catalogue.preview(path)), 200)

    @api.post(
        "/catalogue/versions", operation_id="publish_catalogue", summary="发布派单目录", tags=TAG, openapi_extra=SHEET
    )
    def publish(request: HttpRequest) -> HttpResponse:
        """发布为新版本，即时生效；已有工单保留当日的版本。"""
        staff = _only(request, Role.SYSTEM_ADMIN)
        with _sheet(request) as path, transaction.atomic():
            found = catalogue.preview(path)
            allow = request.POST.get("allow_bad") == "1"
            version = catalogue.publish(found, staff, request.POST.get("note", "")[:200], allow_bad=allow)
        return wire.answer({"number": version.number, "items": version.items.count(), **_previewed(found)}, 201)


def _mount_calendar_and_rules(api: NinjaAPI) -> None:
    @api.post("/workdays", operation_id="set_day", summary="改一天的上班或休息", tags=TAG, openapi_extra=_asks(
        {"date": "日期（年-月-日）", "is_workday": "上班", "name": "名称"}, ["date", "is_workday"], {"is_workday"}
    ))  # fmt: skip
    def set_day(request: HttpRequest) -> HttpResponse:
        """这一年随即标为“本市录入”。涉及的暂定期限由后台重算。"""
        _only(request, Role.SYSTEM_ADMIN)
        given = wire.body(request)
        works = given.get("is_workday")
        if not isinstance(works, bool):
            raise Refused("请写明上班（true）还是休息（false）。", field="is_workday")
        try:
            day = date.fromisoformat(_text(given, "date", 10))
        except ValueError:
            raise Refused("日期无效，应为 年-月-日，例如 2026-10-08。", field="date") from None
        calendars.set_day(day, is_workday=works, name=_text(given, "name", 40))
        return wire.answer({"date": day.isoformat(), "is_workday": works}, 201)

    @api.post("/rules", operation_id="publish_rules", summary="发布规则集", tags=TAG, openapi_extra=_asks(
        {"name": "名称", "effective_from": "生效时间", "body": "规则内容"}, ["name", "effective_from", "body"]
    ))  # fmt: skip
    def publish_rules(request: HttpRequest) -> HttpResponse:
        """新版本；未写的项用默认值。从不改变已经发生的事。"""
        staff = _only(request, Role.SYSTEM_ADMIN)
        given = wire.body(request)
        if not isinstance(given.get("body"), dict):
            raise Refused("规则内容应为 JSON 对象。", field="body")
        try:
            moment = datetime.fromisoformat(_text(given, "effective_from", 40))
        except ValueError:
            raise Refused("生效时间无效，例如 2026-12-01T00:00。", field="effective_from") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        made = rulesets.publish(
            given["body"], name=_text(given, "name", 80), effective_from=moment, by=staff, now=timezone.now()
        )
        return wire.answer({"version": made.version, "name": made.name, "effective_from": made.effective_from}, 201)


def _mount_staff(api: NinjaAPI) -> None:
    @api.post("/staff", operation_id="add_staff", summary="新增人员", tags=TAG, openapi_extra=_asks(
        {"username": "账号", "name": "姓名", "password": "密码", "unit": "单位代码", "roles": "岗位（列表）"},
        ["username", "name", "password", "unit", "roles"],
    ))  # fmt: skip
    def add(request: HttpRequest) -> HttpResponse:
        """系统、安全、审计三类管理员不得兼任。"""
        _only(request, Role.SECURITY_ADMIN)
        given = wire.body(request)
        roles = given.get("roles")
        if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
            raise Refused("请给出至少一个岗位。", field="roles")
        unit = directory.current().unit(_text(given, "unit", 40))
        words = [_text(given, field, 128) for field in ("username", "name", "password")]
        made = accounts.new_account(words[0], words[1], words[2], roles, unit)
        return wire.answer({"username": made.username, "name": made.name, "unit": unit.code, "roles": roles}, 201)


def _text(given: dict[str, Any], field: str, most: int) -> str:
    value = given.get(field, "")
    if not isinstance(value, str) or "\x00" in value or len(value) > most:
        raise Refused("应为文字，且不要过长。", field=field)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused("含有残缺的字符，请重新输入。", field=field) from None
    return value


def _asks(titles: dict[str, str], required: list[str], booleans: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    kinds = {"body": "object", "roles": "array"}
    properties = {
        name: {"title": title, "type": "boolean" if name in booleans else kinds.get(name, "string")}
        for name, title in titles.items()
    }
    for one in properties.values():
        if one["type"] == "array":
            one["items"] = {"type": "string"}  # type: ignore[assignment]
    schema = {"type": "object", "required": required, "properties": properties}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
