"""Import of an export of orders: read → check → settle ground → write, batch by batch.

Each batch is one transaction and a row that is there already is left alone, so an import that was cut off goes on where it
stopped when it is started again.
"""

from __future__ import annotations

import contextlib
import csv
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.base.sealed import sm3
from yousu.base.tables import Row, Table, open_table
from yousu.city import directory
from yousu.imports import writing
from yousu.imports.building import Builder, Rows
from yousu.imports.ground import Ground
from yousu.imports.mapping import Mapping, choose
from yousu.imports.reading import BadRow, Order, Reader

BATCH = 2_000

Progress = Callable[[int, int], None]


@dataclass
class Summary:
    """What an import did. ``read`` = ``imported`` + ``already`` + ``bad``. ``reasons`` counts the bad rows by reason."""

    table: Table
    mapping: Mapping
    dry_run: bool
    report: Path
    read: int = 0
    imported: int = 0
    already: int = 0
    bad: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    units: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.read / self.seconds if self.seconds else 0.0


class BadRows:
    """The report of rows that could not be imported: line, reason, and the row as it came. Readable by us alone."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self._file: Any = None
        self._writer: Any = None

    def add(self, row: Row, reason: str) -> None:
        self.summary.bad += 1
        self.summary.reasons[_kind(reason)] += 1
        if self.summary.dry_run:
            return
        if self._writer is None:
            path = self.summary.report
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            self._file = os.fdopen(handle, "w", encoding="utf-8-sig", errors="replace", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(["行号", "原因", *self.summary.table.header])
        self._writer.writerow([row.line, reason, *row.values])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _kind(reason: str) -> str:
    """A reason without its particulars, for counting."""
    return re.sub(r"“[^”]*”|（[^）]*）|\d+", "…", reason)


def import_orders(
    path: Path,
    *,
    mapping: str = "",
    scope: str = "",
    dry_run: bool = False,
    report: Path | None = None,
    now: datetime | None = None,
    batch: int = BATCH,
    progress: Progress = lambda line, lines: None,
) -> Summary:
    """Import the orders in ``path``. ``Refused`` for a file or mapping that cannot be used at all; then nothing is changed."""
    table = open_table(path)
    chosen = choose(table.header, mapping)
    if scope:
        chosen = Mapping.model_validate({**chosen.model_dump(), "scope": scope})
    now = now or timezone.now()
    rules = directory.current().rules_at(now)
    if chosen.tier not in rules.tiers:
        tiers = "、".join(map(str, rules.tiers))
        raise Refused(f"对照文件的时限 {chosen.tier} 个工作日不在本市规则的时限（{tiers}）之中。")
    report = report or Path(settings.VAR) / "imports" / f"{path.stem}.bad-rows.csv"
    summary = Summary(table, chosen, dry_run, report)
    started = time.monotonic()
    with _alone(chosen.scope):
        ground = Ground(chosen, dry_run=dry_run)
        reader = Reader(chosen, table.header, rules.limits, now)
        run = _Run(summary, BadRows(summary), ground, Builder(chosen, ground, directory.current()))
        try:
            run.all(reader, batch, progress)
        finally:
            run.bad.close()
            summary.units, summary.categories = ground.made_units, ground.made_categories
            summary.seconds = time.monotonic() - started
    return summary


@dataclass
class _Waiting:
    """A batch that is being built."""

    orders: list[Order]
    rows: Future[Rows]
    line: int


@dataclass
class _Run:
    """One import under way. A second thread builds the next batch while this one writes the last."""

    summary: Summary
    bad: BadRows
    ground: Ground
    builder: Builder

    def all(self, reader: Reader, size: int, progress: Progress) -> None:
        lines = self.summary.table.lines()
        waiting: _Waiting | None = None
        with ThreadPoolExecutor(1) as pool:
            for orders in self._batches(reader, size):
                line = orders[-1].row.line
                coming = self._begin(orders, pool)
                if waiting is not None:
                    self._write(waiting)
                    progress(waiting.line, lines)
                waiting = _Waiting(*coming, line) if coming else None
            if waiting is not None:
                self._write(waiting)
        progress(lines, lines)

    def _batches(self, reader: Reader, size: int) -> Iterator[list[Order]]:
        """Orders that can be imported as far as the row itself tells, ``size`` at a time."""
        orders: list[Order] = []
        for row in self.summary.table.rows():
            self.summary.read += 1
            try:
                order = reader.read(row)
                self.ground.check(order)
            except BadRow as error:
                self.bad.add(row, str(error))
                continue
            orders.append(order)
            if len(orders) == size:
                yield orders
                orders = []
        if orders:
            yield orders

    def _begin(self, orders: list[Order], pool: ThreadPoolExecutor) -> tuple[list[Order], Future[Rows]] | None:
        """Count those already there, make the ground the others lack, and have their rows built."""
        summary = self.summary
        there = writing.known_ids(summary.mapping.source, [order.external_id for order in orders])
        summary.already += len(there)
        fresh = [order for order in orders if order.external_id not in there]
        self.ground.settle(fresh)
        good = []
        for order in fresh:
            try:
                self.builder.check(order)
            except BadRow as error:
                self.bad.add(order.row, str(error))
            else:
                good.append(order)
        if summary.dry_run:
            summary.imported += len(good)
        if summary.dry_run or not good:
            return None
        return good, pool.submit(self.builder.rows, good, writing.serials(len(good)))

    def _write(self, batch: _Waiting) -> None:
        orders = batch.orders
        made = writing.write(
            batch.rows.result(),
            self.summary.mapping,
            again=lambda: self.builder.rows(orders, writing.serials(len(orders))),
        )
        self.summary.imported += made
        self.summary.already += len(orders) - made


@contextlib.contextmanager
def _alone(scope: str) -> Iterator[None]:
    """Nobody else imports into this scope meanwhile: two would make the same units twice."""
    key = int.from_bytes(sm3(f"{settings.CITY}/import/{scope}".encode())[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise Refused(f"另一个导入正在写批次“{scope}”，请等它结束后再试。", code="conflict")
    try:
        yield
    finally:
        with contextlib.suppress(Exception), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
