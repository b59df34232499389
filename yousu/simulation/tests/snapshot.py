"""All that a run wrote, as plain values that can be compared."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from yousu.base.sealed import Sealed
from yousu.city.models import Staff, StaffRole
from yousu.dispatch.models import Consultation
from yousu.evaluation.models import Callback
from yousu.tickets.models import Assignment, Event, Extension, Reply, Return, Ticket, TicketText

MODELS = (Ticket, TicketText, Assignment, Event, Return, Extension, Reply, Consultation, Callback, Staff, StaffRole)
# When the row was written, and a password that nobody can use: they differ by their nature.
OF_THE_MOMENT = {"recorded_at", "created_at", "password"}

Snapshot = dict[str, list[dict[str, Any]]]


def rows_of(model: type[Model]) -> list[dict[str, Any]]:
    return [
        {
            field.attname: plain(row.__dict__[field.attname])
            for field in model._meta.concrete_fields
            if field.attname not in OF_THE_MOMENT
        }
        for row in model._default_manager.order_by("pk")
    ]


def plain(value: Any) -> Any:
    if isinstance(value, Sealed):
        return value.open()
    return bytes(value) if isinstance(value, memoryview) else value


def written(act: Any) -> tuple[Any, Snapshot]:
    """What ``act`` returns and what the tables hold after it; then everything is undone, the sequences too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(sequencename), last_value FROM pg_sequences WHERE schemaname = current_schema()"
        )
        sequences = cursor.fetchall()
    with transaction.atomic():
        result = act()
        connection.check_constraints()
        found = {model.__name__: rows_of(model) for model in MODELS}
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        for name, last in sequences:
            cursor.execute("SELECT setval(%s::regclass, %s, %s)", [name, last or 1, last is not None])
    return result, found
