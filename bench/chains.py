"""Whole chains through the verbs: 登记 → 派单 → 签收 → 联系 → 答复 → 回访（办结）, two processes on two cores, every verb a commit."""

from __future__ import annotations

import multiprocessing
import time
from datetime import datetime, timedelta

from bench import world
from bench.result import Result, median

SECONDS = 6.0
ROUNDS = 5
PROCESSES = 2


def run() -> Result:
    world.start()
    rates = []
    for _ in range(ROUNDS):
        world.empty_tickets()
        rates.append(_round())
    return Result(
        "chains",
        "whole chains per second through the verbs (6 verbs, 6 commits each), median of rounds",
        median(rates),
        "chains/s",
        60,
        facts={"rounds": ", ".join(f"{rate:.1f}" for rate in rates), "verbs": f"{median(rates) * 6:.0f}/s"},
    )


def _round() -> float:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(PROCESSES)
    counts = context.Queue()
    workers = [context.Process(target=_live, args=(n, start, counts)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    total = sum(counts.get() for _ in workers)
    for worker in workers:
        worker.join()
    return total / SECONDS


def _live(which: int, start, counts) -> None:  # type: ignore[no-untyped-def]
    from yousu.base.console import prepare

    prepare()
    from yousu.city import directory
    from yousu.city.models import Staff
    from yousu.city.workdays import SHANGHAI
    from yousu.dispatch.verbs import dispatch
    from yousu.evaluation.verbs import call_back
    from yousu.handling.verbs import record_contact, reply, sign
    from yousu.intake.verbs import register

    operator, dispatcher, handler, caller = (
        Staff.objects.get(username=name) for name in ("huawu1", "paidan1", "chengdong", "huifang1")
    )
    texts = world.texts()
    item = next(code for code, one in directory.current().items.items() if one.lowest_level == "community")
    now = datetime(2026, 9, 7, 9, 0, tzinfo=SHANGHAI)
    step = timedelta(minutes=10)

    def chain(n: int) -> None:
        ticket = register(
            by=operator,
            now=now,
            content=texts[n % len(texts)],
            caller_name="测试人",
            caller_phone=f"139{which}{n:07d}",
            area="630102001",
            address="东关大街 1 号",
        ).ticket
        done = dispatch(ticket, by=dispatcher, now=now + step, lead="630102", item=item, advice="请核实处理。")
        assignment = done.assignment
        sign(assignment, by=handler, now=now + 2 * step)
        record_contact(assignment, by=handler, now=now + 3 * step, note="已电话联系。")
        reply(assignment, by=handler, now=now + 4 * step, text="已到现场核实并处理，市民认可。")
        end = call_back(ticket, by=caller, now=now + 5 * step, connected=True, solved=True, satisfaction="satisfied")
        assert end.ticket.state == "closed"

    for n in range(20):
        chain(n)
    start.wait()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        chain(1000 + done)
        done += 1
    counts.put(done)
