"""What the platform does to a ticket by itself."""

from __future__ import annotations

from yousu.tickets.clock import recompute_round
from yousu.tickets.models import Assignment, Extension
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import OPEN_STATES


@verb(
    "重算期限",
    on=Assignment,
    noun="deadline-recomputations",
    event="assignment.deadline_recomputed",
    states=OPEN_STATES,
    open_when=lambda _, assignment: bool(assignment and assignment.provisional),
)
def recompute_deadline(act: Act, assignment: Assignment) -> None:
    """重算期限: a provisional deadline under the calendar that has come out since. Never earlier than the one printed."""
    granted = [
        row.days
        for row in act.all(Extension)
        if row.ordinal == assignment.ordinal and row.decision == "granted" and row.at >= assignment.dispatched_at
    ]
    parent = next((a for a in act.case.assignments if a.pk == assignment.parent_id), None)
    rules = act.city.rules_at(assignment.dispatched_at)
    cap = parent.deadline if parent else None
    recompute_round(assignment, act.ticket.urgency, granted, rules, act.city.calendar, cap)
    if assignment.is_principal:
        act.ticket.deadline = max(a.deadline for a in act.case.principals())
