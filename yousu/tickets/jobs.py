"""Background work on tickets: the daily anchor, provisional deadlines, cleaning up. Each may run again at any time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import LoginAttempt
from yousu.tickets.audit import last_complete_day, make_anchors
from yousu.tickets.models import Assignment, Attachment, VerbCall
from yousu.tickets.states import OPEN_STATES
from yousu.tickets.verbs import recompute_deadline


def recompute_provisional(now: datetime) -> int:
    """Recompute open deadlines that were reckoned through a year whose calendar has come out since; says how many."""
    known = directory.current().calendar.years
    waiting = Assignment.objects.filter(state__in=OPEN_STATES, provisional=True, ended_at=None)
    count = 0
    for assignment in waiting.order_by("ticket_id", "ordinal"):  # a parent before what it sent down
        if not known.issuperset(range(assignment.dispatched_at.year, assignment.deadline.year + 1)):
            continue
        try:
            recompute_deadline(assignment, by=None, now=now)
        except Refused:  # ended in the meantime
            continue
        count += 1
    return count


def clean_up(now: datetime) -> dict[str, int]:
    """Drop what is kept no longer (``Rules.retention``): uploads that no verb named, used keys, sessions, sign-ins."""
    kept = directory.current().rules_at(now).retention
    calls = VerbCall.objects.filter(at__lt=now - timedelta(days=kept.idempotency_days)).delete()[0]
    attempts = LoginAttempt.objects.filter(at__lt=now - timedelta(days=kept.sign_in_days)).delete()[0]
    sessions = Session.objects.filter(expire_date__lt=now).delete()[0]
    files = _drop_unbound(now - timedelta(days=kept.unbound_attachment_days))
    return {"attachments": files, "keys": calls, "sessions": sessions, "sign_ins": attempts}


def _drop_unbound(before: datetime) -> int:
    """Row first, file after the commit: a file without a row is litter, a row without a file would be a loss."""
    root, count = Path(settings.MEDIA_ROOT), 0
    for pk in Attachment.objects.filter(ticket=None, uploaded_at__lt=before).values_list("pk", flat=True):
        with transaction.atomic():
            row = Attachment.objects.select_for_update(skip_locked=True).filter(pk=pk, ticket=None).first()
            if row is None:  # being bound just now
                continue
            path = row.path
            row.delete()
        count += 1
        if not Attachment.objects.filter(path=path).exists():
            (root / path).unlink(missing_ok=True)
    return count


# -- when -----------------------------------------------------------------------------------------------------------
# Cron times are UTC; what runs hourly does nothing when there is nothing to do.


@app.periodic(cron="20 * * * *")
@app.task(name="tickets.anchor", queueing_lock="tickets.anchor")
def anchor(timestamp: int) -> None:
    make_anchors(last_complete_day(timezone.now()))


@app.periodic(cron="40 * * * *")
@app.task(name="tickets.provisional", queueing_lock="tickets.provisional")
def provisional(timestamp: int) -> None:
    recompute_provisional(timezone.now())


@app.periodic(cron="10 18 * * *")  # 02:10 in Shanghai
@app.task(name="tickets.clean_up", queueing_lock="tickets.clean_up")
def cleaning(timestamp: int) -> None:
    clean_up(timezone.now())
