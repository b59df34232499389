from __future__ import annotations

from django.db import models

from yousu.city.models.places import Unit
from yousu.city.models.staff import Staff
from yousu.city.roles import Level, Urgency


class Classification(models.Model):
    """Matter classification (事项分类): three levels, DB44/T 2479-2024 by default, or an import's own."""

    code = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=120)
    level = models.PositiveSmallIntegerField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    note = models.CharField(max_length=80, blank=True)
    scope = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.name


class CatalogueVersion(models.Model):
    """A version of the dispatch catalogue (派单目录). Published versions never change; history stays explainable."""

    number = models.PositiveIntegerField("版本", unique=True)
    note = models.CharField("说明", max_length=200, blank=True)
    published_at = models.DateTimeField("发布时间", null=True)
    published_by = models.ForeignKey(Staff, models.PROTECT, null=True)
    scope = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"第{self.number}版"


class CatalogueItem(models.Model):
    """One dispatchable matter of one version of the catalogue.

    ``lead_rule`` names who leads: ``unit:<code>`` a fixed body; ``area:district``, ``area:town``, ``area:community``
    the unit in whose area the place lies.
    """

    version = models.ForeignKey(CatalogueVersion, models.PROTECT, related_name="items")
    code = models.CharField("事项编码", max_length=40)
    level1 = models.CharField("一级", max_length=60)
    level2 = models.CharField("二级", max_length=60)
    level3 = models.CharField("三级", max_length=80)
    level4 = models.CharField("四级", max_length=80, blank=True)
    name = models.CharField("事项", max_length=120)
    leaf = models.ForeignKey(Classification, models.PROTECT, null=True)
    lead_rule = models.CharField("主办规则", max_length=60, blank=True)
    trade_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", verbose_name="行业主管")
    lowest_level = models.CharField("最低派至", max_length=10, choices=Level.choices, default=Level.GRID)
    tier = models.PositiveSmallIntegerField("时限（工作日）")
    urgency = models.CharField("紧急程度", max_length=8, choices=Urgency.choices, default=Urgency.ORDINARY)
    secret = models.BooleanField("保密", default=False)
    keywords = models.CharField("关键词", max_length=300, blank=True)
    description = models.TextField("说明", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="item_once_per_version")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> list[str]:
        return [part for part in (self.level1, self.level2, self.level3, self.level4, self.name) if part]
