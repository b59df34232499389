"""The clocks of an assignment's round: sign, return, first contact, deadline (domain §4)."""

from __future__ import annotations

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
    urgent = urgency in {Urgency.EXTREME, Urgency.URGENT}
    assignment.state = "dispatched"
    assignment.limit = limit
    assignment.dispatched_at = now
    assignment.sign_due = (
        now + timedelta(hours=rules.sign.urgent_hours)
        if urgent
        else after_workdays(now, rules.sign.ordinary_workdays, calendar).at
    )
    assignment.return_by = after_workdays(now, rules.returns.within_workdays, calendar).at
    assignment.contact_due = now + timedelta(hours=rules.contact_hours)
    assignment.deadline = min(due.at, not_after) if not_after else due.at
    assignment.provisional = bool(due.provisional)
    assignment.signed_at = assignment.contacted_at = assignment.replied_at = None
    assignment.extensions = 0
    assignment.extension_pending = False
