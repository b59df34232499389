"""A whole platform for tests that need one: ``yousu serve`` as a person starts it, on its own database and port."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
YOUSU = str(Path(sys.executable).parent / "yousu")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """``yousu serve`` with data under ``home``; ``kill`` takes any of its processes away without warning."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        # Without DATABASE_URL: this platform drives an embedded server of its own.
        keep = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "YOUSU_TEST_NAME"}}
        self.env = {**keep, "YOUSU_VAR": str(home), "YOUSU_DEMO": "1"}

    def command(self, *arguments: str) -> str:
        done = subprocess.run([YOUSU, *arguments], env=self.env, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]
        return done.stdout

    def start(self) -> None:
        self.log = (self.home / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [YOUSU, "serve", "--port", str(self.port)],
            env=self.env,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            cwd=ROOT,
        )

    def wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the platform did not come up: " + (self.home / "serve.log").read_text()[-1500:])

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def processes(self, words: str) -> list[int]:
        """Ids of this platform's processes whose command line contains ``words``."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes()
                ours = f"YOUSU_VAR={self.home}".encode() in environment or str(self.home) in line
                if words in line and ours:
                    found.append(int(entry.name))
        return found

    def database_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.home / "pg" / "data" / "postmaster.pid").read_text().split()[0])
        return None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """An API call: (status, decoded answer). Raises OSError when nobody answers."""
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method)
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        data = json.dumps(body).encode() if body is not None else None
        try:
            with urllib.request.urlopen(request, data=data, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


@contextlib.contextmanager
def running(name: str, *, days: int = 0, per_day: int = 0) -> Iterator[Running]:
    """A fresh demo city under ``var/<name>``, served until the block ends."""
    home = ROOT / "var" / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    platform = Running(home)
    platform.command("demo", "--days", str(days), "--per-day", str(per_day))
    platform.start()
    try:
        platform.wait()
        yield platform
    finally:
        platform.stop()
        if pid := platform.database_pid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
