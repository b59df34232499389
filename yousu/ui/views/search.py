"""Finding tickets by number, phone number or words."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from yousu.base.errors import Refused
from yousu.tickets.desk import Lines, line_of
from yousu.tickets.queries import NUMBER, PHONE, Filter, find
from yousu.ui.filters import bar
from yousu.ui.rows import rows
from yousu.ui.views.common import me


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    wanted, cursor, error = Filter.of(request.GET), request.GET.get("cursor", ""), ""
    page = Lines([], "")
    by_number, by_phone = bool(NUMBER.match(wanted.q)), bool(PHONE.match(wanted.q))
    if wanted:
        try:
            found = find(me(request), wanted, cursor=cursor)
            page = Lines([line_of(ticket, me(request)) for ticket in found.rows], found.next)
        except Refused as refused:
            error = refused.message
    if by_number and len(page.lines) == 1 and not cursor:
        return redirect(f"/tickets/{page.lines[0].ticket.number}/")
    terms = [] if by_number or by_phone else wanted.q.split()
    return render(
        request,
        "ui/search.html",
        {
            "page": page,
            "rows": rows(page.lines, timezone.now(), terms),
            "error": error,
            "wanted": wanted,
            "asked": bool(wanted),
            "by_number": by_number,
            "by_phone": by_phone,
            "choices": bar(wanted, "state", "type", "channel", "urgency", "area", "item"),
            "cursor": cursor,
        },
        status=422 if error else 200,
    )
