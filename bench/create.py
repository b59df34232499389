"""Creating tickets over HTTP, against pgbench running the same inserts on the same server.

The floor is the least that any program could do: the ticket, its search text and its first event, in one transaction,
written by pgbench from statements that the product itself produced. The ratio says what the whole product costs on top:
HTTP, sign-in, validation, SM4 seals, SM3 chain, bigrams.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import world
from bench.client import drive, post
from bench.result import Result, median

SECONDS = 6.0
ROUNDS = 5
CONNECTIONS = 16
PORT = 8931
SCRIPTS = 40


def run() -> Result:
    world.start()
    token = _token()
    bodies = [_request(text, token) for text in world.texts()]
    scripts = _scripts()
    ours, floors = [], []
    server = _serve()
    try:
        drive("127.0.0.1", PORT, bodies, CONNECTIONS, 3.0)
        for _ in range(ROUNDS):  # in turn, so that a noisy minute hits both
            world.empty_tickets()
            answered, latencies, statuses = drive("127.0.0.1", PORT, bodies, CONNECTIONS, SECONDS)
            assert set(statuses) == {201}, statuses
            ours.append(answered / SECONDS)
            world.empty_tickets()
            floors.append(_pgbench(scripts))
    finally:
        server.terminate()
        server.wait()
    ratios = [a / b for a, b in zip(ours, floors, strict=True)]
    return Result(
        "create",
        "tickets created over HTTP ÷ pgbench with the same inserts, median of rounds",
        median(ratios),
        "×",
        0.25,
        facts={
            "ours": f"{median(ours):.0f}/s ({', '.join(f'{v:.0f}' for v in ours)}), p95 {_p95(latencies):.1f} ms at {CONNECTIONS} connections",
            "pgbench": f"{median(floors):.0f}/s ({', '.join(f'{v:.0f}' for v in floors)})",
            "ratios": ", ".join(f"{r:.3f}" for r in ratios),
        },
    )


def _p95(latencies: list[float]) -> float:
    return sorted(latencies)[int(len(latencies) * 0.95)] * 1000


def _token() -> str:
    from django.utils import timezone

    from yousu.city.accounts import issue_token
    from yousu.city.models import Staff

    token, _ = issue_token(Staff.objects.get(username="huawu1"), "bench", timezone.now())
    return token


def _inputs(text: str) -> dict[str, object]:
    return {
        "content": text,
        "type": "complaint",
        "caller_name": "测试人",
        "caller_phone": "13900001234",
        "area": "630102001",
        "address": "东关大街 1 号 2 单元",
    }


def _request(text: str, token: str) -> bytes:
    body = json.dumps(_inputs(text), ensure_ascii=False).encode()
    return post("/api/v1/tickets", body, {"Authorization": f"Bearer {token}"})


def _serve() -> subprocess.Popen[bytes]:
    from django.core.management import call_command

    call_command("collectstatic", verbosity=0, interactive=False)
    server = subprocess.Popen(
        [
            *(str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "yousu.wsgi:application"),
            *("--host", "127.0.0.1", "--port", str(PORT), "--workers", "2", "--blocking-threads", "8"),
            *("--log-level", "error", "--no-ws"),
        ],
        env={**os.environ, "YOUSU_POOL": "12"},
    )
    time.sleep(5)
    return server


def _scripts() -> list[Path]:
    """The product's own statements, one file a text, with the running number left to the server."""
    from django.db import connection, transaction

    from yousu.city.models import Staff
    from yousu.intake.verbs import register

    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    operator = Staff.objects.get(username="huawu1")
    paths = []
    for index, text in enumerate(world.texts()[:: max(1, len(world.texts()) // SCRIPTS)][:SCRIPTS]):
        statements: list[str] = []

        def note(execute, sql, params, many, context, statements=statements):  # type: ignore[no-untyped-def]
            if "INSERT INTO tickets_ticket" in sql:
                statements.append(connection.ops.compose_sql(sql, params))
            return execute(sql, params, many, context)

        with transaction.atomic(), connection.execute_wrapper(note):
            number = register(by=operator, **_inputs(text)).ticket.number
            transaction.set_rollback(True)
        sql = statements[0].replace(f"'{number}'", "'B' || nextval('ticket_number')").replace("\n", " ")
        path = folder / f"{index}.sql"
        path.write_text(f"BEGIN;\n{sql};\nCOMMIT;\n", encoding="utf-8")
        paths.append(path)
    return paths


def _pgbench(scripts: list[Path]) -> float:
    from yousu.base.embedded import program

    command = [
        *(program("pgbench"), "-h", world.socket_folder(), "-U", "yousu", "-n", "-c", str(CONNECTIONS), "-j", "2"),
        *("-T", str(int(SECONDS))),
    ]
    for path in scripts:
        command += ["-f", str(path)]
    env = {**os.environ, "PGOPTIONS": "-c search_path=xining"}
    done = subprocess.run([*command, "yousu"], capture_output=True, text=True, env=env, check=True)
    return next(float(line.split("=")[1].split()[0]) for line in done.stdout.splitlines() if line.startswith("tps"))
