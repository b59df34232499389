"""What can be read of tickets: lists by cursor, one ticket whole, its events, its files; personal data with a reason."""

from __future__ import annotations

from pathlib import Path as File
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Query, Schema
from pydantic import Field, create_model

from yousu.api import shapes, wire
from yousu.api.acts import Id
from yousu.api.auth import caller
from yousu.api.shapes import gives
from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import Staff
from yousu.tickets import files, privacy, queries
from yousu.tickets.case import Case
from yousu.tickets.models import Attachment, Event, Ticket

MEGABYTE = 1024 * 1024
TAG = ["查询"]
FILTERS = {
    "q": "工单编号、电话号码或文字",
    "state": "状态",
    "type": "诉求类型",
    "channel": "渠道",
    "urgency": "紧急程度",
    "unit": "承办单位代码",
    "area": "行政区划代码（含下级）",
    "item": "派单事项编码（含下级）",
    "source": "来源系统",
    "since": "受理日期起，例如 2026-10-01",
    "until": "受理日期止",
    "open": "填 1 只看未办结",
}
_FILTERS: dict[str, Any] = {n: (str, Field("", max_length=100, description=label)) for n, label in FILTERS.items()}
FilterIn: Any = create_model("FilterIn", __base__=Schema, **_FILTERS)


def mount(api: NinjaAPI) -> None:
    @api.get("/tickets", operation_id="list_tickets", summary="工单列表", tags=TAG, openapi_extra=gives("TicketsPage"))
    def list_tickets(
        request: HttpRequest,
        filters: FilterIn = Query(...),  # type: ignore[type-arg]
        cursor: str = Query("", max_length=200, description="上一页返回的 next"),  # type: ignore[type-arg]
        limit: int = Query(50, ge=1, le=200, description="每页条数"),  # type: ignore[type-arg]
    ) -> HttpResponse:
        """最新受理的在前。只列出本人可见的工单。"""
        staff = caller(request)
        found = queries.find(staff, queries.Filter.of(filters.dict()), cursor=cursor, limit=limit)
        rows = [_row(staff, ticket) for ticket in found.rows]
        return wire.answer(shapes.TicketsPage(items=rows, next=found.next))

    @api.get(
        "/tickets/{number}", operation_id="get_ticket", summary="工单全貌", tags=TAG, openapi_extra=gives("TicketPage")
    )
    def get_ticket(request: HttpRequest, number: str) -> HttpResponse:
        """事实、脱敏的个人信息、派单、附件，以及本人现在可以办理的动作和各自要填的内容（JSON Schema）。"""
        staff = caller(request)
        return wire.answer(ticket_page(staff, queries.open_case(staff, number)))

    @api.get(
        "/tickets/{number}/events",
        operation_id="list_events",
        summary="办理过程",
        tags=TAG,
        openapi_extra=gives("EventsPage"),
    )
    def list_events(
        request: HttpRequest,
        number: str,
        cursor: str = Query("", max_length=20, description="上一页返回的 next"),  # type: ignore[type-arg]
        limit: int = Query(100, ge=1, le=200, description="每页条数"),  # type: ignore[type-arg]
    ) -> HttpResponse:
        """只追加的事件，先发生的在前；hash 依次相连，可以校验历史未被改动。"""
        staff = caller(request)
        return wire.answer(events_page(staff, queries.open_case(staff, number), cursor, limit))

    @api.get(
        "/assignments/{id}",
        operation_id="get_assignment",
        summary="一个派单",
        tags=TAG,
        openapi_extra=gives("AssignmentPage"),
    )
    def get_assignment(request: HttpRequest, id: Id) -> HttpResponse:  # noqa: A002
        staff = caller(request)
        case, assignment = queries.open_assignment(staff, id)
        veil = privacy.veil(staff, case.ticket)
        return wire.answer(
            shapes.AssignmentPage(
                ticket=case.ticket.number,
                assignment=shapes.assignment_out(assignment, case, directory.current(), veil),
                open=shapes.verbs_out(case, assignment, staff),
            )
        )

    @api.post(
        "/tickets/{number}/reveals", operation_id="reveal", summary="查看个人信息", tags=TAG, openapi_extra=REVEAL
    )
    def reveal(request: HttpRequest, number: str) -> HttpResponse:
        """写明理由查看个人信息原文；每次查看都留痕。举报、保密工单不向承办单位提供来电人身份。"""
        staff = caller(request)
        given = wire.body(request)
        names, reason = given.get("fields"), given.get("reason", "")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Refused("请在 fields 中列出要查看的内容。", field="fields")
        if not isinstance(reason, str) or "\x00" in reason:
            raise Refused("请写明查看个人信息的理由。", field="reason")
        case = queries.open_case(staff, number)
        return wire.answer(privacy.reveal(staff, case, names, reason, now=timezone.now(), address=address_of(request)))

    _mount_files(api)


REVEAL: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["fields", "reason"],
                    "properties": {
                        "fields": {"title": "内容", "type": "array", "items": {"enum": sorted(privacy.FIELDS)}},
                        "reason": {"title": "理由", "type": "string", "minLength": 4, "maxLength": 200},
                    },
                }
            }
        },
    }
}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"title": "文件", "type": "string", "format": "binary"}},
                }
            }
        },
    },
    **gives("AttachmentOut", 201),
}


