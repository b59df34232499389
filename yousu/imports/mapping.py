"""A mapping (对照文件): how the columns of one export become tickets. TOML, checked when it is read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from yousu.base.errors import Refused
from yousu.city.roles import UnitKind, Urgency
from yousu.tickets.inputs import in_chinese
from yousu.tickets.states import Channel, RequestType

SHIPPED = Path(__file__).parent / "mappings"

Unknown = Literal["create", "refuse"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Moment(Part):
    """Where a date stands: a column, how many of its first characters to read (0: all), and their format.

    Without a format it is ISO 8601 (``2026-10-08``, ``2026-10-08 09:30``). A date alone means the start of its day.
    """

    column: str
    first: int = 0
    format: str = ""


class Fields(Part):
    """Which column holds what. ``registered`` and ``replied`` list the places to look, the first filled one counts."""

    external_id: str
    content: str
    title: str = ""
    unit: str = ""
    category: tuple[str, ...] = Field((), max_length=5)
    registered: tuple[Moment, ...] = Field(min_length=1)
    reply: str = ""
    replied: tuple[Moment, ...] = ()

    def columns(self) -> set[str]:
        named = {self.external_id, self.content, self.title, self.unit, self.reply, *self.category}
        return {name for name in named | {m.column for m in (*self.registered, *self.replied)} if name}


class KindRule(Part):
    """Units whose name matches ``pattern`` (a regular expression) are of this kind."""

    pattern: str
    kind: UnitKind

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _regular(value)


class Units(Part):
    """What to do with a unit's name.

    ``known``: ``city`` looks among the city's own units too, ``scope`` only among those of this import. ``unknown``: create
    it in the scope, or refuse the row. ``alias`` gives one name to the spellings of one body; a name that ``pattern`` does not
    match is no body at all and goes to ``otherwise``.
    """

    known: Literal["city", "scope"] = "city"
    unknown: Unknown = "refuse"
    root: str = ""
    pattern: str = ""
    otherwise: str = ""
    alias: dict[str, str] = {}
    kinds: tuple[KindRule, ...] = ()

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _regular(value)

    def named(self, raw: str) -> str:
        """The body that a cell names; empty when it names none."""
        name = " ".join(raw.split())
        name = self.alias.get(name, name)
        return self.otherwise if name and self.pattern and not re.search(self.pattern, name) else name

    def kind_of(self, name: str) -> str:
        return next((rule.kind for rule in self.kinds if re.search(rule.pattern, name)), UnitKind.DEPARTMENT)


class Categories(Part):
    known: Literal["city", "scope"] = "city"
    unknown: Unknown = "refuse"


class TypeRule(Part):
    """A ticket is of ``type`` when one of ``words`` stands in one of ``columns`` (within its first ``first`` characters)."""

    type: RequestType
    columns: tuple[str, ...] = Field(min_length=1)
    words: tuple[str, ...] = Field(min_length=1)
    first: int = 0


class Mapping(Part):
    name: str = ""
    label: str
    source: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_-]+$")]
    scope: Annotated[str, Field(max_length=24, pattern=r"^[a-z0-9_]+$")]
    state: Literal["registered", "dispatched", "closed"]
    channel: Channel = Channel.IMPORT
    type: RequestType = RequestType.HELP
    urgency: Urgency = Urgency.ORDINARY
    tier: int
    fields: Fields
    units: Units = Units()
    categories: Categories = Categories()
    types: tuple[TypeRule, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Mapping:
        if self.state == "closed" and not (self.fields.reply and self.fields.replied):
            raise ValueError("办结状态须写明答复列和答复时间列")
        if self.units.unknown == "create" and not self.units.root:
            raise ValueError("新建单位时须写明上级单位名称 units.root")
        return self

    def columns(self) -> set[str]:
        return self.fields.columns() | {column for rule in self.types for column in rule.columns}


def _regular(value: str) -> str:
    try:
        re.compile(value)
    except re.error:
        raise ValueError("正则表达式有误") from None
    return value


def shipped() -> dict[str, Path]:
    """The mappings that come with the product, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def read(path: Path) -> Mapping:
    """The mapping in a file, or ``Refused`` naming the entry that is wrong."""
    try:
        body: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Mapping.model_validate({**body, "name": path.stem})
    except (OSError, UnicodeDecodeError):
        raise Refused(f"对照文件 {path} 打不开，请核对路径，文件须为 UTF-8 编码。") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        where = f"第 {place.group(1)} 行" if place else "某处"
        raise Refused(f"对照文件 {path.name} {where}不符合 TOML 格式。") from None
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(map(str, first["loc"])) or "整体"
        raise Refused(f"对照文件 {path.name} 的“{entry}”有误：{in_chinese(dict(first))}。") from None


def choose(header: list[str], wanted: str = "") -> Mapping:
    """The mapping that was named (a shipped one, or a file), or the shipped one that fits the header."""
    known = shipped()
    if wanted:
        path = known.get(wanted) or Path(wanted)
        if not path.is_file():
            raise Refused(f"没有名为“{wanted}”的对照文件。{_listed(known)}")
        mapping = read(path)
        if missing := sorted(mapping.columns() - set(header)):
            raise Refused(
                f"文件缺少对照“{mapping.name}”需要的列：{'、'.join(missing)}。文件的列是：{'、'.join(header)}。"
            )
        return mapping
    for path in known.values():
        mapping = read(path)
        if mapping.columns() <= set(header):
            return mapping
    raise Refused(
        f"认不出这个文件的列（{'、'.join(header)}）。请用 --mapping 指定对照文件，写法见 docs/import.md。{_listed(known)}"
    )


def _listed(known: dict[str, Path]) -> str:
    return "现有的对照：" + "；".join(f"{name}（{read(path).label}）" for name, path in known.items()) + "。"
