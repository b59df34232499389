"""The ticket page: what is known, what happened, and the verbs open to this person, each doable in place."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.tickets import privacy
from yousu.tickets.access import grant_for, visible
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment, Return, Ticket
from yousu.tickets.privacy import FIELDS
from yousu.tickets.queries import open_case
from yousu.tickets.registry import REGISTRY, Verb, labels_open
from yousu.ui import dossier, forms
from yousu.ui.initial import initial
from yousu.ui.views.common import is_htmx, me, status_of, with_toast

REVEAL_SECONDS = 60
NEARBY = 8


@login_required
@require_GET
@never_cache
def page(request: HttpRequest, number: str) -> HttpResponse:
    now = timezone.now()
    whole = {"d": dossier.read(me(request), number, now), "now": now}
    return render(request, "ui/ticket/body.html" if is_htmx(request) else "ui/ticket/page.html", whole)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def act(request: HttpRequest, number: str, verb_name: str) -> HttpResponse:
    """The form of a verb (GET) and the verb itself (POST), as a fragment of the ticket page or a page of its own."""
    now = timezone.now()
    verb = REGISTRY.get(verb_name)
    if verb is None or verb.on is None:
        raise Http404
    case = open_case(me(request), number)
    assignment = None
    if verb.on is Assignment:
        ordinal = request.GET.get("assignment", "")
        assignment = next((a for a in case.assignments if str(a.ordinal) == ordinal), None)
        if assignment is None:
            raise Http404
    step = Step(request, verb, case, assignment, now)
    if request.method == "POST":
        return step.done()
    if refused := step.closed():
        return step.page(None, refused)
    return step.page(forms.build(verb, step.rules, step.city, values=step.values(), under=step.under))


class Step:
    """One visit to a verb's form."""

    def __init__(
        self, request: HttpRequest, verb: Verb, case: Case, assignment: Assignment | None, now: datetime
    ) -> None:
        self.request, self.verb, self.case, self.assignment, self.now = request, verb, case, assignment, now
        self.city = directory.current()
        self.rules = self.city.rules_at(now)
        self.under = self.city.units[assignment.unit_id].code if assignment else ""

    @property
    def url(self) -> str:
        url = reverse("verb", args=[self.case.ticket.number, self.verb.name])
        return f"{url}?assignment={self.assignment.ordinal}" if self.assignment else url

    def values(self) -> dict[str, object]:
        """What the form is filled with; a return goes, unless told otherwise, where the unit suggested."""
        values = initial(self.verb, self.case, self.city)
        if self.assignment and any(one.name == "redirect_to" for one in self.verb.inputs):
            asked = (
                Return.objects.filter(ticket=self.case.ticket, ordinal=self.assignment.ordinal).order_by("pk").last()
            )
            if asked and asked.suggested:
                values["redirect_to"] = asked.suggested
        return values

    def closed(self) -> Refused | None:
        """Why the form is not shown at all: this person may not, or the states do not allow it."""
        if grant_for(self.verb.who, me(self.request), self.case, self.assignment) is None:
            return Refused(
                f"您没有“{self.verb.label}”的权限：{self.verb.who_in_words()}。", code="forbidden", open=self._open()
            )
        if not self.verb.is_open(self.case, self.assignment):
            return Refused(
                f"工单{self.case.ticket.number}现在不能{self.verb.label}，可能已有同事办过这一步。",
                code="state",
                open=self._open(),
            )
        return None

    def _open(self) -> list[str]:
        return labels_open(self.case, self.assignment, me(self.request))

    def page(self, form: forms.Form | None, refused: Refused | None = None) -> HttpResponse:
        template = "ui/ticket/verb_form.html" if is_htmx(self.request) else "ui/ticket/verb_page.html"
        facts = {
            "form": form,
            "refused": refused,
            "verb": self.verb,
            "ticket": self.case.ticket,
            "assignment": self.assignment,
            "unit": self.city.units[self.assignment.unit_id] if self.assignment else None,
            "url": self.url,
            "now": self.now,
            "hint": self._hint(),
            "nearby": self._nearby() if any(one.ask.widget == "ticket" for one in self.verb.inputs) else (),
        }
        status = status_of(self.request, refused) if refused else 200
        return render(self.request, template, facts, status=status)

    def _nearby(self) -> list[Ticket]:
        """Tickets that this one may repeat: of the same caller or place, open ones first."""
        ticket = self.case.ticket
        near = Q(phone_key=ticket.phone_key) if ticket.phone_key is not None else Q(pk=None)
        near |= Q(place_key=ticket.place_key) if ticket.place_key is not None else Q(pk=None)
        found = visible(Ticket.objects.filter(near).exclude(pk=ticket.pk), me(self.request))
        latest = found.defer("original", "content", "head").order_by("-registered_at")[: 3 * NEARBY]
        return sorted(latest, key=lambda one: not one.is_open)[:NEARBY]

    def _hint(self) -> str:
        """What the rules say about this step, in words."""
        if self.verb.name == "ask_extension" and self.assignment is not None:
            return f"最长延 {self.assignment.limit} 个工作日；到期当日须在 {self.rules.extension.latest_time:%H:%M} 前申请。"
        return ""

    def done(self) -> HttpResponse:
        """Do it. On refusal the form comes back as it was filled, with the sentence at its field."""
        request, by = self.request, me(self.request)
        posted = request.POST
        target = self.assignment or self.case.ticket
        try:
            inputs = forms.parse(
                self.verb, posted, request.FILES, by=by, now=self.now, rules=self.rules, city=self.city
            )
            self.verb(target, by=by, now=self.now, key=posted.get("key", ""), **inputs)
        except Refused as refused:
            if refused.code == "conflict":  # this very form was sent before and has been done
                return self._after()
            if refused.code in {"forbidden", "state"} and not refused.field and self.closed():
                return self.page(None, refused)
            files = forms.waiting(posted, "attachments", by)
            form = forms.build(
                self.verb, self.rules, self.city, posted=posted, refused=refused, under=self.under, files=files
            )
            return self.page(form, refused)
        return self._after()

    def _after(self) -> HttpResponse:
        """The ticket page as it now is, with a word on what happened; elsewhere when it is out of sight now."""
        number = self.case.ticket.number
        try:
            whole = dossier.read(me(self.request), number, self.now)
        except Refused:
            text = f"“{self.verb.label}”已完成，工单{number}已不在您的范围内。"
            messages.success(self.request, text)
            response = HttpResponse(status=204, headers={"HX-Redirect": "/"})
            return response if is_htmx(self.request) else redirect("/")
        headline = whole.timeline[0].headline if whole.timeline else ""
        text = headline if self.verb.label in headline else f"{self.verb.label}：{headline}"
        if not is_htmx(self.request):
            messages.success(self.request, text)
            return redirect("ticket", number)
        response = render(self.request, "ui/ticket/body.html", {"d": whole, "now": self.now})
        response["HX-Retarget"] = "#ticket"
        response["HX-Reswap"] = "outerHTML"
        return with_toast(response, text)


