"""Background work: provisional deadlines under a calendar that came out, and what is kept no longer."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from pydantic import ValidationError

from tests.factories import MONDAY, at, dispatched, handler_of, person, registered, reload, signed
from yousu.base.errors import Refused
from yousu.city.calendars import save_year
from yousu.city.models import CalendarDay, CalendarYear, LoginAttempt
from yousu.city.rules import Retention
from yousu.dispatch.verbs import grant_extension, shelve
from yousu.handling.verbs import ask_extension, sign, sub_dispatch
from yousu.intake.verbs import register, withdraw
from yousu.tickets.jobs import clean_up, recompute_provisional
from yousu.tickets.models import Attachment, Event, VerbCall
from yousu.tickets.verbs import recompute_deadline

pytestmark = pytest.mark.django_db
LATER = at("2026-12-30 09:00")


def publish_2027(*off, work=()):
    """The calendar of 2027 comes out, with these January days off (and make-up workdays)."""
    days = [CalendarDay(date=date(2027, 1, day), is_workday=False, name="元旦") for day in off]
    days += [CalendarDay(date=date(2027, 1, day), is_workday=True, name="调休") for day in work]
    save_year(2027, days, CalendarYear.Source.OFFICIAL)


def over_new_year(**inputs):
    """Dispatched Tue 29 December, 3 workdays: Wed 30, Thu 31, Fri 1 January by the plain week."""
    assignment = dispatched(at("2026-12-29 10:00"), tier=3, **inputs)
    assert (assignment.deadline, assignment.provisional) == (at("2027-01-01 18:00"), True)
    return assignment


def test_a_provisional_deadline_moves_when_its_year_comes_out_and_the_event_tells_both():
    assignment = over_new_year()
    publish_2027(1)
    assert recompute_provisional(LATER) == 1
    now = reload(assignment)
    # Wed 30, Thu 31, (Fri 1 off), Mon 4.
    assert (now.deadline, now.provisional) == (at("2027-01-04 18:00"), False)
    assert reload(assignment.ticket).deadline == at("2027-01-04 18:00")
    event = Event.objects.get(verb="recompute_deadline")
    assert (event.by_id, event.role, event.ordinal) == (None, "platform", 1)
    changes = event.data["changes"]["assignments"]["1"]
    assert changes["deadline"] == ["2027-01-01T10:00:00+00:00", "2027-01-04T10:00:00+00:00"]
    assert changes["provisional"] == [True, False]


def test_running_again_changes_nothing_more():
    over_new_year()
    publish_2027(1)
    assert [recompute_provisional(LATER) for _ in range(3)] == [1, 0, 0]
    assert Event.objects.filter(verb="recompute_deadline").count() == 1


def test_without_a_calendar_nothing_is_recomputed():
    assignment = over_new_year()
    assert recompute_provisional(LATER) == 0
    assert reload(assignment).provisional


def test_a_deadline_is_never_made_earlier_than_the_one_printed():
    # Dispatched Wed 30 December, 3 workdays by the plain week: Thu 31, Fri 1, Mon 4. Saturday 2 turns out to be a workday.
    assignment = dispatched(at("2026-12-30 10:00"), tier=3)
    publish_2027(work=(2,))
    recompute_provisional(LATER)
    assert (reload(assignment).deadline, reload(assignment).provisional) == (at("2027-01-04 18:00"), False)


def test_the_days_for_signing_and_returning_move_too_unless_it_is_signed():
    # Dispatched Thu 31 December: by the plain week to be signed and returned by Fri 1 January.
    waiting, taken = dispatched(at("2026-12-31 10:00")), signed(at("2026-12-31 10:00"))
    assert waiting.sign_due == waiting.return_by == at("2027-01-01 18:00")
    publish_2027(1)
    recompute_provisional(LATER)
    assert reload(waiting).sign_due == reload(waiting).return_by == at("2027-01-04 18:00")
    assert reload(taken).sign_due == at("2027-01-01 18:00")


def test_a_granted_extension_is_kept():
    assignment = over_new_year()
    sign(assignment, by=handler_of(assignment), now=at("2026-12-29 11:00"))
    ask_extension(assignment, by=handler_of(assignment), now=at("2026-12-30 10:00"), days=2, reason="等配件")
    granted = grant_extension(assignment, by=person("paidan1"), now=at("2026-12-30 11:00"), told="已告知").assignment
    assert granted.deadline == at("2027-01-05 18:00")  # Fri 1; Mon 4, Tue 5 by the plain week
    publish_2027(1)
    recompute_provisional(LATER)
    assert reload(assignment).deadline == at("2027-01-06 18:00")  # Mon 4; Tue 5, Wed 6


def test_what_was_sent_down_still_ends_with_its_parent():
    district = over_new_year(lead="630104")
    sign(district, by=person("chengxi"), now=at("2026-12-29 11:00"))
    street = sub_dispatch(district, by=person("chengxi"), now=at("2026-12-30 10:00"), unit="630104006").assignment
    assert street.deadline == at("2027-01-01 18:00")
    publish_2027(1)
    assert recompute_provisional(LATER) == 2
    assert reload(street).deadline == reload(district).deadline == at("2027-01-04 18:00")


def test_a_promised_date_is_kept():
    assignment = over_new_year()
    shelve(
        assignment.ticket,
        by=person("paidan1"),
        now=at("2026-12-30 10:00"),
        reason="x",
        measures="y",
        promised_on="2027-03-01",
    )
    publish_2027(1)
    recompute_provisional(LATER)
    assert reload(assignment).deadline == reload(assignment.ticket).deadline == at("2027-03-01 18:00")


def test_what_has_ended_is_left_alone():
    assignment = over_new_year()
    withdraw(assignment.ticket, by=person("huawu1"), now=at("2026-12-30 10:00"), reason="不反映了")
    publish_2027(1)
    assert recompute_provisional(LATER) == 0


def test_only_the_platform_recomputes():
    assignment = over_new_year()
    publish_2027(1)
    for username in ("paidan1", "chengdong", "sysadmin", "duban1"):
        with pytest.raises(Refused, match="没有“重算期限”的权限：由平台自动办理") as refused:
            recompute_deadline(assignment, by=person(username), now=LATER)
        assert refused.value.code == "forbidden"
    assert recompute_deadline.by_platform_only


# -- what is kept no longer -----------------------------------------------------------------------------------------


def old(row, days, column, extra=timedelta(seconds=0)):
    type(row).objects.filter(pk=row.pk).update(**{column: MONDAY - timedelta(days=days) + extra})
    return row


def upload(folder, name, ticket=None):
    (folder / name).write_bytes(b"x")
    return Attachment.objects.create(name=name, mime="image/png", size=1, digest=b"d" * 32, path=name, ticket=ticket)


def test_uploads_that_no_verb_named_go_after_seven_days_with_their_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    gone = old(upload(tmp_path, "a"), 7, "uploaded_at", -timedelta(seconds=1))
    young = old(upload(tmp_path, "b"), 7, "uploaded_at")
    bound = old(upload(tmp_path, "c", registered()), 400, "uploaded_at")
    old(Attachment.objects.create(name="d", mime="", size=1, digest=b"", path="c"), 30, "uploaded_at")
    assert clean_up(MONDAY)["attachments"] == 2
    assert set(Attachment.objects.all()) == {young, bound} and gone not in Attachment.objects.all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]  # c is still the bound one's
    assert clean_up(MONDAY)["attachments"] == 0


def test_keys_sessions_and_sign_ins_go_when_their_time_is_over():
    for key in ("old", "young"):
        register(by=person("huawu1"), now=MONDAY, key=key, content="路灯不亮")
    first, second = VerbCall.objects.order_by("key")
    old(first, 30, "at", -timedelta(seconds=1))
    old(second, 30, "at")
    past, present = (LoginAttempt.objects.create(username=name, outcome="ok") for name in "ab")
    old(past, 190, "at", -timedelta(seconds=1))
    old(present, 190, "at")
    Session.objects.create(session_key="gone", expire_date=MONDAY - timedelta(seconds=1))
    Session.objects.create(session_key="here", expire_date=MONDAY + timedelta(seconds=1))
    assert clean_up(MONDAY) == {"attachments": 0, "keys": 1, "sessions": 1, "sign_ins": 1}
    assert list(VerbCall.objects.all()) == [second]
    assert list(LoginAttempt.objects.all()) == [present]
    assert list(Session.objects.values_list("session_key", flat=True)) == ["here"]
    assert clean_up(MONDAY) == {"attachments": 0, "keys": 0, "sessions": 0, "sign_ins": 0}


def test_sign_ins_are_kept_half_a_year_at_least_whatever_a_city_sets():
    assert Retention().sign_in_days >= 183
    with pytest.raises(ValidationError):
        Retention(sign_in_days=30)


# -- the queue ------------------------------------------------------------------------------------------------------


@pytest.fixture
def empty_queue(transactional_db):
    """The queue's tables are not Django's: emptying the database between tests leaves them as they are."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_periodic_defers CASCADE")


def test_the_worker_knows_the_periodic_tasks_and_their_times():
    times = {periodic.task.name: periodic.cron for periodic in app.periodic_registry.periodic_tasks.values()}
    assert times["tickets.anchor"] == "20 * * * *"
    assert times["tickets.provisional"] == "40 * * * *"
    assert times["tickets.clean_up"] == "10 18 * * *"


def test_a_task_runs_from_the_queue(empty_queue):
    registered()
    for name in ("tickets.anchor", "tickets.provisional", "tickets.clean_up"):
        app.configure_task(name).defer(timestamp=int(timezone.now().timestamp()))
    with app.replace_connector(app.connector.get_worker_connector()) as running:
        running.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    from procrastinate.contrib.django.models import ProcrastinateJob

    jobs = dict(ProcrastinateJob.objects.values_list("task_name", "status"))
    assert {jobs[name] for name in ("tickets.anchor", "tickets.provisional", "tickets.clean_up")} == {"succeeded"}
