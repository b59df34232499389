"""The fast path and the verbs are the same city: every column of every row."""

from __future__ import annotations

import math
from datetime import date

import pytest

from yousu.simulation.life import run
from yousu.simulation.tests.snapshot import MODELS, written
from yousu.tickets import store, swift
from yousu.tickets.store import DATABASE

pytestmark = pytest.mark.django_db

FIRST = date(2025, 1, 2)


@pytest.fixture
def numbers_without_gaps(monkeypatch):
    """A quiet second makes the live platform skip the rest of its block of numbers; here every number counts."""
    monkeypatch.setattr(swift, "BUSY_SECONDS", math.inf)
    monkeypatch.setattr(store, "SERIALS", swift.Serials("ticket_number"))


def compared(days: int, per_day: int, seed: str) -> set[str]:
    """Both paths lived and compared; returns the kinds of events that were."""
    fast_summary, fast = written(lambda: run(FIRST, days, per_day, seed))
    slow_summary, slow = written(lambda: run(FIRST, days, per_day, seed, DATABASE))
    assert fast_summary == slow_summary
    for model in MODELS:
        name = model.__name__
        assert len(fast[name]) == len(slow[name]), name
        for quick, thorough in zip(fast[name], slow[name], strict=True):
            assert quick == thorough, name
    return {row["kind"] for row in fast["Event"]}


def test_a_sample_day_has_the_same_rows_on_both_paths(numbers_without_gaps):
    kinds = compared(days=1, per_day=80, seed="a day")
    assert {"ticket.registered", "ticket.answered", "ticket.dispatched", "assignment.signed"} <= kinds


def test_weeks_with_returns_extensions_redos_and_shelving_have_the_same_rows_on_both_paths(numbers_without_gaps):
    kinds = compared(days=45, per_day=8, seed="weeks 36")
    assert {
        "assignment.return_accepted",
        "assignment.extended",
        "assignment.consolidated",
        "ticket.called_back",
        "ticket.redo_ordered",
        "ticket.merged",
        "ticket.linked",
        "ticket.shelved",
        "ticket.cleared",
        "ticket.consultation_concluded",
    } <= kinds
