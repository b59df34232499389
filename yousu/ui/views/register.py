"""登记: the operator's one-screen form, and what helps while typing: items, earlier tickets, tickets nearby."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yousu.base.errors import Refused
from yousu.base.sealed import search_key
from yousu.city import directory
from yousu.city.directory import Directory
from yousu.city.roles import Role
from yousu.city.rules import Rules
from yousu.tickets.access import visible
from yousu.tickets.models import Ticket, VerbCall
from yousu.tickets.registry import REGISTRY, Verb
from yousu.tickets.states import TicketState
from yousu.tickets.suggest import Suggestion, grams
from yousu.ui import dossier, forms
from yousu.ui.initial import lead_for
from yousu.ui.views.common import me, status_of
from yousu.ui.views.pick import suggested

REGISTER = "register"
THEN = ("answer", "transfer", "refuse")
PREFIX = "then-"
SUGGESTIONS = 4
EARLIER = 6

# The groups of the form, each with the inputs shown at once and those behind "更多".
GROUPS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "caller",
        "来电人",
        ("caller_phone", "caller_name", "caller_sex", "is_secret"),
        ("contact_phone", "channel", "caller_company", "caller_id_number", "caller_email"),
    ),
    ("matter", "诉求", ("content", "type", "urgency"), ("title", "accused", "accused_unit", "attachments")),
    ("place", "地点", ("area", "address"), ()),
    ("handling", "办理", ("item", "reply_wanted"), ("labels",)),
)


@dataclass
class Group:
    place: int
    key: str
    label: str
    fields: list[forms.FormField]
    more: list[forms.FormField]

    @property
    def opened(self) -> bool:
        return any(field.error or (field.value and field.widget == "files") for field in self.more)


def _operator(request: HttpRequest) -> None:
    if not me(request).has_role(Role.OPERATOR):
        raise Refused("登记诉求由话务员办理，您没有这个岗位。", code="forbidden")


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def register(request: HttpRequest) -> HttpResponse:
    """The form (GET); registered, and where wished answered, transferred or refused in the same transaction (POST)."""
    _operator(request)
    now = timezone.now()
    city = directory.current()
    rules = city.rules_at(now)
    then = _then(request.POST.get("then") or request.GET.get("then", ""))
    verb = REGISTRY[REGISTER]
    if request.method == "GET":
        second = forms.build(then, rules, city, prefix=PREFIX) if then else None
        return _page(request, forms.build(verb, rules, city), second, now)
    try:
        ticket = _take(request, then, now, rules, city)
    except Refused as refused:
        if refused.code == "conflict" and (before := _registered_before(request)):
            return redirect("ticket", before)
        return _again(request, then, refused, now, rules, city)
    done = f"，{then.label}" if then else ""
    messages.success(request, f"登记成功{done}，工单编号 {ticket.number}。")
    return redirect("ticket", ticket.number)


def _then(name: str) -> Verb | None:
    return REGISTRY[name] if name in THEN else None


def _registered_before(request: HttpRequest) -> str:
    """The number of the ticket that this very form made when it was sent before; empty when it made none."""
    call = VerbCall.objects.filter(key=f"{me(request).pk}:{request.POST.get('key', '')[:80]}", verb=REGISTER).first()
    if call is None or call.ticket_id is None:
        return ""
    return Ticket.objects.values_list("number", flat=True).get(pk=call.ticket_id)


def _take(request: HttpRequest, then: Verb | None, now: datetime, rules: Rules, city: Directory) -> Ticket:
    by, posted = me(request), request.POST
    key = posted.get("key", "")[:80]
    facts: dict[str, Any] = {"by": by, "now": now, "rules": rules, "city": city}
    inputs = forms.parse(REGISTRY[REGISTER], posted, request.FILES, **facts)
    with transaction.atomic():
        done = REGISTRY[REGISTER](by=by, now=now, key=key, **inputs)
        if then is not None and not done.repeated:
            try:
                second = forms.parse(then, posted, request.FILES, prefix=PREFIX, **facts)
                then(done.ticket, by=by, now=now, key=f"{key}:{then.name}" if key else "", **second)
            except Refused as refused:
                refused.field = f"{PREFIX}{refused.field}" if refused.field else PREFIX
                raise
    return done.ticket


def _again(
    request: HttpRequest, then: Verb | None, refused: Refused, now: datetime, rules: Rules, city: Directory
) -> HttpResponse:
    """The form as it was filled, the sentence at its field. Files that came with it are kept for the next try."""
    posted = request.POST
    mine = None if refused.field.startswith(PREFIX) else refused
    other = Refused(refused.message, field=refused.field.removeprefix(PREFIX), code=refused.code, open=refused.open)
    form = forms.build(
        REGISTRY[REGISTER],
        rules,
        city,
        posted=posted,
        refused=mine,
        files=forms.waiting(posted, "attachments", me(request)),
    )
    second = None
    if then:
        second = forms.build(then, rules, city, posted=posted, refused=None if mine else other, prefix=PREFIX)
    return _page(request, form, second, now, status=status_of(request, refused))


def _page(
    request: HttpRequest, form: forms.Form, second: forms.Form | None, now: datetime, status: int = 200
) -> HttpResponse:
    groups = [
        Group(place, key, label, [form.named(name) for name in first], [form.named(name) for name in more])
        for place, (key, label, first, more) in enumerate(GROUPS, start=1)
    ]
    hidden = [field for field in form.fields if field.widget == "hidden"]
    facts = {
        "form": form,
        "columns": (groups[:2], groups[2:]),
        "hidden": hidden,
        "second": second,
        "then_verbs": [REGISTRY[name] for name in THEN],
        "root_area": next((area.code for area in directory.current().areas.values() if not area.parent_id), ""),
        "now": now,
    }
    return render(request, "ui/register/page.html", facts, status=status)


@login_required
@require_GET
@never_cache
def second(request: HttpRequest, name: str) -> HttpResponse:
    """The second verb's fields, to be shown inside the registration form."""
    _operator(request)
    then = _then(name)
    if then is None:
        raise Http404
    city = directory.current()
    form = forms.build(then, city.rules_at(timezone.now()), city, prefix=PREFIX)
    return render(request, "ui/register/second.html", {"second": form})


