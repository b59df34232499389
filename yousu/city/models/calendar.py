from __future__ import annotations

from django.db import models


class CalendarYear(models.Model):
    """Whether a year's statutory holidays are known. A year without a row has no official calendar yet."""

    class Source(models.TextChoices):
        OFFICIAL = "official", "国务院办公厅公布"
        EDITED = "edited", "本市录入"

    year = models.PositiveSmallIntegerField("年份", primary_key=True)
    source = models.CharField("来源", max_length=10, choices=Source.choices)
    loaded_at = models.DateTimeField("录入时间", auto_now=True)

    def __str__(self) -> str:
        return f"{self.year} 年"


class CalendarDay(models.Model):
    """A day that differs from the plain week: a holiday on a weekday, or a make-up workday (调休) on a weekend."""

    date = models.DateField("日期", primary_key=True)
    is_workday = models.BooleanField("上班")
    name = models.CharField("名称", max_length=40, blank=True)

    def __str__(self) -> str:
        return f"{self.date} {'班' if self.is_workday else '休'}"
