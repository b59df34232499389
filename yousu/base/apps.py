from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import pre_migrate


class BaseConfig(AppConfig):
    name = "yousu.base"
    verbose_name = "基础"

    def ready(self) -> None:
        pre_migrate.connect(_make_schema, dispatch_uid="city schema")


def _make_schema(using: str, **_: Any) -> None:
    """A city is a schema; migrations make it on first use."""
    with connections[using].cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{settings.CITY}"')
