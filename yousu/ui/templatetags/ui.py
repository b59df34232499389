"""Words and signs that pages share. A builtin library: no ``{% load %}`` needed."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from yousu.city import directory
from yousu.city.models import Unit
from yousu.city.roles import Urgency
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.states import AssignmentState, ClosedAs, TicketState
from yousu.ui import words

register = template.Library()

ICONS = Path(__file__).parent.parent / "static" / "vendor" / "icons"
SIGNS = {"blue": "circle-check", "yellow": "clock", "red": "alert-triangle"}
STATE_ICONS = {
    "registered": "inbox",
    "consulting": "users",
    "handling": "briefcase",
    "callback": "phone",
    "shelved": "hourglass",
    "closed": "circle-check",
    "dispatched": "send",
    "signed": "briefcase",
    "returning": "arrow-back-up",
    "replied": "message-2",
    "returned": "arrow-back-up",
    "recalled": "ban",
}
# A ticket and an assignment that are both "closed" say the same.
STATE_LABELS = {str(value): str(label) for value, label in (*AssignmentState.choices, *TicketState.choices)}


@cache
def _drawing(name: str) -> str:
    if not name.replace("-", "").isalnum():
        raise ValueError(f"no such icon: {name}")
    return (ICONS / f"{name}.svg").read_text().strip()


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """A Tabler icon, drawn inline. Without ``label`` it is decoration and screen readers skip it."""
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return mark_safe(_drawing(name).replace("<svg ", f'<svg class="icon {escape(extra)}" {role} ', 1))  # noqa: S308


def _now(context: Context) -> datetime:
    now = context.get("now")
    return now if isinstance(now, datetime) else timezone.now()


@register.simple_tag(takes_context=True)
def light(context: Context, thing: Ticket | Assignment) -> SafeString:
    """The light of time of a ticket or an assignment: a sign and a word, coloured. Empty when no clock runs."""
    now = _now(context)
    return lamp(words.light_of(thing, now, directory.current().rules_at(now)))


@cache
def lamp(colour: str) -> SafeString:
    if not colour:
        return mark_safe("")
    return format_html(
        '<span class="ys-light ys-light-{}">{}{}</span>', colour, icon(SIGNS[colour]), words.LIGHT_WORDS[colour]
    )


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime | date | None) -> SafeString:
    """``今天 14:30``, ``昨天 09:00``, ``9月8日 09:00``; the full time on hover."""
    if value is None:
        return mark_safe("—")
    exact = words.exact(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, words.moment(value, _now(context))
    )


@register.simple_tag(takes_context=True)
def due(context: Context, deadline: datetime | None) -> str:
    """``还剩 2 天 3 小时`` or ``超期 1 天``; empty without a deadline."""
    return words.due(deadline, _now(context)) if deadline else ""


@register.simple_tag(takes_context=True)
def waited(context: Context, since: datetime) -> str:
    """``已等 3 小时 20 分钟``, for what waits without a deadline."""
    return f"已等 {words.span(_now(context) - since)}"


@register.simple_tag
def state_badge(thing: Ticket | Assignment) -> SafeString:
    return state_sign(thing.state, thing.closed_as if isinstance(thing, Ticket) else "")


@cache
def state_sign(state: str, closed_as: str = "") -> SafeString:
    label = ClosedAs(closed_as).label if closed_as else STATE_LABELS[state]
    return format_html('<span class="ys-state" data-state="{}">{}{}</span>', state, icon(STATE_ICONS[state]), label)


@register.simple_tag
def urgency_badge(ticket: Ticket) -> SafeString:
    """特急 and 紧急 stand out; 一般 says nothing."""
    return urgency_sign(ticket.urgency)


@cache
def urgency_sign(urgency: str) -> SafeString:
    if urgency == Urgency.ORDINARY:
        return mark_safe("")
    return format_html('<span class="ys-urgency" data-urgency="{}">{}</span>', urgency, Urgency(urgency).label)


@register.filter
def unit_name(unit: Unit | int | str | None) -> str:
    """The short name of a unit given as itself, its id or its code."""
    if isinstance(unit, Unit):
        return unit.short_name
    city = directory.current()
    found = city.units.get(unit) if isinstance(unit, int) else city.units_by_code.get(unit or "")
    return found.short_name if found else "—"


@register.filter
def area_name(code: str | None) -> str:
    """Where it is, from the district down: ``城东区 东关大街街道``; the city's own name for the whole city."""
    path = directory.current().area_path(code or "")
    return " ".join(area.short_name for area in path[1:] or path) or "地点未填"


@register.filter
def item_path(code: str | None) -> str:
    """The path of a catalogue item of the version in force, or its code when that version no longer has it."""
    item = directory.current().items.get(code or "")
    return " › ".join(item.path) if item else (code or "事项未定")


@register.filter
def around(text: str, terms: list[str]) -> str:
    return words.around(text, terms)


@register.filter
def marked(text: str, terms: list[str]) -> SafeString:
    """The text with the terms that were looked for marked."""
    wanted = [term for term in terms if term]
    if not wanted:
        return escape(text)
    pieces = re.split(f"({'|'.join(map(re.escape, wanted))})", text, flags=re.IGNORECASE)
    return format_html_join("", "{}", ((_mark(p) if i % 2 else p,) for i, p in enumerate(pieces)))


def _mark(text: str) -> SafeString:
    return format_html("<mark>{}</mark>", text)
