from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest
from django.db.models import F, Q

from tests.factories import at
from yousu.evaluation.models import Callback
from yousu.simulation.life import populate, run
from yousu.simulation.tests.snapshot import written
from yousu.tickets import chain
from yousu.tickets.models import Assignment, Event, Extension, Return, Ticket
from yousu.tickets.states import OPEN_STATES

pytestmark = pytest.mark.django_db


def test_the_same_seed_is_the_same_city_and_another_seed_another():
    _, first = written(lambda: run(date(2025, 3, 3), 3, 60, "s"))
    _, second = written(lambda: run(date(2025, 3, 3), 3, 60, "s"))
    _, other = written(lambda: run(date(2025, 3, 3), 3, 60, "t"))
    assert first == second
    assert len(first["Ticket"]) > 120
    assert first["Ticket"] != other["Ticket"]


def test_days_lived_at_once_begin_like_fewer_days():
    """What happens on a day does not depend on how long the run will be."""
    summary, short = written(lambda: run(date(2025, 3, 3), 2, 40, "s"))
    _, long = written(lambda: run(date(2025, 3, 3), 4, 40, "s"))
    assert summary.events == len(short["Event"])
    assert [row["content"] for row in short["Ticket"]] == [r["content"] for r in long["Ticket"][: len(short["Ticket"])]]


def test_nothing_happens_after_the_end():
    run(date(2025, 3, 3), 3, 60, "s", until=at("2025-03-05 11:00"))
    last = Event.objects.order_by("-at").first()
    assert at("2025-03-05 10:00") < last.at < at("2025-03-05 11:00")


def test_a_run_that_is_stopped_leaves_whole_history():
    asked = iter(range(10_000))
    summary = run(date(2025, 3, 3), 5, 60, "s", stop=lambda: next(asked) > 400)
    assert 100 < summary.events <= 401
    assert summary.events == Event.objects.count()
    assert summary.until == Event.objects.latest("at").at
    _every_chain_is_whole()


def test_a_month_of_life_is_legal_whole_and_plausible():
    summary = run(date(2025, 3, 3), 30, 30, "month")
    assert summary.tickets == Ticket.objects.count()
    assert summary.events == Event.objects.count()
    assert sum(summary.states.values()) == summary.tickets
    assert sum(summary.refused.values()) < 0.01 * summary.events, summary.refused
    _every_chain_is_whole()
    valid = Callback.objects.filter(connected=True)
    assert 0.9 < valid.filter(solved=True).count() / valid.count() <= 1
    assert 0.95 < valid.filter(contacted=True).count() / valid.count() <= 1
    assert Return.objects.filter(decision="accepted").exists()
    assert Return.objects.filter(decision="rejected").exists()
    assert Extension.objects.filter(decision="granted").exists()
    assert Ticket.objects.filter(reopen_count__gt=0).exists() or Ticket.objects.filter(failure_count__gt=0).exists()
    assert not Ticket.objects.filter(Q(content__contains="{") | Q(title__contains="{")).exists()


def _every_chain_is_whole() -> None:
    events = defaultdict(list)
    for event in Event.objects.order_by("ticket_id", "seq"):
        events[event.ticket_id].append(event)
    broken = [t.number for t in Ticket.objects.all() if chain.first_break(t.number, events[t.pk], t.head) is not None]
    assert broken == []


def test_a_populated_city_has_open_work_in_every_state():
    now = at("2026-11-23 09:30")
    populate(now, 14, 300, 12345)
    states = Counter(Ticket.objects.values_list("state", flat=True))
    assert all(states[s] for s in ("registered", "consulting", "handling", "callback", "shelved", "closed")), states
    work = Assignment.objects.filter(state__in=OPEN_STATES, ended_at=None)
    by_state = Counter(work.values_list("state", flat=True))
    assert all(by_state[s] for s in ("dispatched", "signed", "returning")), by_state
    late = work.filter(deadline__lt=now, ticket__state="handling").count()
    assert 5 <= late < 0.1 * work.count()
    assert work.filter(extension_pending=True).count() >= 5
    assert Ticket.objects.filter(state="callback", callback_result="").count() > 20
    assert Ticket.objects.filter(state="callback", callback_result="unreached").exists()
    assert Ticket.objects.filter(registered_at__gt=now).count() == 0
    assert Assignment.objects.filter(replied_at__gt=F("deadline")).exists()
