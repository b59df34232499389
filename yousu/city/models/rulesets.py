from __future__ import annotations

from django.db import models

from yousu.city.models.staff import Staff
from yousu.city.rules import Rules


class RuleSet(models.Model):
    """A version of the city's rules. Once in force it never changes; a change is a new version."""

    version = models.PositiveIntegerField("版本", unique=True)
    name = models.CharField("名称", max_length=80)
    effective_from = models.DateTimeField("生效时间", db_index=True)
    body = models.JSONField("内容")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Staff, models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"规则第{self.version}版"

    @property
    def rules(self) -> Rules:
        return Rules.model_validate({**self.body, "version": self.version})
