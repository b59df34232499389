"""Starting and stopping the whole: two commands for a newcomer, Ctrl-C for everything, data that is still there."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.platform import ROOT, YOUSU, Running, free_port, running
from yousu.base.embedded import Embedded
from yousu.demo import PASSWORD


def tickets(platform: Running) -> int:
    with psycopg.connect(
        f"postgresql://yousu@/yousu?host={platform.home}/pg/run", options="-c search_path=xining"
    ) as db:
        return int(db.execute("SELECT count(*) FROM tickets_ticket").fetchone()[0])  # type: ignore[index]


def alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has fetched yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_ctrl_c_stops_everything_and_a_second_start_finds_its_data():
    with running("lifecycle", days=1, per_day=40) as platform:
        before = tickets(platform)
        assert before > 0
        parent, database = platform.process, platform.database_pid()
        assert parent is not None and database is not None
        platform.stop()
        assert parent.returncode == 0
        assert platform.processes("granian") == [] and platform.processes("yousu.cli worker") == []
        assert not alive(database)
        platform.start()
        platform.wait()
        assert tickets(platform) == before
        assert "有诉已停止" in (platform.home / "serve.log").read_text()


@pytest.mark.slow
def test_what_a_killed_platform_left_behind_is_taken_over_and_leaves_with_the_next():
    with running("orphan") as platform:
        database = platform.database_pid()
        assert platform.process is not None and database is not None
        os.kill(platform.process.pid, signal.SIGKILL)
        platform.process.wait()
        time.sleep(0.5)
        assert alive(database), "the database outlives its parent's death"
        platform.start()
        platform.wait()
        assert platform.database_pid() == database, "adopted, not started beside"
        platform.stop()
        assert not alive(database)


@pytest.mark.slow
def test_a_dead_database_and_a_dead_web_process_come_back_by_themselves():
    with running("mend") as platform:
        first = platform.database_pid()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while platform.database_pid() in {first, None} and time.monotonic() < deadline:
            time.sleep(0.1)
        platform.wait()
        assert platform.database_pid() != first
        for pid in platform.processes("granian"):
            os.kill(pid, signal.SIGKILL)
        platform.wait()


def test_a_taken_port_is_said_in_a_sentence(tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [YOUSU, "serve", "--port", str(port)],
            env={**os.environ, "YOUSU_VAR": str(tmp_path)},
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    assert done.returncode == 1
    assert f"端口 {port} 已被占用" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_is_said_in_a_sentence(tmp_path):
    environment = {
        **os.environ,
        "YOUSU_VAR": str(tmp_path),
        "DATABASE_URL": f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/none",
    }
    done = subprocess.run([YOUSU, "staff", "list"], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "连不上数据库" in done.stderr
    assert "secret-word" not in done.stderr + done.stdout


def test_the_console_speaks_chinese():
    done = subprocess.run([YOUSU, "--help"], capture_output=True, text=True, cwd=ROOT)
    for command in ("serve", "demo", "import", "simulate", "catalogue", "calendar", "staff", "verbs", "doctor"):
        assert command in done.stdout
    assert "用法：" in done.stdout and "Usage" not in done.stdout and "Options" not in done.stdout
    wrong = subprocess.run([YOUSU, "nonsense"], capture_output=True, text=True, cwd=ROOT)
    assert wrong.returncode == 2 and "没有命令 nonsense" in wrong.stderr


def test_the_embedded_server_changes_no_folder_it_did_not_make_and_listens_on_no_port(tmp_path):
    tmp_path.chmod(0o700)
    parent_before = tmp_path.parent.stat().st_mode
    embedded = Embedded(tmp_path / "pg")
    url = embedded.hold()
    try:
        assert tmp_path.stat().st_mode & 0o777 == 0o700
        assert tmp_path.parent.stat().st_mode == parent_before
        assert embedded.socket.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(url) as db:
            assert db.execute("SHOW listen_addresses").fetchone() == ("",)
            assert db.execute("SHOW synchronous_commit").fetchone() == ("on",)
    finally:
        embedded.release()
    assert embedded.pid() is None


def test_the_last_process_to_leave_stops_the_server(tmp_path):
    first, second = Embedded(tmp_path / "pg"), Embedded(tmp_path / "pg")
    first.hold()
    second.hold()
    first.release()
    assert second.running()
    second.release()
    assert second.pid() is None


def test_the_demo_password_passes_the_rules_that_people_must_pass():
    from django.contrib.auth.password_validation import validate_password

    validate_password(PASSWORD)
