"""History that was changed, shortened, reordered or thinned out is found; the daily anchor covers all of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction

from tests.factories import at, closed, registered, reload
from yousu.base.sealed import sm3
from yousu.tickets import audit
from yousu.tickets.audit import GENESIS, last_complete_day, make_anchors, verify_anchors, verify_chains
from yousu.tickets.commands import audit as command
from yousu.tickets.models import Anchor, Event, Ticket

pytestmark = pytest.mark.django_db
DAY = date(2026, 9, 7)


def tamper(sql, *values):
    """What someone with the run of the database could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tickets_event DISABLE TRIGGER event_append_only")
        cursor.execute(sql, values)
        changed = cursor.rowcount
        cursor.execute("ALTER TABLE tickets_event ENABLE TRIGGER event_append_only")
    assert changed


def recorded(ticket, moment):
    """Move when the database learned of a ticket's events (which no hash of the chain covers)."""
    tamper("UPDATE tickets_event SET recorded_at = %s WHERE ticket_id = %s", at(moment), ticket.pk)


def breaks(number=""):
    return {number: seq for number, seq in verify_chains(number) if seq is not None}


@pytest.mark.parametrize("act", ["UPDATE tickets_event SET role = role", "DELETE FROM tickets_event"])
def test_the_database_itself_refuses_to_change_an_event(act):
    registered()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.all().delete()
    assert Event.objects.count() == 1


def test_history_that_nobody_touched_is_whole():
    tickets = [closed(), registered(), closed()]
    assert dict(verify_chains()) == {ticket.number: None for ticket in tickets}


@pytest.mark.parametrize(
    "change",
    [
        "data = data || '{\"late\": true}'",
        "at = at + interval '1 microsecond'",
        "kind = 'ticket.closed'",
        "verb = 'close'",
        "by_id = NULL",
        "by_unit_id = NULL",
        "role = 'leader'",
        "ordinal = 2",
        "rules = 99",
        "hash = '\\x00'",
    ],
)
def test_any_word_of_an_event_changed_breaks_the_chain_there(change):
    ticket, other = closed(), closed()
    tamper(f"UPDATE tickets_event SET {change} WHERE ticket_id = %s AND seq = 3", ticket.pk)
    assert breaks() == {ticket.number: 3}
    assert breaks(other.number) == {}


@pytest.mark.parametrize(("seq", "found"), [(1, 1), (3, 3), (6, 6)])
def test_an_event_taken_out_is_missed_the_last_one_too(seq, found):
    ticket = closed()
    tamper("DELETE FROM tickets_event WHERE ticket_id = %s AND seq = %s", ticket.pk, seq)
    assert breaks() == {ticket.number: found}


def test_all_events_taken_out_are_missed():
    ticket = closed()
    tamper("DELETE FROM tickets_event WHERE ticket_id = %s", ticket.pk)
    assert breaks() == {ticket.number: 1}


def test_events_taken_out_and_renumbered_are_missed():
    ticket = closed()
    tamper("DELETE FROM tickets_event WHERE ticket_id = %s AND seq = 4", ticket.pk)
    tamper("UPDATE tickets_event SET seq = seq - 1 WHERE ticket_id = %s AND seq > 4", ticket.pk)
    assert breaks() == {ticket.number: 4}


def test_two_events_in_each_others_place_are_found():
    ticket = closed()
    for old, new in ((3, 99), (4, 3), (99, 4)):
        tamper("UPDATE tickets_event SET seq = %s WHERE ticket_id = %s AND seq = %s", new, ticket.pk, old)
    assert breaks() == {ticket.number: 3}


def test_events_moved_to_another_ticket_are_found():
    one, two = closed(), registered()
    tamper("DELETE FROM tickets_event WHERE ticket_id = %s", two.pk)
    tamper("UPDATE tickets_event SET ticket_id = %s WHERE ticket_id = %s AND seq = 1", two.pk, one.pk)
    assert breaks() == {one.number: 1, two.number: 1}


# -- anchors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-09-08 00:09:59", "2026-09-06"),
        ("2026-09-08 00:10", "2026-09-07"),
        ("2026-09-08 23:59", "2026-09-07"),
    ],
)
def test_a_day_is_complete_ten_minutes_after_its_midnight_in_shanghai(now, last):
    assert last_complete_day(at(now)) == date.fromisoformat(last)