def _mount_files(api: NinjaAPI) -> None:
    @api.post("/attachments", operation_id="upload", summary="上传附件", tags=TAG, openapi_extra=UPLOAD)
    def upload(request: HttpRequest) -> HttpResponse:
        """先上传，得到编号后在登记、答复等动作的 attachments 中引用。只接受图片、PDF、Office 文档、录音和视频。"""
        staff, now = caller(request), timezone.now()
        rules = directory.current().rules_at(now)
        most = rules.limits.attachment_megabytes
        if int(request.META.get("CONTENT_LENGTH") or 0) > (most + 1) * MEGABYTE:
            raise Refused(f"文件超过 {most} MB，请压缩或分开上传。", field="file", code="too_large")
        if not request.META.get("CONTENT_TYPE", "").startswith("multipart/form-data"):
            raise Refused("请以 multipart/form-data 上传，文件放在 file 字段。", code="malformed")
        given = request.FILES.getlist("file")
        if len(given) != 1:
            raise Refused("请在 file 字段上传一个文件。", field="file")
        return wire.answer(shapes.attachment_out(files.keep(given[0], by=staff, now=now, rules=rules)), 201)

    @api.get("/attachments/{id}", operation_id="download", summary="下载附件", tags=TAG)
    def download(request: HttpRequest, id: Id) -> FileResponse:  # noqa: A002
        file = _file(caller(request), id)
        response = FileResponse((File(settings.MEDIA_ROOT) / file.path).open("rb"), content_type=file.mime)
        response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
        response["X-Content-Type-Options"] = "nosniff"
        return response


def _file(staff: Staff, pk: int) -> Attachment:
    """A file this person may have: their own upload, or one of a ticket they may see."""
    file = Attachment.objects.select_related("ticket").filter(pk=pk).first()
    gone = Refused("没有这个附件，或者它不在您的范围内。", code="not_found")
    if file is None or not (File(settings.MEDIA_ROOT) / file.path).is_file():
        raise gone
    if file.ticket is None:
        if file.uploaded_by_id != staff.pk:
            raise gone
        return file
    queries.open_case(staff, file.ticket.number)
    if not privacy.may_have_file(staff, file.ticket, file):
        raise Refused("举报和保密工单中来电人提交的材料不向承办单位提供。", code="forbidden")
    return file


def _row(staff: Staff, ticket: Ticket) -> shapes.TicketRow:
    city, case, veil = directory.current(), Case(ticket, list(ticket.assignments.all())), privacy.veil(staff, ticket)
    return shapes.TicketRow(
        ticket=shapes.ticket_out(ticket, city, staff),
        assignments=[shapes.assignment_out(a, case, city, veil) for a in case.assignments],
    )


def ticket_page(staff: Staff, case: Case) -> shapes.TicketPage:
    city, ticket = directory.current(), case.ticket
    veil, knows = privacy.veil(staff, ticket), privacy.knows_identity(staff, ticket)
    accused = city.units.get(ticket.accused_unit_id or 0)
    other = ticket.repeat_of if ticket.repeat_of_id else None
    verbs = shapes.verbs_out(case, None, staff)
    for assignment in case.assignments:
        verbs += shapes.verbs_out(case, assignment, staff)
    given = [
        f for f in Attachment.objects.filter(ticket=ticket).order_by("pk") if privacy.may_have_file(staff, ticket, f)
    ]
    return shapes.TicketPage(
        ticket=shapes.ticket_out(ticket, city, staff),
        accused_unit=shapes.Named(code=accused.code, name=accused.name) if accused else None,
        repeat_of=other.number if other and privacy.may_link(staff, ticket, other) else None,
        caller={"sex": ticket.caller_sex, "company": ticket.caller_company} if knows else {},
        personal=[
            shapes.PersonalOut(name=f.name, label=f.label, shown=f.shown, openable=f.openable)
            for f in privacy.fields_for(staff, case)
        ],
        assignments=[shapes.assignment_out(a, case, city, veil) for a in case.assignments],
        attachments=[shapes.attachment_out(f) for f in given],
        open=verbs,
    )


def events_page(staff: Staff, case: Case, cursor: str, limit: int) -> shapes.EventsPage:
    """Events after the one with the number ``cursor``."""
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise Refused("翻页位置无效，请从第一页重新开始。", field="cursor")
    found = list(Event.objects.filter(ticket=case.ticket, seq__gt=int(cursor or 0)).order_by("seq")[: limit + 1])
    people = dict(Staff.objects.filter(pk__in={e.by_id for e in found if e.by_id}).values_list("pk", "name"))
    veil, city = privacy.veil(staff, case.ticket), directory.current()
    hide = not privacy.knows_identity(staff, case.ticket)
    items = [shapes.event_out(event, city, people, veil, hide) for event in found[:limit]]
    return shapes.EventsPage(items=items, next=str(items[-1].seq) if len(found) > limit else "")


def address_of(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None
