"""Two cities in one database: each its own schema, people, tickets, numbers, queue and locks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg.conninfo import make_conninfo

from tests.factories import MONDAY, at, dispatched, handler_of, person, registered, reload
from yousu.handling.verbs import sign
from yousu.intake.verbs import register
from yousu.tickets import chain
from yousu.tickets.models import Anchor, Event, Ticket, VerbCall

ROOT = Path(__file__).parents[3]
OTHER = "haidong"

# The life of the other city, in a process of its own; says in JSON what it sees.
LIFE = """
import json
from datetime import date
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, interactive=False)
from yousu.city.loading import DATA, load_city
load_city(DATA / "xining", "6301", "海东市", "Haidong-12345")
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.factories import MONDAY, handler_of, item, person
from yousu.dispatch.verbs import dispatch
from yousu.handling.verbs import sign
from yousu.intake.verbs import register
from yousu.tickets.audit import make_anchors, verify_chains
from yousu.tickets.models import Event, Ticket, VerbCall
before = Ticket.objects.count()
done = register(by=person("huawu1"), now=MONDAY, key="k", content="海东的诉求", source="gov", external_id="A-1")
sent = dispatch(done.ticket, by=person("paidan1"), now=MONDAY, lead="630102", item=item(7)).assignment
sign(sent, by=handler_of(sent), now=MONDAY)
app.configure_task("tickets.provisional").defer(timestamp=0)
make_anchors(date(2026, 9, 7))
print(json.dumps({
    "before": before, "repeated": done.repeated, "numbers": list(Ticket.objects.values_list("number", flat=True)),
    "events": Event.objects.count(), "keys": VerbCall.objects.count(), "jobs": ProcrastinateJob.objects.count(),
    "broken": [n for n, seq in verify_chains() if seq is not None],
}))
"""


def live_in_the_other_city(folder):
    given = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    url = make_conninfo("", **{name: given[key] for name, key in names.items() if given[key]})
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "YOUSU_CITY": OTHER,
        "YOUSU_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "yousu.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", LIFE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def two_cities(transactional_db):
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {OTHER} CASCADE")


def test_two_cities_in_one_database_do_not_see_each_other(two_cities, tmp_path):
    ours = register(
        by=person("huawu1"), now=MONDAY, key="k", content="西宁的诉求", source="gov", external_id="A-1"
    ).ticket
    for _ in range(3):
        registered()
    assignment = dispatched()
    jobs = ProcrastinateJob.objects.count()
    # We hold our ticket and our anchors: the other city must not wait for us.
    with transaction.atomic(), connection.cursor() as cursor:
        Ticket.objects.select_for_update().get(pk=ours.pk)
        cursor.execute("LOCK TABLE tickets_anchor IN ACCESS EXCLUSIVE MODE")
        theirs = live_in_the_other_city(tmp_path)

    assert theirs["before"] == 0 and not theirs["repeated"]
    assert (len(theirs["numbers"]), theirs["events"], theirs["keys"], theirs["jobs"]) == (1, 3, 1, 1)
    assert theirs["broken"] == []
    assert theirs["numbers"][0].startswith("260907-000001-")  # their own running number, whatever ours has reached

    assert (Ticket.objects.count(), VerbCall.objects.count(), Anchor.objects.count()) == (5, 1, 0)
    assert not Ticket.objects.filter(content__contains="海东").exists()
    assert ProcrastinateJob.objects.count() == jobs
    with app.replace_connector(app.connector.get_worker_connector()) as running:
        running.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT status FROM {OTHER}.procrastinate_jobs")
        assert cursor.fetchall() == [("todo",)]  # our worker left their work alone
        cursor.execute(f"SELECT content FROM {OTHER}.tickets_ticket")
        assert cursor.fetchall() == [("海东的诉求",)]

    sign(assignment, by=handler_of(assignment), now=at("2026-09-07 10:00"))
    ticket = reload(assignment.ticket)
    assert chain.first_break(ticket.number, list(ticket.events.order_by("seq")), ticket.head) is None
    assert Event.objects.count() == 7