def three_days():
    """Six events on the 7th, none on the 8th, one on the 9th; anchored."""
    first, last = closed(), registered()
    recorded(first, "2026-09-07 23:59:59")
    recorded(last, "2026-09-09 00:00")
    make_anchors(DAY + timedelta(days=2))
    return first, last


def test_every_day_has_its_anchor_without_a_gap_and_again_is_the_same_as_once():
    three_days()
    rows = Anchor.objects.order_by("date")
    assert [(row.date.day, row.events) for row in rows] == [(7, 6), (8, 0), (9, 1)]
    assert make_anchors(DAY + timedelta(days=2)) == []
    assert list(verify_anchors()) == [None, None, None]


def test_the_root_is_what_anyone_can_reckon():
    first, last = three_days()
    body = b"".join(e.pk.to_bytes(8, "big") + bytes(e.hash) for e in Event.objects.filter(ticket=first).order_by("pk"))
    root = sm3(GENESIS, body)
    empty = sm3(root)
    event = Event.objects.get(ticket=last)
    final = sm3(empty, event.pk.to_bytes(8, "big"), bytes(event.hash))
    assert [bytes(row.root) for row in Anchor.objects.order_by("date")] == [root, empty, final]


def test_today_is_not_anchored():
    registered()  # recorded now
    assert make_anchors(date(2999, 1, 1)) == []
    assert not Anchor.objects.exists()


def test_an_empty_city_has_nothing_to_anchor():
    assert make_anchors(DAY) == []


def test_a_whole_ticket_removed_or_a_day_rewritten_consistently_shows_in_the_anchor():
    first, last = three_days()
    tamper("DELETE FROM tickets_event WHERE ticket_id = %s", last.pk)
    assert [b and b.why for b in verify_anchors()] == [None, None, "锚定时有 1 个事件，现在有 0 个"]


def test_a_changed_hash_shows_in_the_anchor_of_its_day():
    first, _ = three_days()
    tamper("UPDATE tickets_event SET hash = '\\x00' WHERE ticket_id = %s AND seq = 2", first.pk)
    found = [b for b in verify_anchors() if b]
    assert [(b.date, b.why) for b in found] == [(DAY, "事件与锚定时不同")]


def test_an_anchor_taken_out_or_changed_is_missed():
    three_days()
    Anchor.objects.filter(date=date(2026, 9, 8)).delete()
    assert [b.why for b in verify_anchors() if b] == ["缺少 2026-09-08 至 2026-09-08 的锚点"]
    Anchor.objects.filter(date=DAY).update(root=bytes(32))
    assert "事件与锚定时不同" in [b.why for b in verify_anchors() if b]


def test_a_transaction_still_writing_holds_its_day_back(monkeypatch):
    ticket = registered()
    recorded(ticket, "2026-09-07 23:59")
    monkeypatch.setattr(audit, "_oldest_writer", lambda: at("2026-09-07 23:58"))
    assert make_anchors(DAY) == []
    monkeypatch.setattr(audit, "_oldest_writer", lambda: None)
    assert [row.date for row in make_anchors(DAY)] == [DAY]


# -- the console ----------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(command, arguments)


def test_the_console_says_that_all_is_whole():
    three_days()
    done = run("verify")
    assert done.exit_code == 0
    assert "核验工单 2 张，断裂 0 张。" in done.output and "核验锚点 3 个，不符 0 个。" in done.output


def test_the_console_names_the_ticket_and_the_event_of_a_break_and_ends_with_1():
    first, last = three_days()
    tamper("UPDATE tickets_event SET role = 'x' WHERE ticket_id = %s AND seq = 5", first.pk)
    done = run("verify")
    assert done.exit_code == 1
    assert f"工单 {first.number} 的事件链在第 5 个事件处断裂。" in done.output
    assert run("verify", "--ticket", first.number).exit_code == 1
    assert run("verify", "--ticket", last.number).exit_code == 0


def test_the_console_refuses_a_number_that_does_not_exist():
    done = run("verify", "--ticket", "没有")
    assert "没有编号为“没有”的工单" in str(done.exception)


def test_the_console_makes_anchors_and_shows_the_root():
    ticket = registered()
    assert "还没有可以锚定的往日事件" in run("anchor").output
    recorded(ticket, "2026-09-07 10:00")
    done = run("anchor")
    root = Anchor.objects.latest("date")
    assert done.exit_code == 0 and bytes(root.root).hex() in done.output.replace("\n", "")
    assert reload(ticket).number and Ticket.objects.count() == 1
