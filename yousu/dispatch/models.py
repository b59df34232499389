from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from yousu.city.models import Staff
from yousu.tickets.models import Ticket
from yousu.tickets.models.ticket import bare_key


class Consultation(models.Model):
    """会商: called when nobody is clearly responsible; its conclusion designates who must act."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="consultations")
    at = models.DateTimeField()
    by = bare_key(Staff)
    question = models.TextField("会商事由")
    invited = ArrayField(models.CharField(max_length=40), verbose_name="邀请单位")
    concluded_at = models.DateTimeField(null=True)
    concluded_by = bare_key(Staff)
    minutes = models.TextField("会商纪要", blank=True)
    designated = models.CharField("指定单位", max_length=40, blank=True)

    def __str__(self) -> str:
        return f"会商 {self.ticket_id}"
