"""The benchmarks' own city: an embedded server under ``var/bench``, made new unless it may be kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / "var" / "bench"
PASSWORD = "Bench-12345-xn"


def start(home: Path = HOME, fresh: bool = True) -> None:
    """Start a server under ``home``, migrate, load the demo city. Django is set up when this returns."""
    os.environ["YOUSU_VAR"] = str(home)
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    from yousu.base.console import prepare

    prepare()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from yousu.city.loading import DATA, load_city
    from yousu.city.models import Area

    if not Area.objects.exists():
        load_city(DATA / "xining", "6301", "西宁市", PASSWORD)


def socket_folder() -> str:
    from django.conf import settings

    return str(settings.DATABASES["default"]["HOST"])


def empty_tickets() -> None:
    """No tickets, and statistics that say so: every benchmark starts alike."""
    from django.db import connection

    tables = (
        "tickets_ticket, tickets_tickettext, tickets_assignment, tickets_event, tickets_return, tickets_reply, "
        "tickets_extension, tickets_attachment, tickets_verbcall, tickets_reveallog, evaluation_callback, "
        "dispatch_consultation"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        cursor.execute("CHECKPOINT")


def texts() -> list[str]:
    """Varied request texts of our own, filled in by the simulator's templates."""
    import tomllib

    data = tomllib.loads((ROOT / "yousu" / "simulation" / "data" / "topics.toml").read_text(encoding="utf-8"))
    return [template for topic in data["topic"] for template in topic["templates"]]