# -- what helps while typing (POST: what is typed is personal and must not stand in addresses and logs) -------------


@dataclass(frozen=True)
class Offer:
    """A suggested item as the page shows it."""

    suggestion: Suggestion
    lead: str
    lead_code: str


@login_required
@require_POST
@never_cache
def suggestions(request: HttpRequest) -> HttpResponse:
    _operator(request)
    city = directory.current()
    text = f"{request.POST.get('title', '')} {request.POST.get('content', '')}"[:2000]
    area = request.POST.get("area", "")
    offers = []
    for one in suggested(text, city, SUGGESTIONS):
        lead = lead_for(one.item, area, city)
        offers.append(Offer(one, lead.short_name if lead else "", lead.code if lead else ""))
    return render(request, "ui/register/suggestions.html", {"offers": offers, "typed": bool(text.strip())})


@login_required
@require_POST
@never_cache
def nearby(request: HttpRequest) -> HttpResponse:
    """Earlier tickets of this number, open ones first; recent ones at the same place that read alike."""
    _operator(request)
    now = timezone.now()
    staff, posted = me(request), request.POST
    rules = directory.current().rules_at(now)
    phone = search_key(posted.get("caller_phone", "")[:20])
    of_caller: list[Ticket] = []
    if phone is not None and len(posted.get("caller_phone", "")) > 4:
        mine = visible(Ticket.objects.filter(phone_key=phone), staff).defer("original", "head")
        latest = list(mine.order_by("-registered_at")[:40])
        of_caller = sorted(latest, key=lambda one: one.state == TicketState.CLOSED)[:EARLIER]
    area, address = posted.get("area", ""), posted.get("address", "").strip()
    place_key = search_key(area + address) if address else None
    found = dossier.same_place(area, place_key, rules, now, staff)
    alike = _alike(posted.get("content", ""), [one for one in found if one not in of_caller])
    facts = {"of_caller": of_caller, "alike": alike[:EARLIER], "now": now, "asked": bool(phone or area)}
    return render(request, "ui/register/nearby.html", facts)


def _alike(content: str, tickets: list[Ticket]) -> list[Ticket]:
    """Tickets that share words with what is typed, the most first; all of them before anything is typed."""
    words = grams(content)
    if not words:
        return tickets
    shared = [(len(words & grams(f"{one.title} {one.content}")), one) for one in tickets]
    return [one for count, one in sorted(shared, key=lambda pair: -pair[0]) if count >= 2]
