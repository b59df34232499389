"""kill -9 under load: what was acknowledged is there afterwards, nothing is doubled, no verb is half applied."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.platform import Running, running

KILLS = 24
WRITERS = 4
BROKEN = (OSError, http.client.HTTPException, ValueError)


@dataclass
class Ledger:
    """What the server said yes to."""

    registered: dict[str, str] = field(default_factory=dict)  # external id → number
    done: list[tuple[str, str]] = field(default_factory=list)  # (number, event kind)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Writer(threading.Thread):
    """Registers, dispatches and signs over HTTP without pause; a call that broke is made again with the same key."""

    def __init__(self, platform: Running, tokens: dict[str, str], ledger: Ledger, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.platform, self.tokens, self.ledger, self.stopping = platform, tokens, ledger, stop
        self.refusals: list[str] = []

    def run(self) -> None:
        while not self.stopping.is_set():
            self.one_ticket()

    def one_ticket(self) -> None:
        external = uuid.uuid4().hex
        body = {"content": f"断电测试工单 {external}", "external_id": external, "source": "kill", "area": "630102001"}
        made = self.insist("huawu1", "/tickets", body)
        if made is None:
            return
        number = made["ticket"]["number"]
        with self.ledger.lock:
            self.ledger.registered[external] = number
            self.ledger.done.append((number, "ticket.registered"))
        sent = self.insist("paidan1", f"/tickets/{number}/dispatches", {"lead": "630102", "item": self.item})
        if sent is None:
            return
        with self.ledger.lock:
            self.ledger.done.append((number, "ticket.dispatched"))
        if self.insist("chengdong", f"/assignments/{sent['assignment']['id']}/signatures", {}) is not None:
            with self.ledger.lock:
                self.ledger.done.append((number, "assignment.signed"))

    item = ""

    def insist(self, who: str, path: str, body: dict[str, object]) -> dict[str, dict[str, str]] | None:
        """The answer of a call that is repeated with one key until somebody answers; None when told to stop."""
        key = uuid.uuid4().hex
        while not self.stopping.is_set():
            with contextlib.suppress(*BROKEN):
                status, answer = self.platform.call(
                    "POST", path, body, Authorization=f"Bearer {self.tokens[who]}", Idempotency_Key=key
                )
                if status == 201:
                    return answer  # type: ignore[no-any-return]
                if status < 500:
                    self.refusals.append(f"{status} {answer}")
                    return None
            time.sleep(0.05)
        return None


def kill(pids: list[int]) -> int:
    count = 0
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            count += 1
    return count


def strike(platform: Running, what: str) -> int:
    """Take away a web process, the database, or the whole platform's parent; returns how many died."""
    if what == "database":
        pid = platform.database_pid()
        return kill([pid] if pid else [])
    if what == "web":
        return kill(platform.processes("granian")[:1] or platform.processes("granian"))
    if what == "everything":
        pid = platform.database_pid()
        died = kill([platform.process.pid] if platform.process else []) + kill(platform.processes("granian"))
        died += kill([pid] if pid else [])
    else:
        died = kill([platform.process.pid] if platform.process else [])
    assert platform.process is not None
    platform.process.wait()
    platform.start()
    return died


def token_of(platform: Running, who: str) -> str:
    said = platform.command("staff", "token", who, "--name", "kill", "--days", "1")
    found = re.search(r"ys_[\w-]+", said)
    assert found is not None, said
    return found.group()


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_of_server_and_database():
    rng = random.Random(20261008)
    with running("kill") as platform:
        tokens = {who: token_of(platform, who) for who in ("huawu1", "paidan1", "chengdong")}
        _, items = platform.call("GET", "/items?limit=200", Authorization=f"Bearer {tokens['paidan1']}")
        Writer.item = next(
            one["code"] for one in items["items"] if one["lowest_level"] in {"community", "grid", "town"}
        )
        ledger, stop = Ledger(), threading.Event()
        writers = [Writer(platform, tokens, ledger, stop) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        killed = 0
        while killed < KILLS:
            time.sleep(rng.uniform(0.4, 1.2))
            killed += strike(platform, rng.choice(["database", "web", "web", "database", "parent", "everything"]))
            platform.wait()
        time.sleep(1)
        stop.set()
        for writer in writers:
            writer.join(timeout=60)
        assert [text for writer in writers for text in writer.refusals] == []
        assert len(ledger.registered) > KILLS
        check(platform, ledger)


def check(platform: Running, ledger: Ledger) -> None:
    """Read the database itself, not the program that wrote it."""
    with psycopg.connect(
        f"postgresql://yousu@/yousu?host={platform.home}/pg/run", options="-c search_path=xining"
    ) as db:
        rows = db.execute(
            "SELECT external_id, number, id, seq, state FROM tickets_ticket WHERE source = 'kill'"
        ).fetchall()
        events = db.execute(
            "SELECT t.number, e.kind FROM tickets_event e JOIN tickets_ticket t ON t.id = e.ticket_id WHERE t.source = 'kill'"
        ).fetchall()
        lengths = dict(db.execute("SELECT ticket_id, max(seq) FROM tickets_event GROUP BY 1").fetchall())
        counts = dict(db.execute("SELECT ticket_id, count(*) FROM tickets_event GROUP BY 1").fetchall())
        texts = {row[0] for row in db.execute("SELECT ticket_id FROM tickets_tickettext").fetchall()}
        assigned = dict(db.execute("SELECT ticket_id, count(*) FROM tickets_assignment GROUP BY 1").fetchall())
    stored = {external: number for external, number, *_ in rows}
    assert len(stored) == len(rows), "one ticket for one external id"
    assert {e: n for e, n in ledger.registered.items() if stored.get(e) != n} == {}, "acknowledged and gone"
    assert set(ledger.done) - set(events) == set(), "acknowledged verbs and gone"
    assert len(events) == len(set(events)), "a verb happened twice"
    for external, number, pk, seq, state in rows:
        assert (seq, seq) == (lengths[pk], counts[pk]), f"{number}: its events do not reach its state"
        assert pk in texts, external
        kinds = {kind for of, kind in events if of == number} if state != "registered" else {"ticket.registered"}
        assert (assigned.get(pk, 0) == 1) == ("ticket.dispatched" in kinds) == (state == "handling"), number
    broken = platform.command("audit", "verify")
    assert "断裂 0 张" in broken, broken[-300:]
