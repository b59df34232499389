"""A city from a folder of files: areas, units, classification, catalogue, accounts. The demo city is such a folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import transaction

from yousu.base.errors import Refused
from yousu.base.tables import open_table
from yousu.city import calendars, catalogue, directory
from yousu.city.models import (
    Area,
    CatalogueVersion,
    Classification,
    RuleSet,
    Staff,
    StaffRole,
    Unit,
)
from yousu.city.roles import UnitKind
from yousu.city.rules import Rules

DATA = Path(__file__).parent / "data"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
SUFFIXES = ("社区居民委员会", "居民委员会", "社区居委会", "居委会", "村民委员会", "村委会")


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


@transaction.atomic
def load_city(folder: Path, city_code: str, city_name: str, password: str = "") -> None:
    """Everything of ``folder`` into an empty city. Accounts are made only when a password is given."""
    areas = load_areas(folder, city_code, city_name)
    units = load_units(folder, areas)
    load_classification(DATA / "classification.csv")
    RuleSet.objects.create(
        version=1, name="默认规则", effective_from=BEGINNING, body=Rules().model_dump(mode="json", exclude={"version"})
    )
    calendars.load_official()
    load_catalogue(folder / "catalogue.csv")
    if password:
        load_accounts(folder / "accounts.csv", units, password)
    directory.changed()


def load_areas(folder: Path, city_code: str, city_name: str) -> dict[str, Area]:
    """Areas by GB code, parents first."""
    points = {row["area_code"]: row for row in rows(folder / "centers.csv")}
    found: dict[str, Area] = {}

    def add(code: str, name: str, level: str, parent: str | None) -> None:
        point = points.get(code)
        found[code] = Area(
            code=code,
            name=name,
            short_name=short(name),
            level=level,
            parent_id=parent,
            lon=Decimal(point["lon"]) if point else None,
            lat=Decimal(point["lat"]) if point else None,
        )

    add(city_code, city_name, "city", None)
    for row in rows(folder / "units.csv"):
        if row["kind"] == UnitKind.DISTRICT:
            add(row["code"], row["short_name"], "district", city_code)
    for row in rows(folder / "towns.csv"):
        add(row["code"], row["name"], "town", row["areaCode"])
    for row in rows(folder / "villages.csv"):
        add(row["code"], row["name"].strip('"'), "community", row["streetCode"])
    Area.objects.bulk_create(found.values())
    return found


def load_units(folder: Path, areas: dict[str, Area]) -> dict[str, Unit]:
    """Bodies from the file; towns and communities from the areas."""
    found: dict[str, Unit] = {}

    def add(unit: Unit, parent: str) -> None:
        above = found.get(parent)
        unit.parent = above
        unit.path = f"{above.path}/{unit.code}" if above else unit.code
        unit.save()
        found[unit.code] = unit

    for row in rows(folder / "units.csv"):
        unit = Unit(
            code=row["code"],
            name=row["name"],
            short_name=row["short_name"],
            kind=row["kind"],
            area=areas.get(row["area_code"]),
            ranking_group=row["ranking_group"],
            duties=row["duties"],
        )
        add(unit, row["parent_code"])
    for level, kind, group in (("town", UnitKind.TOWN, "towns"), ("community", UnitKind.COMMUNITY, "")):
        made = []
        for area in (a for a in areas.values() if a.level == level):
            above = found[area.parent_id or ""]
            name = area.name if level == "community" else _town_body(area)
            unit = Unit(
                code=area.code,
                name=name,
                short_name=area.short_name,
                kind=kind,
                parent=above,
                path=f"{above.path}/{area.code}",
                area=area,
                ranking_group=group,
            )
            made.append(unit)
            found[area.code] = unit
        Unit.objects.bulk_create(made)
    return found


def _town_body(area: Area) -> str:
    if area.name.endswith("街道"):
        return f"{area.name}办事处"
    return f"{area.name}人民政府" if area.name.endswith(("镇", "乡")) else f"{area.name}管委会"


def short(name: str) -> str:
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            rest = name.removesuffix(suffix)
            return rest + ("村" if "村" in suffix and not rest.endswith("村") else "" if "村" in suffix else "社区")
    return name


def load_classification(path: Path, scope: str = "") -> None:
    made = [
        Classification(
            code=row["code"],
            name=row["name"],
            level=int(row["level"]),
            parent_id=row["parent_code"] or None,
            note=row.get("note", ""),
            scope=scope,
        )
        for row in rows(path)
    ]
    Classification.objects.bulk_create(sorted(made, key=lambda c: c.level))


def load_catalogue(path: Path) -> CatalogueVersion:
    """The first version of the catalogue. Every row must be good."""
    items, bad = catalogue.read_items(open_table(path), catalogue.Known.now(Rules()))
    if bad:
        raise Refused(f"{path.name} 第 {bad[0].line} 行：{bad[0].reason}。")
    return catalogue.new_version(items.values(), None, "初始目录")


def load_accounts(path: Path, units: dict[str, Unit], password: str) -> None:
    """Demo accounts, all with one password (hashed once: the demo is not the place to spend eighty key stretchings)."""
    hashed = make_password(password)
    for row in rows(path):
        staff = Staff.objects.create(username=row["username"], name=row["name"], password=hashed)
        StaffRole.objects.bulk_create(
            StaffRole(staff=staff, role=role, unit=units[row["unit_code"]]) for role in row["roles"].split("|")
        )
