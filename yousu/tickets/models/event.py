from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from yousu.city.models import Staff, Unit
from yousu.tickets.models.ticket import Ticket, bare_key


class Event(models.Model):
    """What happened to a ticket. Append-only (a trigger refuses UPDATE and DELETE); each hash covers the one before.

    ``at`` is when it happened, ``recorded_at`` when the database learned of it. ``data`` holds what was said and
    ``changes``: before and after of every tracked column, in codes rather than row ids. No personal data.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    verb = models.CharField(max_length=40)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    by = bare_key(Staff)
    by_unit = bare_key(Unit)
    role = models.CharField(max_length=24, blank=True)
    ordinal = models.PositiveSmallIntegerField(null=True)
    rules = models.PositiveIntegerField()
    data = models.JSONField(default=dict)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "seq"], name="event_seq_once")]
        indexes = [BrinIndex(fields=["recorded_at"], name="event_recorded", pages_per_range=32)]

    def __str__(self) -> str:
        return f"{self.ticket_id}#{self.seq} {self.kind}"


class Anchor(models.Model):
    """A day's seal over all events recorded on it: their hashes in order, chained to the day before.

    Publishing ``root`` outside the platform makes any later change of history visible, the last event included.
    """

    date = models.DateField(primary_key=True)
    events = models.BigIntegerField()
    last_event = models.BigIntegerField()
    previous = models.BinaryField(max_length=32)
    root = models.BinaryField(max_length=32)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.date)


class VerbCall(models.Model):
    """An idempotency key that was used: the same key, person and request again gives the first answer."""

    key = models.CharField(max_length=140, primary_key=True)
    verb = models.CharField(max_length=40)
    digest = models.BinaryField(max_length=32)
    ticket_id = models.BigIntegerField(null=True)
    ordinal = models.PositiveSmallIntegerField(null=True)
    seq = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return self.key


class RevealLog(models.Model):
    """Who saw whose personal data, when and why (个人信息保护法 Art. 51; kept at least three years)."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    staff = models.ForeignKey(Staff, models.PROTECT)
    ticket = models.ForeignKey(Ticket, models.PROTECT)
    fields = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)
    address = models.GenericIPAddressField(null=True)

    def __str__(self) -> str:
        return f"{self.staff} {self.fields}"
