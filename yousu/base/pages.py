"""Pages by cursor: where the last row stood, not how many rows to skip, so that page 10,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from yousu.base.errors import Refused

Row = TypeVar("Row", bound=Model)
MOST = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    """``rows`` in order; ``next`` is the cursor of the page after, empty on the last."""

    rows: list[Row]
    next: str


def encode(moment: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{pk}".encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, pk = text.partition("|")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError
        return at, int(pk)
    except (binascii.Error, ValueError, UnicodeDecodeError):
        raise Refused("翻页位置无效，请从第一页重新开始。", field="cursor") from None


def page(
    rows: QuerySet[Row],
    *,
    by: str,
    cursor: str = "",
    limit: int = 50,
    descending: bool = True,
    of: Callable[[Row], datetime],
) -> Page[Row]:
    """One page of ``rows`` ordered by the moment column ``by`` and the primary key; ``of`` reads the moment of a row."""
    limit = max(1, min(limit, MOST))
    if cursor:
        at, pk = decode(cursor)
        beyond = "lt" if descending else "gt"
        rows = rows.filter(Q(**{f"{by}__{beyond}": at}) | Q(**{by: at, f"pk__{beyond}": pk}))
    sign = "-" if descending else ""
    found = list(rows.order_by(f"{sign}{by}", f"{sign}pk")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(found, encode(of(found[-1]), found[-1].pk) if more else "")
