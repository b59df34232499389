from __future__ import annotations

from django.db import models


class Stamp(models.Model):
    """One row that counts changes of the city's ground data, so that every process knows when its copy is old."""

    value = models.BigIntegerField(default=0)