@login_required
@require_POST
@never_cache
def reveal(request: HttpRequest, number: str) -> HttpResponse:
    """Plain personal data against a reason, logged; the page hides it again after a minute."""
    now = timezone.now()
    case = open_case(me(request), number)
    names = request.POST.getlist("fields")
    facts: dict[str, object] = {"ticket": case.ticket, "seconds": REVEAL_SECONDS, "now": now}
    status = 200
    try:
        values = privacy.reveal(
            me(request), case, names, request.POST.get("reason", ""), now=now, address=request.META.get("REMOTE_ADDR")
        )
        facts["values"] = [(FIELDS[name][0], value) for name, value in values.items() if value]
    except Refused as refused:
        facts |= {"refused": refused, "fields": privacy.fields_for(me(request), case), "wanted": names}
        facts["reason"] = request.POST.get("reason", "")
        status = status_of(request, refused)
    template = "ui/ticket/revealed.html" if is_htmx(request) else "ui/ticket/revealed_page.html"
    return render(request, template, facts, status=status)


@login_required
@require_GET
@never_cache
def order(request: HttpRequest, number: str, ordinal: int) -> HttpResponse:
    """派单单据: the order on paper, with its deadline (Beijing Art. 13)."""
    now = timezone.now()
    whole = dossier.read(me(request), number, now)
    row = next((row for row in whole.rows if row.assignment.ordinal == ordinal), None)
    if row is None:
        raise Http404
    others = [other for other in whole.rows if other.current and other.depth == 0 and other is not row]
    return render(request, "ui/ticket/order.html", {"d": whole, "row": row, "others": others, "now": now})
