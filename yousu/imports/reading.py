"""One row of an export as an order: cleaned texts, a date, a type. Pure; a row that cannot be one says why."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date, datetime

from yousu.base.tables import Row
from yousu.city.rules import Limits
from yousu.city.workdays import SHANGHAI
from yousu.imports.mapping import Mapping, Moment, TypeRule

EARLIEST = date(1983, 1, 1)  # the first mayor's telephone of the country (沈阳)
EXTERNAL_ID_CHARS = 80

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li|/tr)\s*/?\s*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:p|div|span|font|b|i|u|strong|em|a|li|ul|ol|table|tbody|tr|td|img|o:p)\b[^<>]*>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});")
_GAPS = re.compile(r"[ \t\u00a0]*\n(?:[ \t\u00a0]*\n)+")


class BadRow(Exception):
    """A row that cannot be imported; its text is the reason, for the report."""


@dataclass(slots=True)
class Order:
    """What one row says, before it is known whose work it is."""

    row: Row
    external_id: str
    title: str
    content: str
    type: str
    unit: str
    category: tuple[str, ...]
    registered: datetime
    reply: str
    replied: datetime | None


def clean(text: str) -> str:
    """A text without control characters and web markup; ``<手机号>`` and other words in angle brackets stay."""
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = _ENTITY.sub(lambda m: html.unescape(m.group()), text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in text:
        text = _GAPS.sub("\n\n", text)
    return _CONTROL.sub("", text).replace("\u00a0", " ").strip()


class Reader:
    """Reads the rows of one table under one mapping."""

    def __init__(self, mapping: Mapping, header: list[str], limits: Limits, now: datetime) -> None:
        self.mapping = mapping
        self.limits = limits
        self.now = now
        self.at = {name: index for index, name in reversed(list(enumerate(header)))}
        self.seen: dict[str, int] = {}
        self._moments: dict[tuple[str, str], datetime | None] = {}

    def read(self, row: Row) -> Order:
        """The order in ``row``. Raises ``BadRow``."""
        if row.problem:
            raise BadRow(row.problem)
        fields, values, at = self.mapping.fields, row.values, self.at
        external_id = clean(values[at[fields.external_id]])
        self._check_id(external_id)
        registered = self._moment(values, fields.registered)
        if registered is None:
            raise BadRow("没有受理日期")
        reply, replied = self._answer(values, registered)
        title, content = self._text(values)
        order = Order(
            row=row,
            external_id=external_id,
            title=title,
            content=content,
            type=self._type(values),
            unit=self.mapping.units.named(clean(values[at[fields.unit]])) if fields.unit else "",
            category=tuple(part for part in (clean(values[at[name]]) for name in fields.category) if part),
            registered=registered,
            reply=reply,
            replied=replied,
        )
        self.seen[external_id] = row.line
        return order

    def _check_id(self, external_id: str) -> None:
        if not external_id:
            raise BadRow("没有来源编号")
        if len(external_id) > EXTERNAL_ID_CHARS:
            raise BadRow(f"来源编号超过 {EXTERNAL_ID_CHARS} 个字符")
        if first := self.seen.get(external_id):
            raise BadRow(f"来源编号与第 {first} 行重复")

    def _text(self, values: list[str]) -> tuple[str, str]:
        """(title, content). A title that is too long opens the content instead, so that nothing of it is lost."""
        fields, most = self.mapping.fields, self.limits.content_chars
        content = clean(values[self.at[fields.content]])
        if not content:
            raise BadRow("诉求内容是空的")
        title = " ".join(clean(values[self.at[fields.title]]).split()) if fields.title else ""
        if len(title) > self.limits.title_chars:
            content, title = f"{title}\n{content}", ""
        if len(content) > most:
            raise BadRow(f"诉求内容有 {len(content)} 字，超过 {most} 字")
        return title, content

    def _answer(self, values: list[str], registered: datetime) -> tuple[str, datetime | None]:
        fields, most = self.mapping.fields, self.limits.reply_chars
        reply = clean(values[self.at[fields.reply]]) if fields.reply else ""
        if not reply:
            return "", None
        if len(reply) > most:
            raise BadRow(f"答复有 {len(reply)} 字，超过 {most} 字")
        replied = self._moment(values, fields.replied)
        if replied is None:
            raise BadRow("有答复而没有答复日期")
        if replied < registered:
            raise BadRow(f"答复日期（{replied:%Y-%m-%d}）早于受理日期（{registered:%Y-%m-%d}）")
        return reply, replied

    def _moment(self, values: list[str], places: tuple[Moment, ...]) -> datetime | None:
        for place in places:
            raw = values[self.at[place.column]].strip()
            raw = raw[: place.first] if place.first else raw
            if raw:
                key = (raw, place.format)
                if key not in self._moments:
                    self._moments[key] = parsed(raw, place.format)
                moment = self._moments[key]
                if moment is None:
                    raise BadRow(f"日期“{raw[:30]}”无效")
                if moment > self.now:
                    raise BadRow(f"日期“{raw[:30]}”在今天之后")
                if moment.date() < EARLIEST:
                    raise BadRow(f"日期“{raw[:30]}”早于 {EARLIEST.year} 年")
                return moment
        return None

    def _type(self, values: list[str]) -> str:
        return next((rule.type for rule in self.mapping.types if self._fits(rule, values)), self.mapping.type)

    def _fits(self, rule: TypeRule, values: list[str]) -> bool:
        for column in rule.columns:
            text = values[self.at[column]]
            text = text[: rule.first] if rule.first else text
            if any(word in text for word in rule.words):
                return True
        return False


def parsed(raw: str, form: str) -> datetime | None:
    """A date or a moment in Asia/Shanghai; None when it is neither. Slashes and a missing zero are forgiven."""
    try:
        if form:
            found = datetime.strptime(raw, form)
        elif match := re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T](.+))?", raw):
            year, month, day, rest = match.groups()
            found = datetime.fromisoformat(f"{year}-{int(month):02d}-{int(day):02d}" + (f" {rest}" if rest else ""))
        else:
            found = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
