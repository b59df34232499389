"""Look-ups for the pickers: units, items and areas from the directory in memory, as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from yousu.city import directory
from yousu.city.directory import Directory
from yousu.city.models import Area, Unit
from yousu.city.roles import DEPTH, UnitKind
from yousu.dispatch.rules import NOT_A_HANDLER
from yousu.tickets.suggest import Suggester, Suggestion
from yousu.ui.initial import lead_for

MOST = 30


@login_required
@require_GET
def units(request: HttpRequest) -> JsonResponse:
    """Units by name, short name or code; ``under`` keeps those below one unit."""
    city = directory.current()
    words = request.GET.get("q", "").strip()[:40]
    top = city.units_by_code.get(request.GET.get("under", ""))
    rows = [
        unit
        for unit in city.units.values()
        if unit.active and not unit.scope and unit.kind not in NOT_A_HANDLER and _below(unit, top)
    ]
    found = ranked(words, rows, depth=lambda unit: DEPTH[unit.level])
    return JsonResponse(
        {"results": [{"value": u.code, "text": u.short_name, "hint": _where(u, city)} for u in found[:MOST]]}
    )


def _below(unit: Unit, top: Unit | None) -> bool:
    return top is None or (unit.pk != top.pk and unit.is_within(top))


def _where(unit: Unit, city: Directory) -> str:
    above = unit.parent.short_name if unit.parent and unit.parent.kind != UnitKind.CITY else ""
    return " · ".join(
        filter(None, [above, UnitKind(unit.kind).label, unit.name if unit.name != unit.short_name else ""])
    )


def ranked(words: str, rows: Iterable[Any], *, depth: Any) -> list[Any]:
    """Rows whose code or names match, the exact and the higher first; without words, the highest."""

    def rank(row: Any) -> tuple[int, int, str] | None:
        if not words:
            return 0, depth(row), row.code
        names = (row.short_name, row.name)
        if words in (row.code, *names):
            return 0, depth(row), row.code
        if row.code.startswith(words) or any(name.startswith(words) for name in names):
            return 1, depth(row), row.code
        if any(words in name for name in names):
            return 2, depth(row), row.code
        return (3, depth(row), row.code) if _in_order(words, row.name) else None

    placed = [(place, row) for row in rows if (place := rank(row)) is not None]
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


def _in_order(words: str, name: str) -> bool:
    """Whether the characters of ``words`` occur in ``name`` in this order (``城管局`` in ``城市管理局``)."""
    rest = iter(name)
    return len(words) > 1 and all(char in rest for char in words)


@login_required
@require_GET
def areas(request: HttpRequest) -> JsonResponse:
    """Areas by name or code; with ``under`` (and no words) the children of an area, for the cascade."""
    city = directory.current()
    words = request.GET.get("q", "").strip()[:40]
    under = request.GET.get("under", "")
    rows: Iterable[Area] = (area for area in city.areas.values() if area.level != "city")
    if under:
        rows = (area for area in city.areas.values() if area.parent_id == under)
    found = ranked(words, rows, depth=lambda area: len(area.code))
    most = None if under else MOST
    return JsonResponse(
        {
            "results": [
                {
                    "value": a.code,
                    "text": a.short_name,
                    "hint": " ".join(p.short_name for p in city.area_path(a.code)[1:-1]),
                }
                for a in found[:most]
            ]
        }
    )


@login_required
@require_GET
def items(request: HttpRequest) -> JsonResponse:
    """Items by name, path or code; and by what the words are about. ``area`` tells who would lead there."""
    city = directory.current()
    words = request.GET.get("q", "").strip()[:200]
    area = request.GET.get("area", "")
    codes = [
        code
        for code, item in city.items.items()
        if words and (code.startswith(words) or words in item.name or words in "".join(item.path))
    ]
    codes += [one.item.code for one in suggested(words, city, MOST) if one.item.code not in codes]
    if not words:
        codes = list(city.items)
    return JsonResponse({"results": [item_row(code, area, city) for code in codes[:MOST]]})


def item_row(code: str, area: str, city: Directory) -> dict[str, str]:
    item = city.items[code]
    lead = lead_for(item, area, city)
    return {
        "value": code,
        "text": item.name,
        "hint": " › ".join(item.path[:-1]) + f" · {item.tier} 个工作日" + (f" · {lead.short_name}" if lead else ""),
        "lead": lead.code if lead else "",
        "lead_name": lead.short_name if lead else "",
    }


_suggesters: dict[int, Suggester] = {}


def suggested(text: str, city: Directory, limit: int) -> list[Suggestion]:
    """Items a text is about; the index is made once for a catalogue version."""
    if city.catalogue is None or not text.strip():
        return []
    version = city.catalogue.pk
    if version not in _suggesters:
        _suggesters.clear()
        _suggesters[version] = Suggester(city.items.values())
    return _suggesters[version].suggest(text, limit)
