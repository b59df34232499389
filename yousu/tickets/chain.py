"""The chain of a ticket's events, and the daily anchor over all tickets.

Each event's hash is SM3(previous hash ‖ canonical JSON of the event). The chain is per ticket, so writers of different
tickets never wait for one another; the anchor ties a day's events of all tickets together afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from yousu.base.sealed import sm3


def canonical(
    number: str,
    seq: int,
    kind: str,
    verb: str,
    at: datetime,
    by: int | None,
    by_unit: int | None,
    role: str,
    ordinal: int | None,
    rules: int,
    data: Mapping[str, Any],
) -> bytes:
    """The bytes that are hashed: everything the event says, in one order, with ``at`` in UTC microseconds."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    body = [number, seq, kind, verb, moment, by, by_unit, role, ordinal, rules, data]
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def link(previous: bytes, body: bytes) -> bytes:
    """The next hash (32 bytes)."""
    return sm3(previous, body)


def first_break(number: str, events: Iterable[Any], head: bytes) -> int | None:
    """The ``seq`` of the first event that does not follow from the one before it; None for a whole chain.

    A chain that was cut at its end differs from ``head``, the last hash kept on the ticket: then the seq after the last.
    """
    previous, last = b"", 0
    for event in events:
        body = canonical(
            number,
            event.seq,
            event.kind,
            event.verb,
            event.at,
            event.by_id,
            event.by_unit_id,
            event.role,
            event.ordinal,
            event.rules,
            event.data,
        )
        if event.seq != last + 1 or link(previous, body) != bytes(event.hash):
            return last + 1
        previous, last = bytes(event.hash), event.seq
    return None if previous == bytes(head) else last + 1
