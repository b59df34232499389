"""The real exports, where they are at hand: every row is accounted for, and none of their words is printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.factories import MONDAY, someone
from yousu.city.models import Unit
from yousu.handling.verbs import sign
from yousu.imports.orders import import_orders
from yousu.tickets.access import visible
from yousu.tickets.chain import first_break
from yousu.tickets.models import Assignment, Event, Ticket, TicketText
from yousu.tickets.search import query

REAL = Path(os.environ.get("YOUSU_REAL_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))


def real(name: str) -> Path:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"没有真实数据 {name}（用 YOUSU_REAL_DATA 指定所在文件夹）")
    return path


@pytest.fixture(autouse=True)
def reports(settings, tmp_path):
    settings.VAR = tmp_path


def broken() -> int:
    return sum(
        first_break(ticket.number, ticket.events.order_by("seq"), ticket.head) is not None
        for ticket in Ticket.objects.order_by("?")[:300]
    )


@pytest.mark.slow
@pytest.mark.django_db
def test_every_haikou_order_is_imported_or_reported_once():
    path = real("haikou12345/orders.csv")
    summary = import_orders(path, now=MONDAY)
    assert summary.read == 15_101
    assert summary.imported + summary.bad == 15_101
    assert summary.bad == 0
    assert Ticket.objects.count() == Assignment.objects.count() == TicketText.objects.count() == 15_101
    assert Event.objects.count() == 2 * 15_101
    assert len(summary.units) == 246
    assert broken() == 0
    again = import_orders(path, now=MONDAY)
    assert (again.already, again.imported) == (15_101, 0)

    unit = Unit.objects.get(scope="haikou", name="市公安局交通警察支队")
    handler = someone("handler", unit.code)
    mine = visible(Ticket.objects.all(), handler)
    assert mine.count() == 3_201
    assignment = mine.order_by("pk").last().assignments.get()
    assert sign(assignment, by=handler, now=MONDAY).assignment.state == "signed"
    assert TicketText.objects.extra(where=["grams @@ %s::tsquery"], params=[query("红绿灯")]).exists()


@pytest.mark.django_db
def test_every_letter_of_the_mailbox_is_imported_or_reported():
    """1,179 letters: 8 numbers come twice, 2 have no text, 9 answers have no date, 4 answers are older than the letter."""
    summary = import_orders(real("shangluo/mayor_mailbox.csv"), now=MONDAY)
    assert summary.read == 1_179
    assert (summary.imported, summary.bad) == (1_156, 23)
    assert Ticket.objects.filter(state="closed").count() + Ticket.objects.filter(state="handling").count() == 1_156
    assert not Unit.objects.filter(scope="shangluo", name="市教育局").exists()  # written 商洛市教育局 elsewhere
    assert broken() == 0
