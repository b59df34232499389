"""``yousu import``: histories from files."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from yousu.base.console import complaints, out
from yousu.imports.orders import Summary, import_orders

SHOWN = 10


@click.group(
    "import",
    help="导入历史数据",
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[选项]",
    subcommand_metavar="命令 [参数]…",
)
def import_() -> None: ...


@import_.command(
    help="导入工单：CSV（UTF-8 或 GB18030）或 XLSX。重复运行不会重复导入，中断后再次运行即可接着导入。",
    options_metavar="[选项]",
)
@click.argument("file", metavar="文件", type=click.Path(path_type=Path))
@click.option("--mapping", metavar="名称或文件", default="", help="列对照；不写则按表头认")
@click.option("--scope", metavar="批次", default="", help="新建单位、分类所属的导入批次；不写则按对照文件")
@click.option("--report", metavar="文件", type=click.Path(path_type=Path), help="问题行报告写到哪里")
@click.option("--dry-run", is_flag=True, help="只检查，不写入")
def orders(file: Path, mapping: str, scope: str, report: Path | None, dry_run: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=complaints, transient=True) as bar:
        task = bar.add_task("检查" if dry_run else "导入", total=None)
        summary = import_orders(
            file,
            mapping=mapping,
            scope=scope,
            dry_run=dry_run,
            report=report,
            progress=lambda line, lines: bar.update(task, completed=line, total=lines),
        )
    tell(summary)


def tell(summary: Summary) -> None:
    """What was done, and what is left for a person to look at."""
    table = Table(show_header=False, box=None)
    table.add_row("文件", f"{summary.table.path.name}，{summary.table.words}")
    table.add_row("对照", f"{summary.mapping.name}（{summary.mapping.label}），批次 {summary.mapping.scope}")
    table.add_row("读到", f"{summary.read} 行")
    table.add_row("可导入" if summary.dry_run else "已导入", f"{summary.imported} 件")
    table.add_row("以前已导入", f"{summary.already} 件")
    table.add_row("问题行", f"{summary.bad} 行")
    made = "需新建" if summary.dry_run else "新建"
    table.add_row(made, f"单位 {len(summary.units)} 个，分类 {len(summary.categories)} 个")
    table.add_row("用时", f"{summary.seconds:.1f} 秒，每秒 {summary.per_second:.0f} 行")
    out.print(table)
    if summary.bad:
        out.print()
        for reason, count in summary.reasons.most_common(SHOWN):
            out.print(f"  {count:>6} 行：{reason}", markup=False)
        if not summary.dry_run:
            out.print(f"问题行及原因已写入 {summary.report}，改正后可单独再导入。", markup=False, soft_wrap=True)
