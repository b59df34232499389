"""Turns of a ticket's course that verbs of several rooms bring about: its work ends, it waits for callback, it is closed."""

from __future__ import annotations

from datetime import timedelta

from yousu.tickets.models import Assignment
from yousu.tickets.registry import Act
from yousu.tickets.states import OPEN_STATES, AssignmentState, ClosedAs, TicketState


def end_assignments(act: Act) -> None:
    """Whatever is still in its course ends: open work is recalled, answered work is closed."""
    for assignment in act.case.in_course():
        assignment.state = AssignmentState.RECALLED if assignment.state in OPEN_STATES else AssignmentState.CLOSED
        assignment.extension_pending = False
        assignment.ended_at = act.now


def recall_below(act: Act, assignment: Assignment) -> None:
    """Work that was sent down from an assignment ends with it, at every level."""
    for child in [a for a in act.case.in_course() if a.parent_id == assignment.pk]:
        recall_below(act, child)
        child.state = AssignmentState.RECALLED
        child.extension_pending = False
        child.ended_at = act.now


def close_ticket(act: Act, closed_as: ClosedAs) -> None:
    end_assignments(act)
    act.ticket.state = TicketState.CLOSED
    act.ticket.closed_as = closed_as
    act.ticket.closed_at = act.now


def await_callback(act: Act) -> None:
    """Every principal has answered: the ticket waits for its callback, due within so many days."""
    act.ticket.state = TicketState.CALLBACK
    act.ticket.callback_result = ""
    act.ticket.callback_due = act.now + timedelta(days=act.rules.callback.within_days)
