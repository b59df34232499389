"""``yousu doctor``: what is wrong with this installation, in sentences, with what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from yousu.base.console import out, prepare, var

LEAST_POSTGRES = 150_000
LEAST_DISK = 2 * 1024**3
MOST_CLOCK_SKEW = 2.0


@dataclass(frozen=True)
class Finding:
    """``grave`` findings make the command fail; the others are worth knowing."""

    ok: bool
    what: str
    grave: bool = True


def run() -> bool:
    """Print every finding; True when nothing grave was found."""
    healthy = True
    for check in (configuration, database, city, keys, fonts, browser):
        try:
            findings = list(check())
        except Exception as error:  # a check that breaks is itself a finding
            findings = [Finding(False, f"{check.__doc__}：{type(error).__name__}：{str(error).splitlines()[0][:200]}")]
        for finding in findings:
            mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]" if finding.grave else "[yellow]![/yellow]"
            out.print(f" {mark} {finding.what}", soft_wrap=True)
            healthy = healthy and (finding.ok or not finding.grave)
    out.print("一切正常。" if healthy else "[red]有问题需要处理。[/red]")
    return healthy


def configuration() -> Iterator[Finding]:
    """配置"""
    yield Finding(sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}（需要 3.11 以上）")
    folder = var()
    folder.mkdir(parents=True, exist_ok=True)
    yield Finding(os.access(folder, os.W_OK), f"数据目录 {folder} 可写")
    free = shutil.disk_usage(folder).free
    yield Finding(free > LEAST_DISK, f"磁盘剩余 {free / 1024**3:.1f} GB")
    demo = os.environ.get("YOUSU_DEMO") == "1"
    yield Finding(
        not demo, "演示模式未开启" if not demo else "演示模式开启：登录页会列出演示账号，正式使用请关闭", grave=False
    )


def database() -> Iterator[Finding]:
    """数据库"""
    given = bool(os.environ.get("DATABASE_URL"))
    prepare()
    from django.conf import settings
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), now()")
        version, encoding, moment = cursor.fetchone()
        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')")
        durable = cursor.fetchone()
    kind = "DATABASE_URL 指定的服务器" if given else "内置数据库"
    yield Finding(version >= LEAST_POSTGRES, f"{kind}：PostgreSQL {version // 10000}.{version % 10000}（需要 15 以上）")
    yield Finding(encoding == "UTF8", f"数据库编码 {encoding}")
    yield Finding(durable[1] == "on" and durable[0] != "off", "提交即落盘（fsync、synchronous_commit 开启）")
    skew = abs(moment.timestamp() - time.time())
    yield Finding(skew < MOST_CLOCK_SKEW, f"本机与数据库的时钟相差 {skew:.1f} 秒")
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    text = "数据库结构是最新的" if not waiting else f"有 {waiting} 项结构升级未执行，请运行 yousu migrate"
    yield Finding(not waiting, f"城市（模式）{settings.CITY}：{text}")


def city() -> Iterator[Finding]:
    """城市"""
    from datetime import timedelta

    from django.utils import timezone

    from yousu.city import directory

    here = directory.current()
    yield Finding(
        bool(here.units),
        f"单位 {len(here.units)} 个，派单事项 {len(here.items)} 项"
        if here.units
        else "还没有城市数据，请运行 yousu demo 或导入自己的",
    )
    now = timezone.now()
    for year in sorted({now.year, (now + timedelta(days=60)).year}):
        known = year in here.calendar.years
        text = "有日历" if known else "尚无官方日历：涉及该年的期限会标为“暂定”，公布后用 yousu calendar load 载入"
        yield Finding(known, f"{year} 年{text}", grave=year == now.year)


def keys() -> Iterator[Finding]:
    """密钥"""
    from yousu.base.sealed import Sealed, ring

    text = "检验"
    yield Finding(Sealed.of(text).open() == text, f"国密 SM4-GCM 加解密正常，当前密钥 {ring().current}")


def fonts() -> Iterator[Finding]:
    """字体"""
    found = _output(["fc-list", ":lang=zh", "family"])
    yield Finding(
        bool(found), "有中文字体" if found else "没有中文字体：截图和文书需要，请安装 fonts-noto-cjk", grave=False
    )


def browser() -> Iterator[Finding]:
    """浏览器"""
    path = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
    yield Finding(bool(path), f"浏览器 {path}" if path else "没有 Chromium：浏览器测试和截图需要它", grave=False)


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
