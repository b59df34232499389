"""``yousu audit``: is the history of every ticket whole?"""

from __future__ import annotations

import click
from django.utils import timezone
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from yousu.base.console import complaints, out
from yousu.tickets.audit import last_complete_day, make_anchors, verify_anchors, verify_chains
from yousu.tickets.models import Anchor, Ticket

MOST_SHOWN = 20


@click.group(help="核验工单事件链与每日锚点")
def audit() -> None: ...


@audit.command(help="核验事件链与锚点；发现断裂时列出工单编号与事件序号，退出码为 1")
@click.option("--ticket", default="", metavar="编号", help="只核验这一张工单")
def verify(ticket: str) -> None:
    broken = _chains(ticket)
    if not ticket:
        broken += _anchors()
    for sentence in broken[:MOST_SHOWN]:
        complaints.print(f"[red]{sentence}[/red]")
    if len(broken) > MOST_SHOWN:
        complaints.print(f"[red]……共 {len(broken)} 处。[/red]")
    if broken:
        raise click.exceptions.Exit(1)


@audit.command(help="为还没有锚点的往日生成锚点，并显示最近一日的根值（可对外公布留证）")
def anchor() -> None:
    made = make_anchors(last_complete_day(timezone.now()))
    last = Anchor.objects.order_by("date").last()
    if last is None:
        out.print("还没有可以锚定的往日事件。")
        return
    out.print(f"新增锚点 {len(made)} 个。最近一日 {last.date}，事件 {last.events} 个，根值：")
    out.print(bytes(last.root).hex())


def _chains(ticket: str) -> list[str]:
    broken, count = [], 0
    with _progress() as progress:
        bar = progress.add_task("事件链", total=1 if ticket else Ticket.objects.count())
        for number, seq in verify_chains(ticket):
            count += 1
            progress.advance(bar)
            if seq is not None:
                broken.append(f"工单 {number} 的事件链在第 {seq} 个事件处断裂。")
    out.print(f"核验工单 {count} 张，断裂 {len(broken)} 张。")
    return broken


def _anchors() -> list[str]:
    broken, count = [], 0
    with _progress() as progress:
        bar = progress.add_task("锚点", total=Anchor.objects.count())
        for found in verify_anchors():
            count += 1
            progress.advance(bar)
            if found is not None:
                broken.append(f"{found.date} 的锚点：{found.why}。")
    out.print(f"核验锚点 {count} 个，不符 {len(broken)} 个。")
    return broken


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=complaints,
        transient=True,
    )
