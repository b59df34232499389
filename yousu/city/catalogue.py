"""The dispatch catalogue (派单目录) from a file: preview first, then a new version. Published versions never change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.base.tables import Row, Table, open_table
from yousu.city import directory
from yousu.city.models import CatalogueItem, CatalogueVersion, Classification, Staff, Unit
from yousu.city.roles import Level, Urgency
from yousu.city.rules import Rules

# Column → what a person calls it. Either may stand in the header.
COLUMNS = {
    "code": "事项编码",
    "level1": "一级",
    "level2": "二级",
    "level3": "三级",
    "level4": "四级",
    "name": "事项",
    "leaf_code": "分类编码",
    "lead_rule": "主办规则",
    "trade_unit": "行业主管",
    "lowest_level": "最低派至",
    "tier": "时限（工作日）",
    "urgency": "紧急程度",
    "secret": "保密",
    "keywords": "关键词",
    "description": "说明",
}
ALSO = {"编码": "code", "事项名称": "name", "时限": "tier", "是否保密": "secret", "最低层级": "lowest_level"}
REQUIRED = ("code", "level1", "name", "lead_rule", "lowest_level", "tier")
LEAD_AREAS = {"area:district": "区县", "area:town": "街道（乡镇）", "area:community": "社区（村）"}
YES = {"1": True, "是": True, "true": True, "0": False, "否": False, "false": False, "": False}
# The columns of an item that a version is compared by.
COMPARED = tuple(f.attname for f in CatalogueItem._meta.concrete_fields if f.attname not in {"id", "version_id"})
LABELS = {**COLUMNS, "leaf_id": "分类编码", "trade_unit_id": "行业主管"}
CHARS: dict[str, int] = {f.attname: f.max_length for f in CatalogueItem._meta.concrete_fields if f.max_length}


@dataclass(frozen=True)
class Change:
    """One field of an item that differs, in words."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class BadRow:
    line: int
    code: str
    reason: str


