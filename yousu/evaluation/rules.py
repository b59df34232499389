"""Callback slots and results. Pure."""

from __future__ import annotations

from datetime import datetime

from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.states import Satisfaction


def slot_of(now: datetime, rules: Rules) -> int | None:
    """Which of the callback slots of the day ``now`` falls in, from 0; None outside all of them."""
    moment = now.astimezone(SHANGHAI).time()
    for index, slot in enumerate(rules.callback.slots):
        if slot.start <= moment < slot.end:
            return index
    return None


def slots_in_words(rules: Rules) -> str:
    return "、".join(f"{slot.start:%H:%M}–{slot.end:%H:%M}" for slot in rules.callback.slots)


def is_positive(solved: bool, satisfaction: str) -> bool:
    """不满意 or 未解决 means the work is not done."""
    return solved and satisfaction != Satisfaction.DISSATISFIED
