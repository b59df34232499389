"""``yousu``: the console. Rooms bring their own commands; what runs the whole platform is here."""

from __future__ import annotations

import click

from yousu.base.console import CityGroup, guarded, out, prepare

ROOMS = {
    "import": ("yousu.imports.commands:import_", "导入历史工单"),
    "simulate": ("yousu.simulation.commands:simulate", "模拟城市的日常诉求"),
    "catalogue": ("yousu.city.commands:catalogue", "派单目录：预览、发布、导出"),
    "calendar": ("yousu.city.commands:calendar", "工作日历：查看、载入、修改"),
    "staff": ("yousu.city.commands:staff", "人员、岗位与令牌"),
    "rules": ("yousu.city.commands:rules", "规则集：查看、导出、发布"),
    "audit": ("yousu.tickets.commands:audit", "核验工单事件链"),
}


@click.group(
    cls=CityGroup,
    rooms=ROOMS,
    help="有诉：12345 热线平台。不带 DATABASE_URL 时使用内置数据库，数据在 var/ 下。",
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[选项]",
    subcommand_metavar="命令 [参数]…",
)
def main() -> None: ...


@main.command(help="启动网站与后台任务（Ctrl-C 停止一切，内置数据库也随之停止）")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址")
@click.option("--port", default=8000, show_default=True, help="监听端口")
@click.option("--workers", default=2, show_default=True, help="网站进程数")
def serve(host: str, port: int, workers: int) -> None:
    from yousu.serving import Platform

    prepare()
    migrated()
    Platform(host, port, workers).run()


@main.command(help="建好演示城市（西宁）；--serve 随即启动")
@click.option("--serve", "then_serve", is_flag=True, help="建好后启动网站")
@click.option("--days", default=14, show_default=True, help="模拟最近多少天的诉求")
@click.option("--per-day", default=300, show_default=True, help="每天多少件")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址")
@click.option("--port", default=8000, show_default=True, help="监听端口")
def demo(then_serve: bool, days: int, per_day: int, host: str, port: int) -> None:
    import os

    os.environ.setdefault("YOUSU_DEMO", "1")
    prepare()
    migrated()
    from yousu.demo import PASSWORD, build, introduce
    from yousu.serving import Platform

    build(days, per_day)
    if then_serve:
        Platform(host, port, workers=2, ready=introduce).run()
    else:
        out.print(f"演示城市已就绪，账号密码均为 {PASSWORD}。启动：yousu serve")


@main.command(help="建立或升级数据库结构")
def migrate() -> None:
    prepare()
    migrated()
    out.print("数据库结构已是最新。")


@main.command(help="打印动作表（谁、在什么状态、能做什么）")
@click.option("--write", type=click.Path(dir_okay=False), help="写成 Markdown 文件")
def verbs(write: str | None) -> None:
    prepare(start=False)
    from yousu.tickets.verbtable import as_markdown, print_table

    if write:
        from pathlib import Path

        Path(write).write_text(as_markdown(), encoding="utf-8")
        out.print(f"已写入 {write}。")
    else:
        print_table(out)


@main.command(help="检查配置、数据库、字体、时钟")
def doctor() -> None:
    from yousu.doctor import run

    raise click.exceptions.Exit(0 if run() else 1)


@main.command(hidden=True, help="后台任务进程（由 serve 启动）")
def worker() -> None:
    prepare()
    from procrastinate.contrib.django import app

    with app.replace_connector(app.connector.get_worker_connector()) as running:  # type: ignore[attr-defined]
        running.run_worker(install_signal_handlers=True, concurrency=2, delete_jobs="successful")


def migrated() -> None:
    """Bring the schema up to date, quietly."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def run() -> None:
    guarded(main)


if __name__ == "__main__":
    run()
