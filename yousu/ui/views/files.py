"""Attachments: taken in before a form is sent, given out only to those who may see the ticket."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.tickets.access import may_see
from yousu.tickets.case import Case
from yousu.tickets.files import keep
from yousu.tickets.models import Attachment
from yousu.tickets.privacy import may_have_file
from yousu.ui.views.common import STATUS, me

INLINE = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


@login_required
@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """Keep one file (``file``); its id goes into the form that will name it."""
    given = request.FILES.get("file")
    if given is None:
        return JsonResponse({"error": "请选择要上传的文件。"}, status=422)
    now = timezone.now()
    try:
        kept = keep(given, by=me(request), now=now, rules=directory.current().rules_at(now))
    except Refused as refused:
        return JsonResponse({"error": refused.message}, status=STATUS.get(refused.code, 422))
    return JsonResponse({"id": kept.pk, "name": kept.name, "size": kept.size, "image": kept.mime in INLINE}, status=201)


@login_required
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file. Pictures are shown in place, all else is saved; a browser may run nothing of it."""
    file = Attachment.objects.select_related("ticket").filter(pk=pk).first()
    if file is None or not _may_have(request, file):
        raise Http404("没有这个附件，或者它不在您的范围内。")
    path = Path(settings.MEDIA_ROOT) / file.path
    if not path.is_file():
        raise Http404("附件文件已不在存储中，请联系系统管理员。")
    response = FileResponse(path.open("rb"), content_type=file.mime)
    shown = "inline" if file.mime in INLINE else "attachment"
    response["Content-Disposition"] = f"{shown}; filename*=UTF-8''{quote(file.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=600"
    return response


def _may_have(request: HttpRequest, file: Attachment) -> bool:
    if file.ticket is None:
        return file.uploaded_by_id == request.user.pk
    case = Case(file.ticket, list(file.ticket.assignments.order_by("ordinal")))
    return may_see(me(request), case) and may_have_file(me(request), file.ticket, file)