@dataclass
class Preview:
    """What publishing a file would do to version ``base`` (0: none yet). ``items`` are the good rows as items."""

    base: int
    items: dict[str, CatalogueItem]
    added: list[CatalogueItem] = field(default_factory=list)
    changed: list[tuple[CatalogueItem, list[Change]]] = field(default_factory=list)
    retired: list[CatalogueItem] = field(default_factory=list)
    unchanged: list[CatalogueItem] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What an item may name: units by code, classification codes, tiers."""

    units: Mapping[str, Unit]
    leaves: frozenset[str]
    tiers: tuple[int, ...]

    @classmethod
    def now(cls, rules: Rules) -> Known:
        leaves = Classification.objects.filter(scope="").values_list("code", flat=True)
        units = {unit.code: unit for unit in Unit.objects.filter(scope="", active=True)}
        return cls(units, frozenset(leaves), rules.tiers)


# -- reading ---------------------------------------------------------------------------------------------------------


def read_items(table: Table, known: Known) -> tuple[dict[str, CatalogueItem], list[BadRow]]:
    """The items of a table by code, unsaved, and its bad rows."""
    names = _names(table.header)
    items: dict[str, CatalogueItem] = {}
    first: dict[str, int] = {}
    bad: list[BadRow] = []
    for row in table.rows():
        cells = {} if row.problem else dict(zip(names, (value.strip() for value in row.values), strict=True))
        code = cells.get("code", "")
        try:
            item = _item(row, cells, known)
            if code in first:
                raise Refused(f"事项编码与第 {first[code]} 行重复")
        except Refused as error:
            bad.append(BadRow(row.line, code, error.message))
        else:
            items[code], first[code] = item, row.line
    return items, bad


def _names(header: list[str]) -> list[str]:
    """The header as column names, whichever of the two languages it is in."""
    spoken = {label: name for name, label in COLUMNS.items()} | ALSO
    names = [title if title in COLUMNS else spoken.get(title, f"?{title}") for title in header]
    if missing := [COLUMNS[name] for name in REQUIRED if name not in names]:
        raise Refused(f"目录文件缺少列：{'、'.join(missing)}。需要的列是：{'、'.join(COLUMNS.values())}。")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise Refused(f"目录文件的列重复：{'、'.join(COLUMNS.get(name, name.lstrip('?')) for name in twice)}。")
    return names


def _item(row: Row, cells: Mapping[str, str], known: Known) -> CatalogueItem:
    """The item of one row. ``Refused`` with the reason otherwise."""
    if row.problem:
        raise Refused(row.problem)
    for name in REQUIRED:
        if not cells[name]:
            raise Refused(f"{COLUMNS[name]}是空的")
    for name, most in CHARS.items():
        if len(cells.get(name, "")) > most:
            raise Refused(f"{COLUMNS[name]}超过 {most} 字")
    trade, leaf = cells.get("trade_unit", ""), cells.get("leaf_code", "")
    if trade and trade not in known.units:
        raise Refused(f"行业主管“{trade}”不是本市单位的代码")
    if leaf and leaf not in known.leaves:
        raise Refused(f"分类编码“{leaf}”不在事项分类中")
    secret = YES.get(cells.get("secret", "").lower())
    if secret is None:
        raise Refused(f"保密“{cells['secret']}”应为 是 或 否")
    return CatalogueItem(
        **{name: cells.get(name, "") for name in ("code", "level1", "level2", "level3", "level4", "name")},
        leaf_id=leaf or None,
        lead_rule=_lead_rule(cells["lead_rule"], known),
        trade_unit_id=known.units[trade].pk if trade else None,
        lowest_level=_choice(cells["lowest_level"], Level, "最低派至"),
        tier=_tier(cells["tier"], known),
        urgency=_choice(cells.get("urgency", "") or Urgency.ORDINARY.value, Urgency, "紧急程度"),
        secret=secret,
        keywords=cells.get("keywords", ""),
        description=cells.get("description", ""),
    )


def _lead_rule(rule: str, known: Known) -> str:
    kind, _, value = rule.partition(":")
    if kind == "unit" and value in known.units:
        return rule
    if kind == "unit":
        raise Refused(f"主办规则中的单位“{value}”不是本市单位的代码")
    if rule not in LEAD_AREAS:
        allowed = "、".join(["unit:单位代码", *LEAD_AREAS])
        raise Refused(f"主办规则“{rule}”无效，应为 {allowed} 之一")
    return rule


def _tier(text: str, known: Known) -> int:
    if not (text.isascii() and text.isdigit() and int(text) in known.tiers):
        raise Refused(f"时限“{text}”不在本市规则的时限（{'、'.join(map(str, known.tiers))}）之中")
    return int(text)


def _choice(text: str, choices: Any, label: str) -> str:
    """A choice by its name or its Chinese label."""
    for value, said in choices.choices:
        if text in (value, said):
            return str(value)
    raise Refused(f"{label}“{text}”无效，应为 {'、'.join(choices.labels)} 之一")


# -- preview and publish ----------------------------------------------------------------------------------------------


def current_version() -> CatalogueVersion | None:
    """The version in force."""
    return CatalogueVersion.objects.filter(published_at__isnull=False, scope="").order_by("number").last()


def preview(path: Path, now: datetime | None = None) -> Preview:
    """What the file at ``path`` would change. Nothing is written."""
    known = Known.now(directory.current().rules_at(now or timezone.now()))
    items, bad = read_items(open_table(path), known)
    base = current_version()
    old = {item.code: item for item in base.items.order_by("code")} if base else {}
    units = {unit.pk: unit.short_name for unit in Unit.objects.all()}
    found = Preview(base.number if base else 0, items, bad=bad)
    for code, item in items.items():
        if code not in old:
            found.added.append(item)
        elif changes := _changes(old[code], item, units):
            found.changed.append((item, changes))
        else:
            found.unchanged.append(item)
    spoilt = {row.code for row in bad}
    found.retired = [item for code, item in old.items() if code not in items and code not in spoilt]
    return found


def _changes(old: CatalogueItem, new: CatalogueItem, units: Mapping[int, str]) -> list[Change]:
    return [
        Change(LABELS[name], _said(old, name, units), _said(new, name, units))
        for name in COMPARED
        if getattr(old, name) != getattr(new, name)
    ]


def _said(item: CatalogueItem, name: str, units: Mapping[int, str]) -> str:
    value = getattr(item, name)
    if name == "trade_unit_id":
        return units.get(value, "")
    if name == "lowest_level":
        return str(Level(value).label)
    if name == "urgency":
        return str(Urgency(value).label)
    return ("是" if value else "否") if name == "secret" else str(value or "")


@transaction.atomic
def publish(preview: Preview, by: Staff | None, note: str = "", *, allow_bad: bool = False) -> CatalogueVersion:
    """A new version with the previewed items, in force at once. Tickets keep the version of their day.

    Bad rows forbid it unless ``allow_bad``: then they are left out and the items they meant stay as they are. Refused, too,
    when another version was published since the preview.
    """
    CatalogueVersion.objects.select_for_update().filter(number=preview.base).first()
    base = current_version()
    if (base.number if base else 0) != preview.base:
        raise Refused("预览之后目录又发布了新版本，请重新预览。", code="conflict")
    if preview.bad and not allow_bad:
        first = preview.bad[0]
        raise Refused(
            f"有 {len(preview.bad)} 行有误，不能发布。第 {first.line} 行：{first.reason}。改正后再发布，或选择略过这些行。"
        )
    items = list(preview.items.values())
    spoilt = {row.code for row in preview.bad} - set(preview.items)
    if base and spoilt:
        items += list(base.items.filter(code__in=spoilt))
    if not items:
        raise Refused("文件里没有一个可用的事项，不能发布空目录。")
    return new_version(items, by, note)


def new_version(items: Iterable[CatalogueItem], by: Staff | None, note: str) -> CatalogueVersion:
    """Write the items as the next version of the city's catalogue, published now."""
    last = CatalogueVersion.objects.filter(scope="").aggregate(last=Max("number"))["last"] or 0
    version = CatalogueVersion.objects.create(
        number=last + 1, note=note[:200], published_at=timezone.now(), published_by=by
    )
    copies = [CatalogueItem(version=version, **{name: getattr(item, name) for name in COMPARED}) for item in items]
    CatalogueItem.objects.bulk_create(sorted(copies, key=lambda item: item.code))
    directory.changed()
    return version


# -- out again --------------------------------------------------------------------------------------------------------


def as_rows(version: CatalogueVersion) -> list[list[str]]:
    """The version as a table under ``COLUMNS``: what ``preview`` reads back unchanged."""
    rows = []
    for item in version.items.select_related("trade_unit").order_by("code"):
        cells = {name: str(getattr(item, name, "")) for name in COLUMNS}
        cells["leaf_code"] = item.leaf_id or ""
        cells["trade_unit"] = item.trade_unit.code if item.trade_unit else ""
        cells["lowest_level"] = Level(item.lowest_level).label
        cells["urgency"] = Urgency(item.urgency).label
        cells["secret"] = "是" if item.secret else "否"
        rows.append(list(cells.values()))
    return rows
