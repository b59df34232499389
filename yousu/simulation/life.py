"""A city lives: requests come, people act on them through the verbs, one thing follows from another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.workdays import SHANGHAI
from yousu.simulation import callbacks, desk, office
from yousu.simulation.hours import ONE_DAY
from yousu.simulation.stage import Life, Reactions, Stage, Summary
from yousu.tickets.bulk import Memory
from yousu.tickets.store import Store

FLUSH_AT = 2_000

# What follows from an event, in this order. Verbs and people know nothing of one another: this table ties them.
REACTIONS: Reactions = {
    "ticket.registered": (desk.decide,),
    "ticket.linked": (desk.to_dispatch,),
    "ticket.recalled": (desk.to_dispatch,),
    "ticket.reopened": (desk.to_dispatch,),
    "ticket.dispatched": (office.receive, desk.look_after),
    "ticket.forced": (office.receive,),
    "ticket.consultation_called": (desk.hear_consultation,),
    "ticket.consultation_concluded": (office.receive,),
    "ticket.redo_ordered": (office.receive,),
    "ticket.shelved": (desk.hear_shelving,),
    "ticket.cleared": (callbacks.expect,),
    "ticket.called_back": (callbacks.hear, desk.hear_closure),
    "ticket.closed": (desk.hear_closure,),
    "assignment.signed": (office.begin,),
    "assignment.return_asked": (desk.hear_return,),
    "assignment.return_rejected": (office.work,),
    "assignment.return_accepted": (desk.to_dispatch, office.receive, callbacks.expect),
    "assignment.sub_dispatched": (office.receive,),
    "assignment.extension_asked": (desk.hear_extension,),
    "assignment.extended": (office.use_extension,),
    "assignment.replied": (callbacks.expect,),
    "assignment.consolidated": (callbacks.expect,),
}


def run(
    from_date: date,
    days: int,
    per_day: int,
    seed: object,
    store: Store | None = None,
    *,
    until: datetime | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Summary:
    """Live ``days`` days from the beginning of ``from_date``; nothing happens at or after the end (or ``until``).

    ``store`` None is the fast path: the same life in memory, written by COPY. What is under way at the end stays open.
    ``stop`` is asked before every step; a run that is stopped writes what it has lived.
    """
    kept = Memory() if store is None else store
    city = directory.current()
    if city.catalogue is None or not city.items:
        raise Refused("还没有发布派单目录，无法模拟；请先用 yousu demo 装入示范城市，或发布本市的派单目录。")
    stage = Stage(seed, kept, city, midnight(from_date), REACTIONS)
    end = midnight(from_date + days * ONE_DAY)
    end = min(end, until) if until else end
    for number in range(days):
        day = from_date + number * ONE_DAY
        for request in stage.world.day(day, per_day):
            stage.later(request.at, Life(request, stage), desk.take_in, 0)
        stage.run_until(min(end, midnight(day + ONE_DAY)), stop)
        if stop():
            end = stage.now
            break
        _write_finished(stage, kept)
        if progress:
            progress(number + 1)
    if isinstance(kept, Memory):
        kept.flush_all()
    return stage.close(end)


def _write_finished(stage: Stage, store: Store) -> None:
    if isinstance(store, Memory) and stage.ended >= FLUSH_AT:
        store.flush(keep=stage.living)
        stage.ended = 0


def populate(now: datetime, days: int, per_day: int, seed: object) -> Summary:
    """A history of ``days`` days that ends at ``now``, with open work in every state: what a demo opens with."""
    first = now.astimezone(SHANGHAI).date() - days * ONE_DAY
    return run(first, days + 1, per_day, seed, until=now)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
