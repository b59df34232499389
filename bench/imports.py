"""Importing real orders, against plain COPY of the very rows that the import ends with, into tables with the same indexes.

COPY is the floor: it reads nothing, checks nothing, seals nothing, chains nothing. Uses the Haikou orders when they are
there (``YOUSU_REAL_DATA`` or ``../shared/data``), otherwise rows made from texts of our own.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from pathlib import Path

from bench import world
from bench.result import Result, median

ROUNDS = 5
MADE_ROWS = 15_000
TABLES = ("tickets_ticket", "tickets_tickettext", "tickets_assignment", "tickets_event", "tickets_reply")


def run() -> Result:
    world.start()
    orders, real = _orders()
    ours, floors = [], []
    for _ in range(ROUNDS):
        world.empty_tickets()
        ours.append(_import(orders))
        floors.append(_copy())
    ratios = [a / b for a, b in zip(ours, floors, strict=True)]
    return Result(
        "imports",
        "orders imported ÷ plain COPY of the same final rows, median of rounds",
        median(ratios),
        "×",
        0.3,
        facts={
            "file": "Haikou 12345, real orders" if real else "made-up rows (no real data here)",
            "import": f"{median(ours):.0f} rows/s",
            "COPY": f"{median(floors):.0f} rows/s",
            "ratios": ", ".join(f"{r:.3f}" for r in ratios),
        },
    )


def _orders() -> tuple[Path, bool]:
    folder = Path(os.environ.get("YOUSU_REAL_DATA", world.ROOT.parent / "shared" / "data"))
    path = folder / "haikou12345" / "orders.csv"
    if path.exists():
        return path, True
    made = Path(tempfile.mkdtemp(prefix="bench-")) / "orders.csv"
    texts = world.texts()
    with made.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_no", "cat1", "cat2", "cat3", "cat4", "unit", "text", "text_without_operator_note"])
        for n in range(MADE_ROWS):
            text = texts[n % len(texts)]
            writer.writerow(
                [f"20180{n % 5 + 1}01{n:06d}", "公共服务", "热线", "咨询", "其他", f"市{n % 40}局", text, text]
            )
    return made, False


def _import(orders: Path) -> float:
    from yousu.imports.orders import import_orders

    summary = import_orders(orders)
    assert summary.imported > 0 and summary.imported + summary.bad == summary.read
    return summary.imported / summary.seconds


def _copy() -> float:
    """Rows (tickets) per second when the final rows go by COPY into empty twins of the tables, indexes and all."""
    from django.db import connection

    folder = Path(tempfile.mkdtemp(prefix="bench-copy-"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tickets_ticket")
        tickets = int(cursor.fetchone()[0])
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS twin_{table}")
            cursor.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING ALL)")
            with cursor.copy(f"COPY {table} TO STDOUT") as copy, (folder / table).open("wb") as file:
                for chunk in copy:
                    file.write(chunk)
        cursor.execute("CHECKPOINT")
        start = time.perf_counter()
        cursor.execute("BEGIN")
        for table in TABLES:
            with cursor.copy(f"COPY twin_{table} FROM STDIN") as copy, (folder / table).open("rb") as file:
                while chunk := file.read(1 << 20):
                    copy.write(chunk)
        cursor.execute("COMMIT")
        seconds = time.perf_counter() - start
        for table in TABLES:
            cursor.execute(f"DROP TABLE twin_{table}")
    return tickets / seconds
