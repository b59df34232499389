"""The HTTP API of the platform: one NinjaAPI, its errors in one shape, its outputs described from the structs it sends."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema

from yousu.api import shapes
from yousu.api.auth import SessionAuth, TokenAuth
from yousu.api.docs import ChineseDocs
from yousu.base import middleware
from yousu.base.errors import Refused
from yousu.tickets.inputs import in_chinese
from yousu.tickets.registry import REGISTRY

DESCRIPTION = """
12345 热线工单的接、派、办、评全流程接口。

- **登录**：`POST /tokens` 换取令牌，之后在请求头写 `Authorization: Bearer ys_…`；已登录的网页会话也可直接调用，
  但修改数据的请求须带 `X-CSRFToken`。
- **幂等**：修改数据的请求可带 `Idempotency-Key` 请求头，同一个键重复提交只办理一次，返回第一次的结果（`repeated` 为 true）。
- **出错**：一律返回 `{"error": {"code", "message", "field", "open"}}`，`message` 是可以直接显示给用户的中文说明。
- **翻页**：列表返回 `{"items", "next"}`，把 `next` 作为 `cursor` 参数取下一页，空串表示已到最后。
- **个人信息**：默认脱敏；`POST /tickets/{number}/reveals` 写明理由后查看并留痕。举报、保密工单的来电人身份不向承办单位提供。
"""


class Api(NinjaAPI):
    """NinjaAPI whose OpenAPI document also describes the structs that are sent."""

    @cached_property
    def _components(self) -> dict[str, Any]:
        _, components = msgspec.json.schema_components(shapes.OUTPUTS, ref_template="#/components/schemas/{name}")
        return dict(components)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        schema["components"]["schemas"].update(self._components)
        for methods in schema["paths"].values():
            for details in methods.values():
                _complete(details)
        return schema


def _complete(details: dict[str, Any]) -> None:
    """What an operation answers, the one shape of errors, and for a verb what it asks for under the rules in force."""
    gives = details.pop("x-gives", None) or {"struct": "", "status": 200}
    good: dict[str, Any] = {"description": "成功"}
    if gives["struct"]:
        good["content"] = _json({"$ref": f"#/components/schemas/{gives['struct']}"})
    bad = {"description": "出错，原因见 error.message", "content": _json({"$ref": "#/components/schemas/ErrorOut"})}
    details["responses"] = {str(gives["status"]): good, "4XX": bad}
    if details["operationId"] in REGISTRY and "requestBody" in details:
        details["requestBody"]["content"] = _json(shapes.schema_of(REGISTRY[details["operationId"]]))


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def make_api() -> Api:
    docs: DocsBase = ChineseDocs()
    api = Api(
        title="有诉开放接口",
        version="1.0.0",
        description=DESCRIPTION.strip(),
        urls_namespace="api",
        auth=[TokenAuth(), SessionAuth()],
        docs=docs,
    )
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http)
    for kind in (Exception, Refused, Http404):
        api.add_exception_handler(kind, _refused)
    return api


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return middleware.answer(request, middleware.as_refusal(request, error))


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error, AuthenticationError):
        return _refused(request, Refused("请先登录，或在请求头中提供有效的令牌。", code="unauthenticated"))
    return _refused(request, Refused("请求的格式有误，请对照接口说明检查后重新提交。", code="malformed"))


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    first = error.errors[0]
    place, name = str(first["loc"][0]), str(first["loc"][-1])
    if place == "path":
        return _refused(request, Refused("没有这个编号对应的记录，可能编号有误。", code="not_found"))
    return _refused(request, Refused(f"{name}：{in_chinese(first)}。", field=name))
