"""Whatever goes wrong is answered in one shape: ``{"error": {code, message, field, open}}`` to programs, a page to people."""

from __future__ import annotations

import contextlib
import logging
import secrets
import traceback
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.template.loader import select_template

from yousu.base.errors import Refused

logger = logging.getLogger("yousu.errors")

API = "/api/"
MEGABYTE = 1024 * 1024
# A client that is still sending does not hear an answer: up to so much is let pass unkept before it is told.
PATIENCE = 64 * MEGABYTE
STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method": 405,
    "state": 409,
    "conflict": 409,
    "too_large": 413,
    "invalid": 422,
    "throttled": 429,
    "internal": 500,
}
TITLES = {
    400: "请求无法识别",
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    405: "不能这样访问",
    409: "现在不能这样办",
    413: "内容过大",
    422: "填写有误",
    429: "请稍后再试",
    500: "系统出错",
}


def status_of(refused: Refused) -> int:
    return STATUS.get(refused.code, 422)


def shape(refused: Refused) -> dict[str, object]:
    return {
        "error": {
            "code": refused.code,
            "message": refused.message,
            "field": refused.field,
            "open": refused.open,
        }
    }


def for_program(request: HttpRequest) -> bool:
    return request.path.startswith(API)


def answer(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The refusal as JSON below ``/api/``, as a page elsewhere."""
    status = status_of(refused)
    if status == 413:
        _let_pass(request)
    if for_program(request):
        response: HttpResponse = JsonResponse(shape(refused), status=status, json_dumps_params={"ensure_ascii": False})
        if status == 401:
            response["WWW-Authenticate"] = "Bearer"
        return response
    template = select_template(["ui/error.html", "base/error.html"])
    facts = {"title": TITLES[status], "message": refused.message, "open": refused.open, "status": status}
    return HttpResponse(template.render(facts, request), status=status)


def _let_pass(request: HttpRequest) -> None:
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdecimal() and int(declared) <= PATIENCE:
        with contextlib.suppress(OSError, ValueError):
            while request.read(MEGABYTE):
                pass


def as_refusal(request: HttpRequest, error: BaseException) -> Refused:
    """What to tell about an exception. One that nobody foresaw gets a reference under which the log tells more."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, Http404):
        return Refused("没有这个地址，请检查链接。", code="not_found")
    if isinstance(error, PermissionDenied):
        return Refused("您没有权限访问这里。", code="forbidden")
    if isinstance(error, RequestDataTooBig):
        return Refused(_too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE), code="too_large")
    if isinstance(error, TooManyFieldsSent):
        return Refused("提交的字段过多。", code="too_large")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return Refused("请求不完整或格式有误，请重新提交。", code="malformed")
    return Refused(f"系统出错，操作没有生效，请稍后再试。报障时请提供编号 {_log(request, error)}。", code="internal")


def _log(request: HttpRequest, error: BaseException) -> str:
    """Log where it happened and return the reference. Messages and values may be personal data: they stay out."""
    reference = secrets.token_hex(4).upper()
    match = request.resolver_match
    route = match.route if match else "?"
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s %s %s %s\n%s", reference, request.method, route, type(error).__name__, frames)
    return reference


def _too_large(most: int) -> str:
    return f"提交的内容超过 {most // MEGABYTE} MB，请压缩或分开提交。"


class OneErrorShape:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if refused := _at_the_door(request):
            return answer(request, refused)
        response = self.get_response(request)
        if response.status_code == 405:
            allowed = response.get("Allow", "")
            response = answer(request, Refused(f"这个地址只接受 {allowed} 请求。", code="method"))
            response["Allow"] = allowed
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        return answer(request, as_refusal(request, error))


def _at_the_door(request: HttpRequest) -> Refused | None:
    """What need not be read to be refused: a body declared too large, control characters in the address."""
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return Refused("地址中含有无法处理的控制字符。", code="malformed")
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdecimal():
        return Refused("请求头 Content-Length 无效。", code="malformed")
    form = request.META.get("CONTENT_TYPE", "").startswith("multipart/")
    most = settings.UPLOAD_MAX_BYTES if form else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return Refused(_too_large(most), code="too_large") if int(declared) > most else None


# -- Django's own error pages (urls.py: handler400 …) -------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_refusal(request, SuspiciousOperation()))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_refusal(request, PermissionDenied()))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_refusal(request, Http404()))


def server_error(request: HttpRequest) -> HttpResponse:
    reference = secrets.token_hex(4).upper()
    logger.error("%s %s", reference, request.method)
    return answer(request, Refused(f"系统出错，请稍后再试。报障时请提供编号 {reference}。", code="internal"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, Refused("页面已过期，请刷新后重新提交。", code="forbidden"))
