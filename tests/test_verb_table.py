"""The table of verbs and its diagrams say what the platform does, no more and no less."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from yousu.simulation.life import run
from yousu.tickets.models import Event
from yousu.tickets.registry import REGISTRY
from yousu.tickets.verbtable import ASSIGNMENT_ARROWS, TICKET_ARROWS, as_markdown

VERBS = Path(__file__).parent.parent / "docs" / "verbs.md"


def test_the_docs_are_those_of_the_code():
    assert VERBS.read_text(encoding="utf-8") == as_markdown(), "run `make docs`"


def drawn(arrows: list[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {(start, end, label) for start, end, labels in arrows for label in labels.split("、")}


def test_the_diagrams_use_labels_of_verbs():
    labels = {verb.label for verb in REGISTRY.values()}
    assert {label for *_, label in drawn(TICKET_ARROWS) | drawn(ASSIGNMENT_ARROWS)} <= labels


@pytest.mark.django_db
def test_weeks_of_the_city_take_no_way_that_is_not_drawn():
    run(date(2026, 3, 2), 21, 80, "arrows")
    tickets: set[tuple[str, str, str]] = set()
    assignments: set[tuple[str, str, str]] = set()
    for event in Event.objects.iterator():
        label = REGISTRY[event.verb].label
        changes = event.data.get("changes", {})
        if pair := changes.get("ticket", {}).get("state"):
            tickets.add((pair[0] or "[*]", pair[1], label))
        for one in changes.get("assignments", {}).values():
            if pair := one.get("state"):
                assignments.add((pair[0] or "[*]", pair[1], label))
    assert tickets - drawn(TICKET_ARROWS) == set()
    assert assignments - drawn(ASSIGNMENT_ARROWS) == set()
    assert len(tickets) > 15
    assert len(assignments) > 15
