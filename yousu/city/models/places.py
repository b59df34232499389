from __future__ import annotations

from django.db import models

from yousu.city.roles import LEVEL_OF_KIND, Level, UnitKind


class Area(models.Model):
    """An administrative area by its GB/T 2260 and GB/T 10114 code: 4 digits city, 6 county, 9 town, 12 community.

    Names repeat across counties (城关镇, 东峡): always key by code.
    """

    code = models.CharField("区划代码", max_length=12, primary_key=True)
    name = models.CharField("名称", max_length=80)
    short_name = models.CharField("简称", max_length=40)
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children", verbose_name="上级")
    lon = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True)
    lat = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True)

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A body that can be given work (承办单位), a node of the tree city → … → grid.

    ``path`` is ``/``-joined codes from the root, so that "this unit and all below it" is one indexed prefix.
    ``scope`` is empty for the city's own units and names the import for units that an imported history brought along.
    """

    code = models.CharField("单位代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=80)
    short_name = models.CharField("简称", max_length=40)
    kind = models.CharField("类别", max_length=12, choices=UnitKind.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children", verbose_name="上级单位")
    path = models.CharField(max_length=200)
    area = models.ForeignKey(Area, models.PROTECT, null=True, verbose_name="辖区")
    ranking_group = models.CharField("考评组", max_length=20, blank=True)
    duties = models.TextField("职责", blank=True)
    scope = models.CharField("导入批次", max_length=40, blank=True)
    active = models.BooleanField("启用", default=True)

    class Meta:
        indexes = [models.Index(fields=["path"], name="unit_path", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return self.name

    @property
    def level(self) -> str:
        return LEVEL_OF_KIND[self.kind]

    def save(self, *args: object, **kwargs: object) -> None:
        self.path = f"{self.parent.path}/{self.code}" if self.parent else self.code
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def is_within(self, other: Unit) -> bool:
        """Whether this unit is ``other`` or lies below it."""
        return self.path == other.path or self.path.startswith(other.path + "/")
