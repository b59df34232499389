"""The clocks of an assignment's round: sign, return, first contact, deadline (domain §4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from yousu.city.roles import Urgency
from yousu.city.rules import Rules
from yousu.city.workdays import Calendar, after_workdays
from yousu.tickets.models import Assignment


def open_round(
    assignment: Assignment,
    urgency: str,
    now: datetime,
    limit: int,
    rules: Rules,
    calendar: Calendar,
    not_after: datetime | None = None,
) -> None:
    """Start the clock of a round of ``limit`` workdays at ``now``; ``not_after`` caps it (a sub-dispatch, its parent's)."""
    due = after_workdays(now, limit, calendar)
    assignment.state = "dispatched"
    assignment.limit = limit
    assignment.dispatched_at = now
    assignment.sign_due = sign_due(urgency, now, rules, calendar)
    assignment.return_by = after_workdays(now, rules.returns.within_workdays, calendar).at
    assignment.contact_due = now + timedelta(hours=rules.contact_hours)
    assignment.deadline = min(due.at, not_after) if not_after else due.at
    assignment.provisional = bool(due.provisional)
    assignment.signed_at = assignment.contacted_at = assignment.replied_at = None
    assignment.extensions = 0
    assignment.extension_pending = False


def sign_due(urgency: str, now: datetime, rules: Rules, calendar: Calendar) -> datetime:
    if urgency in {Urgency.EXTREME, Urgency.URGENT}:
        return now + timedelta(hours=rules.sign.urgent_hours)
    return after_workdays(now, rules.sign.ordinary_workdays, calendar).at


def recompute_round(
    assignment: Assignment,
    urgency: str,
    granted: Iterable[int],
    rules: Rules,
    calendar: Calendar,
    not_after: datetime | None = None,
) -> None:
    """The clocks of a running round under a calendar that was not known when it began; ``granted`` are its extensions.

    Never earlier than what was printed on the order: the unit planned by that.
    """
    start = assignment.dispatched_at
    due = after_workdays(start, assignment.limit, calendar)
    unknown = set(due.provisional)
    for days in granted:
        due = after_workdays(due.at, days, calendar)
        unknown |= set(due.provisional)
    assignment.deadline = max(assignment.deadline, min(due.at, not_after) if not_after else due.at)
    assignment.return_by = max(assignment.return_by, after_workdays(start, rules.returns.within_workdays, calendar).at)
    if assignment.signed_at is None:
        assignment.sign_due = max(assignment.sign_due, sign_due(urgency, start, rules, calendar))
    assignment.provisional = bool(unknown)
