"""The page that explains the API: rendered here, in Chinese, from the OpenAPI document. No script, nothing from outside."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

KINDS = {"string": "文字", "integer": "整数", "number": "数字", "boolean": "是/否", "array": "列表", "object": "对象"}


class ChineseDocs(DocsBase):
    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema(path_params=kwargs)
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for path, methods in schema["paths"].items():
            for method, details in methods.items():
                groups[(details.get("tags") or ["其他"])[0]].append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "summary": details.get("summary", ""),
                        "description": details.get("description", ""),
                        "id": details["operationId"],
                        "parameters": [_parameter(one) for one in details.get("parameters", [])],
                        "fields": _fields(details),
                    }
                )
        facts = {"api": api, "groups": dict(groups), "openapi": self.get_openapi_url(api, kwargs)}
        return render(request, "api/docs.html", facts)


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    place = {"query": "查询参数", "path": "地址", "header": "请求头"}.get(one["in"], one["in"])
    return {
        "name": one["name"],
        "place": place,
        "title": one.get("description") or one["schema"].get("title", ""),
        "required": one.get("required", False),
    }


def _fields(details: dict[str, Any]) -> list[dict[str, Any]]:
    content = details.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = next((kind["schema"] for kind in content.values()), {})
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "title": field.get("title", ""),
            "kind": KINDS.get(_kind(field), ""),
            "required": name in required,
            "note": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _kind(field: dict[str, Any]) -> str:
    kinds = [field, *field.get("anyOf", [])]
    return next((str(one["type"]) for one in kinds if one.get("type") not in {None, "null"}), "")
