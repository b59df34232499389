"""Rows of a list as a page shows them: every word ready, so that fifty rows cost the template little."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from yousu.city import directory
from yousu.city.rules import Rules
from yousu.tickets.desk import Line
from yousu.tickets.models import Ticket
from yousu.tickets.states import TicketState
from yousu.ui import words
from yousu.ui.templatetags.ui import area_name, lamp, marked, state_sign, unit_name, urgency_sign

WAITING = frozenset({TicketState.REGISTERED, TicketState.CONSULTING})


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``lamp``, ``urgency`` and ``state`` are signs ready to show; the rest is text."""

    number: str
    title: str
    snippet: str
    story: str
    secret: bool
    place: str
    units: str
    part: str
    due: str
    left: str
    provisional: bool
    lamp: SafeString
    urgency: SafeString
    state: SafeString


def rows(lines: Iterable[Line], now: datetime, terms: list[str] | None = None) -> list[Row]:
    """``terms`` are what was looked for: marked in the title and in a piece of the text."""
    rules = directory.current().rules_at(now)
    return [_row(line, now, rules, terms or []) for line in lines]


def _row(line: Line, now: datetime, rules: Rules, terms: list[str]) -> Row:
    ticket = line.ticket
    due, left = _due(line, now)
    return Row(
        number=ticket.number,
        title=marked(ticket.title, terms) if terms else ticket.title,
        snippet=marked(words.around(ticket.content, terms), terms) if terms else "",
        story=_story(ticket, now),
        secret=ticket.identity_hidden,
        place=area_name(ticket.area_id),
        units="、".join(map(unit_name, line.units)),
        part=_part(line),
        due=due,
        left=left,
        provisional=bool(line.assignment and line.assignment.provisional),
        lamp=lamp(words.light_of(line.subject, now, rules)),
        urgency=urgency_sign(ticket.urgency),
        state=state_sign(line.subject.state, "" if line.assignment else ticket.closed_as),
    )


def _story(ticket: Ticket, now: datetime) -> str:
    """What is said below the title: the kind, when it came in, what went wrong since."""
    said = [ticket.get_type_display(), f"{words.moment(ticket.registered_at, now)}受理"]
    if ticket.return_count:
        said.append(f"退单 {ticket.return_count} 次")
    if ticket.failure_count:
        said.append(f"回访不通过 {ticket.failure_count} 次")
    return " · ".join(map(str, said))


def _part(line: Line) -> str:
    """The unit's part in the work, for lists of assignments."""
    assignment = line.assignment
    if assignment is None:
        return ""
    said = [assignment.get_role_display()]
    if assignment.round > 1:
        said.append(f"第 {assignment.round} 轮")
    if assignment.extension_pending:
        said.append("申请延期")
    return " · ".join(map(str, said))


def _due(line: Line, now: datetime) -> tuple[str, str]:
    """When it is due and what is left of the time; for what has no deadline, since when it waits or when it ended."""
    ticket = line.ticket
    if line.assignment is None and ticket.state == TicketState.CLOSED:
        return (f"{words.moment(ticket.closed_at, now)}办结" if ticket.closed_at else "已办结"), ""
    if line.assignment is None and ticket.state in WAITING:
        return f"已等 {words.span(now - ticket.registered_at)}", ""
    return (words.moment(line.deadline, now), words.due(line.deadline, now)) if line.deadline else ("—", "")
