"""A person's desk: the lists of their roles, filtered, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from yousu.base.errors import Refused
from yousu.city.roles import ADMIN_ROLES
from yousu.tickets import desk
from yousu.tickets.desk import Lines
from yousu.tickets.queries import Filter
from yousu.tickets.worklists import worklists_of
from yousu.ui.filters import bar
from yousu.ui.rows import rows
from yousu.ui.views.admins import admin_desk
from yousu.ui.views.common import me


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    count: int
    current: bool

    @property
    def shown(self) -> str:
        return f"{desk.MOST_COUNTED}+" if self.count > desk.MOST_COUNTED else str(self.count)


@login_required
@require_GET
def work(request: HttpRequest, key: str = "") -> HttpResponse:
    staff, now = me(request), timezone.now()
    own = worklists_of(staff)
    if not own:
        return admin_desk(request) if staff.has_role(*ADMIN_ROLES) else render(request, "ui/no_post.html")
    worklist = desk.worklist_for(staff, key)
    mine = desk.desk_of(staff, now)
    wanted, error = Filter.of(request.GET), ""
    try:
        page = desk.lines(mine, worklist, wanted, cursor=request.GET.get("cursor", ""))
    except Refused as refused:
        page, error = Lines([], ""), refused.message
    counted = desk.counts(mine, own)
    return render(
        request,
        "ui/work.html",
        {
            "now": now,
            "worklist": worklist,
            "tabs": [Tab(w.key, w.label, counted[w.key], w is worklist) for w in own],
            "page": page,
            "rows": rows(page.lines, now),
            "error": error,
            "wanted": wanted,
            "choices": bar(wanted, "type", "urgency", "area", "item"),
            "cursor": request.GET.get("cursor", ""),
        },
        status=422 if error else 200,
    )
