"""Bytes in, bytes out: JSON decoding that never surprises, answers encoded once."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from yousu.base.errors import Refused

_encoder = msgspec.json.Encoder(enc_hook=str)


def body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request. An empty body is an empty object: some verbs ask for nothing."""
    kind = request.META.get("CONTENT_TYPE", "")
    if kind and "json" not in kind.lower():
        raise Refused("请以 application/json 提交。", code="malformed")
    raw = request.body
    if not raw:
        return {}
    try:
        found = msgspec.json.decode(raw)
    except RecursionError:
        raise Refused("提交的 JSON 嵌套过深。", code="malformed") from None
    except UnicodeDecodeError:
        raise Refused("提交的内容不是 UTF-8 编码。", code="malformed") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise _why(raw) from error
    if not isinstance(found, dict):
        raise Refused('提交的内容应为 JSON 对象，例如 {"content": "……"}。', code="malformed")
    return found


def _why(raw: bytes) -> Refused:
    """What is wrong with bytes that are no JSON, as a sentence."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return Refused("提交的内容不是 UTF-8 编码。", code="malformed")
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return Refused("提交的内容不是有效的 JSON，请检查引号、逗号和括号。", code="malformed")
    return Refused("提交的内容含有残缺的字符，或者不是有限的数字，请改正后重新提交。", code="invalid")


def answer(value: Any, status: int = 200) -> HttpResponse:
    content = _encoder.encode(value)
    response = HttpResponse(content, status=status, content_type="application/json; charset=utf-8")
    response.headers["Content-Length"] = str(len(content))
    return response
