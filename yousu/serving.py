"""``yousu serve``: the web processes, the worker and, when embedded, the database, as one thing that starts and stops whole.

Order: database first up and last down. A child that dies is started again; a killed parent takes its children along
(PR_SET_PDEATHSIG), and an orphaned database is adopted by the next start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command

from yousu.base.console import out, var
from yousu.base.embedded import Embedded, EmbeddedError
from yousu.base.errors import Refused

PR_SET_PDEATHSIG = 1
READY_SECONDS = 60
STOP_SECONDS = 20
PORT_TRIES = 10
POOL = 12


class Platform:
    """The running platform on ``host:port``; ``ready`` is called with the URL once the first page is served."""

    def __init__(self, host: str, port: int, workers: int, ready: Callable[[str], None] | None = None) -> None:
        self.host, self.port, self.workers = host, port, workers
        self.ready = ready or (lambda url: out.print(f"有诉已启动：{url}（Ctrl-C 停止）"))
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.started: dict[str, float] = {}
        self.stopping = False
        home = var() / "pg"
        self.embedded = Embedded(home) if os.environ["DATABASE_URL"] == Embedded(home).url() else None

    def run(self) -> None:
        """1. the port is free; 2. static files; 3. children; 4. watch until a signal; 5. children down, database down."""
        self._refuse_a_taken_port()
        call_command("collectstatic", verbosity=0, interactive=False)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._stop)
        try:
            for child in ("web", "worker"):
                self._start(child)
            self._wait_until_served()
            while not self.stopping:
                time.sleep(0.5)
                self._mend()
        finally:
            self._stop_children()

    @property
    def url(self) -> str:
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{shown}:{self.port}/"

    def _command(self, child: str) -> list[str]:
        here = Path(sys.executable).parent
        if child == "worker":
            return [sys.executable, "-m", "yousu.cli", "worker"]
        return [
            *(str(here / "granian"), "--interface", "wsgi", "yousu.wsgi:application"),
            *("--host", self.host, "--port", str(self.port), "--workers", str(self.workers)),
            *("--blocking-threads", "8", "--respawn-failed-workers", "--log-level", "error", "--no-ws"),
        ]

    def _start(self, child: str) -> None:
        environment = {**os.environ, "YOUSU_POOL": str(POOL)} if child == "web" else dict(os.environ)
        self.started[child] = time.monotonic()
        self.children[child] = subprocess.Popen(
            self._command(child),
            env=environment,
            start_new_session=True,  # Ctrl-C comes to us; we stop them in order
            preexec_fn=_die_with_parent,
        )

    def _mend(self) -> None:
        """Bring back what died: the database (recovering from its log), a web process, the worker."""
        if self.embedded is not None and self.embedded.pid() is None and not self.stopping:
            out.print("[yellow]数据库意外停止，正在恢复……[/yellow]")
            try:
                self.embedded.hold()
            except EmbeddedError as error:
                out.print(f"[red]{error}[/red]\n稍后再试。")
        for child, process in list(self.children.items()):
            if process.poll() is not None and not self.stopping:
                out.print(f"[yellow]{'网站' if child == 'web' else '后台任务'}进程意外退出，正在重新启动……[/yellow]")
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # what it left behind would hold the port
                time.sleep(max(0.0, 1 - (time.monotonic() - self.started[child])))
                self._start(child)

    def _wait_until_served(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and not self.stopping:
            if self.children["web"].poll() is not None:
                raise Refused("网站进程没有启动，请查看上面的日志。")
            with contextlib.suppress(OSError), socket.create_connection((self._connect_host, self.port), timeout=1):
                self.ready(self.url)
                return
            time.sleep(0.1)
        if not self.stopping:
            raise Refused(f"网站在 {READY_SECONDS} 秒内没有应答。")

    @property
    def _connect_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    def _refuse_a_taken_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            for _ in range(PORT_TRIES):  # a predecessor that was just killed may still be letting go
                with contextlib.suppress(OSError):
                    probe.bind((self.host, self.port))
                    return
                time.sleep(0.5)
        raise Refused(f"端口 {self.port} 已被占用，请用 --port 换一个，或停止占用它的程序。")

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _stop_children(self) -> None:
        self.stopping = True
        for process in self.children.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.children.values():
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if self.embedded is not None:
            from django.db import connections

            connections.close_all()
        out.print("有诉已停止。")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
