"""Whose work and what matter: the units and categories that an import names, found or made in its scope."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import CatalogueItem, CatalogueVersion, Classification, Unit
from yousu.city.roles import Level, UnitKind
from yousu.imports.mapping import Mapping
from yousu.imports.reading import BadRow, Order

# Versions of imports are numbered from here, so that the city's own catalogue has no gaps.
FIRST_SCOPED_VERSION = 1_000_001
CLASSIFICATION_LEVELS = 3
NAME_CHARS = {"unit": 80, "level": 60, "name": 120}


class Ground:
    """Units by name and items by path. ``settle`` makes what a batch still lacks, where the mapping says so."""

    def __init__(self, mapping: Mapping, *, dry_run: bool = False) -> None:
        self.mapping = mapping
        self.dry_run = dry_run
        self.made_units: list[str] = []
        self.made_categories: list[str] = []
        self.units: dict[str, Unit] = {}
        self.items: dict[tuple[str, ...], CatalogueItem] = {}
        self._read_units()
        self._read_items()
        scope = mapping.scope
        self._classes = {(c.parent_id, c.name): c for c in Classification.objects.filter(scope=scope)}
        self._made_classes: list[Classification] = []
        self._item_count = CatalogueItem.objects.filter(version__scope=scope).count()
        self._version: CatalogueVersion | None = None

    def _read_units(self) -> None:
        city = directory.current()
        if self.mapping.units.known == "city":
            for unit in (u for u in city.units.values() if not u.scope and u.active):
                self.units.setdefault(unit.short_name, unit)
            self.units |= {u.name: u for u in city.units.values() if not u.scope and u.active}
            self.units |= {u.code: u for u in city.units.values() if not u.scope and u.active}
        scope = self.mapping.scope
        if Unit.objects.filter(code=scope).exclude(scope=scope).exists():
            raise Refused(f"批次名“{scope}”与本市的单位代码相同，请用 --scope 另取一个。", field="scope")
        scoped = [u for u in Unit.objects.filter(scope=scope).order_by("code") if u.code != scope]
        self.units |= {unit.name: unit for unit in scoped if unit.active}
        self._unit_count = len(scoped)

    def _read_items(self) -> None:
        if self.mapping.categories.known == "city":
            city = directory.current().items
            for item in city.values():
                self.items.setdefault((item.name,), item)
                self.items[tuple(item.path)] = item
                self.items[(item.code,)] = item
        for item in CatalogueItem.objects.filter(version__scope=self.mapping.scope).order_by("version__number"):
            self.items[tuple(item.path)] = item

    # -- asking ---------------------------------------------------------------------------------------------------

    def check(self, order: Order) -> None:
        """Raises ``BadRow`` for a unit or category that is neither known nor to be made."""
        if order.unit and order.unit not in self.units:
            if self.mapping.units.unknown == "refuse":
                raise BadRow(f"不认得承办单位“{order.unit}”，对照文件要求拒收")
            if len(order.unit) > NAME_CHARS["unit"]:
                raise BadRow(f"承办单位名称超过 {NAME_CHARS['unit']} 字")
        if order.category and order.category not in self.items:
            if self.mapping.categories.unknown == "refuse":
                raise BadRow(f"不认得分类“{'／'.join(order.category)}”，对照文件要求拒收")
            if any(len(part) > NAME_CHARS["level"] for part in order.category[:-1]):
                raise BadRow(f"分类名称超过 {NAME_CHARS['level']} 字")
            if len(order.category[-1]) > NAME_CHARS["name"]:
                raise BadRow(f"分类名称超过 {NAME_CHARS['name']} 字")

    # -- making ---------------------------------------------------------------------------------------------------

    def settle(self, orders: Iterable[Order]) -> None:
        """Make the units and categories that these orders name and nobody knows, in one transaction."""
        names = {order.unit: None for order in orders if order.unit and order.unit not in self.units}
        paths = {order.category: None for order in orders if order.category and order.category not in self.items}
        if self.dry_run:
            known = set(self.made_units), set(self.made_categories)
            self.made_units += [name for name in names if name not in known[0]]
            self.made_categories += [p for p in ("／".join(path) for path in paths) if p not in known[1]]
        elif names or paths:
            with transaction.atomic():
                made_units, made_items = self._make_units(list(names)), self._make_items(list(paths))
                directory.changed()
            self.units |= made_units
            self.items |= made_items
            self.made_units += made_units
            self.made_categories += ["／".join(path) for path in made_items]

    def _make_units(self, names: list[str]) -> dict[str, Unit]:
        if not names:
            return {}
        scope, rules = self.mapping.scope, self.mapping.units
        root, _ = Unit.objects.get_or_create(
            code=scope,
            defaults={"name": rules.root, "short_name": rules.root[:40], "kind": UnitKind.CITY, "scope": scope},
        )
        made = [
            Unit(
                code=f"{scope}-{serial:04d}",
                name=name,
                short_name=name[:40],
                kind=rules.kind_of(name),
                parent=root,
                path=f"{root.path}/{scope}-{serial:04d}",
                scope=scope,
            )
            for serial, name in enumerate(names, self._unit_count + 1)
        ]
        self._unit_count += len(made)
        return {unit.name: unit for unit in Unit.objects.bulk_create(made)}

    def _make_items(self, paths: list[tuple[str, ...]]) -> dict[tuple[str, ...], CatalogueItem]:
        if not paths:
            return {}
        version = self._version or self._new_version()
        made = [self._item(version, path, serial) for serial, path in enumerate(paths, self._item_count + 1)]
        Classification.objects.bulk_create(self._made_classes)
        CatalogueItem.objects.bulk_create(made)
        self._made_classes = []
        self._version, self._item_count = version, self._item_count + len(made)
        return dict(zip(paths, made, strict=True))

    def _new_version(self) -> CatalogueVersion:
        last = CatalogueVersion.objects.exclude(scope="").aggregate(last=Max("number"))["last"]
        return CatalogueVersion.objects.create(
            number=(last or FIRST_SCOPED_VERSION - 1) + 1,
            note=f"{self.mapping.label}的分类",
            published_at=timezone.now(),
            scope=self.mapping.scope,
        )

    def _item(self, version: CatalogueVersion, path: tuple[str, ...], serial: int) -> CatalogueItem:
        levels = [*path[:-1], "", "", "", ""]
        return CatalogueItem(
            version=version,
            code=f"{self.mapping.scope}-{serial:05d}",
            level1=levels[0],
            level2=levels[1],
            level3=levels[2],
            level4=levels[3],
            name=path[-1],
            leaf=self._leaf(path),
            lowest_level=Level.GRID,
            tier=self.mapping.tier,
            urgency=self.mapping.urgency,
        )

    def _leaf(self, path: tuple[str, ...]) -> Classification:
        """The classification of a path's first three levels, made where it is missing."""
        parent: Classification | None = None
        for level, name in enumerate(path[:CLASSIFICATION_LEVELS], 1):
            key = (parent.code if parent else None, name)
            found = self._classes.get(key)
            if found is None:
                code = f"{self.mapping.scope}-{len(self._classes) + 1:05d}"
                found = Classification(code=code, name=name, level=level, parent=parent, scope=self.mapping.scope)
                self._classes[key] = found
                self._made_classes.append(found)
            parent = found
        assert parent is not None
        return parent
