from __future__ import annotations

from django.db import models

from yousu.city.models import Staff
from yousu.tickets.models import Ticket
from yousu.tickets.models.ticket import bare_key
from yousu.tickets.states import Satisfaction


class Callback(models.Model):
    """回访: one attempt to reach the citizen and, when connected, what they said."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="callbacks")
    round = models.PositiveSmallIntegerField("办理轮次")
    attempt = models.PositiveSmallIntegerField("第几次")
    at = models.DateTimeField()
    by = bare_key(Staff)
    slot = models.PositiveSmallIntegerField("时段")
    connected = models.BooleanField("接通")
    contacted = models.BooleanField("单位联系过", null=True)
    solved = models.BooleanField("已解决", null=True)
    satisfaction = models.CharField("满意度", max_length=12, choices=Satisfaction.choices, blank=True)
    opinion = models.TextField("市民意见", blank=True)

    def __str__(self) -> str:
        return f"回访 {self.ticket_id}/{self.attempt}"
