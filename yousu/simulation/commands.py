"""``yousu simulate``: let the city live for some days."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from types import FrameType

import click
from django.utils import timezone
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from yousu.base.console import out
from yousu.base.errors import Refused
from yousu.city import directory
from yousu.simulation.life import run
from yousu.simulation.stage import Summary
from yousu.tickets.states import ClosedAs, TicketState
from yousu.tickets.store import DATABASE

MOST_DAYS = 3_660
MOST_PER_DAY = 100_000


@click.command(help="模拟城市的日常诉求：登记、派单、办理、回访，都经过与真实业务相同的动作。同一种子，同一座城。")
@click.option("--from", "first", required=True, metavar="日期", help="第一天，例如 2026-01-01")
@click.option("--days", default=30, show_default=True, metavar="天数", help="模拟多少天")
@click.option("--per-day", default=1200, show_default=True, metavar="件数", help="平均每天多少件诉求")
@click.option("--seed", default="1", show_default=True, metavar="种子", help="随机种子，相同则结果相同")
@click.option("--fast/--no-fast", default=True, show_default="成批写入", help="成批写入；--no-fast 则逐个动作写库")
def simulate(first: str, days: int, per_day: int, seed: str, fast: bool) -> None:
    day = checked(first, days, per_day)
    started = time.monotonic()
    with bar() as progress, interruptible() as stop:
        task = progress.add_task("simulate", total=days)
        summary = run(
            *(day, days, per_day, seed),
            store=None if fast else DATABASE,
            progress=lambda lived: progress.update(task, completed=lived),
            stop=stop,
        )
    if stop():
        out.print("已按要求停止，停止之前的历史已写入。")
    report(summary, time.monotonic() - started)


def bar() -> Progress:
    elapsed, remaining = TimeElapsedColumn(), TimeRemainingColumn()
    words = TextColumn("模拟中"), TextColumn("天　已用"), TextColumn("剩余")
    return Progress(words[0], BarColumn(), MofNCompleteColumn(), words[1], elapsed, words[2], remaining, console=out)


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Whether somebody pressed Ctrl-C: the run then ends between two acts, never within one. A second Ctrl-C ends it at once."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def checked(first: str, days: int, per_day: int) -> date:
    """The first day; ``Refused`` with a sentence when the period makes no sense."""
    try:
        day = date.fromisoformat(first)
    except ValueError:
        raise Refused(f"日期“{first}”无效，应为 年-月-日，例如 2026-01-01。", field="from") from None
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"天数应在 1 到 {MOST_DAYS} 之间。", field="days")
    if not 1 <= per_day <= MOST_PER_DAY:
        raise Refused(f"每天件数应在 1 到 {MOST_PER_DAY} 之间。", field="per_day")
    if not 2000 <= day.year <= timezone.localdate().year:
        raise Refused("起始日期应在 2000 年以后，且不晚于今天。", field="from")
    last = day + timedelta(days=days - 1)
    if last > timezone.localdate():
        raise Refused(f"模拟的是已经过去的日子：最后一天 {last} 晚于今天，请提前起始日期或减少天数。", field="from")
    return day


def report(summary: Summary, seconds: float) -> None:
    pace = summary.tickets / seconds if seconds else 0
    out.print(
        f"工单 {summary.tickets:,} 件，事件 {summary.events:,} 条，用时 {seconds:.1f} 秒（每秒 {pace:,.0f} 件）。"
    )
    out.print("状态：" + _counts([(s.label, summary.states[s]) for s in TicketState]))
    out.print("办结方式：" + _counts([(c.label, summary.closed_as[c]) for c in ClosedAs]))
    refused = sum(summary.refused.values())
    out.print(f"被规则拦下的动作 {refused} 次。")
    for sentence, times in summary.refused.most_common(5):
        out.print(f"  {times} 次　{sentence}")
    if summary.until and summary.until.year not in directory.current().calendar.years:
        out.print(f"{summary.until.year} 年还没有官方工作日历，期限按普通周历暂定。")


def _counts(pairs: list[tuple[str, int]]) -> str:
    return "、".join(f"{label} {count:,}" for label, count in pairs if count) or "无"
