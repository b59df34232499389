"""Forms out of the registry: from a verb's inputs to the fields of a page, and from what was posted to the verb's values."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotated_types import Ge, Le, MaxLen
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from yousu.base.errors import Refused
from yousu.city.directory import Directory
from yousu.city.models import Staff
from yousu.city.rules import Rules
from yousu.tickets.files import MEGABYTE, keep
from yousu.tickets.inputs import Input
from yousu.tickets.models import Attachment
from yousu.tickets.registry import Verb

SEPARATORS = re.compile(r"[,，、;；\s]+")
LONG_OPTIONS = 4  # more than this many choices become a drop-down
PICKERS = {"unit": "units", "units": "units", "lower-unit": "units", "item": "items", "area": "areas"}
YES, NO = "yes", "no"


@dataclass
class FormField:
    """One input as a page shows it. ``value`` is a string, a list of strings, or for files a list of attachments."""

    name: str
    label: str
    widget: str
    help: str = ""
    required: bool = False
    value: Any = ""
    options: Sequence[tuple[str, str]] = ()
    chosen: list[dict[str, str]] = field(default_factory=list)
    most: int | None = None
    low: int | None = None
    high: int | None = None
    picker: str = ""
    under: str = ""
    error: str = ""
    autofocus: bool = False
    id: str = ""

    @property
    def counted(self) -> bool:
        return bool(self.most) and self.widget in {"text", "textarea"}

    @property
    def chosen_json(self) -> str:
        return json.dumps(self.chosen, ensure_ascii=False)

    @property
    def chosen_names(self) -> str:
        return "、".join(one["text"] for one in self.chosen)

    @property
    def template(self) -> str:
        return f"ui/fields/{_TEMPLATES.get(self.widget, 'text')}.html"

    @property
    def is_radio(self) -> bool:
        return 0 < len(self.options) <= LONG_OPTIONS

    @property
    def joined(self) -> str:
        return ",".join(self.value) if isinstance(self.value, list) else str(self.value)


_TEMPLATES = {
    "textarea": "textarea",
    "choice": "choice",
    "bool": "bool",
    "number": "number",
    "date": "date",
    "phone": "phone",
    "unit": "pick",
    "units": "pick",
    "lower-unit": "pick",
    "item": "pick",
    "area": "pick",
    "labels": "labels",
    "ticket": "ticket",
    "files": "files",
    "hidden": "hidden",
}


@dataclass
class Form:
    """A verb's form. ``key`` makes a second click on the same rendered form do nothing a second time."""

    verb: Verb
    fields: list[FormField]
    key: str
    error: str = ""
    open: list[str] = field(default_factory=list)

    def named(self, name: str) -> FormField:
        return next(one for one in self.fields if one.name.removeprefix("then-") == name)

    @property
    def as_refused(self) -> Refused:
        return Refused(self.error, open=self.open)

    @property
    def visible(self) -> list[FormField]:
        return [one for one in self.fields if one.widget != "hidden"]


def build(
    verb: Verb,
    rules: Rules,
    city: Directory,
    *,
    values: Mapping[str, Any] | None = None,
    posted: QueryDict | None = None,
    refused: Refused | None = None,
    prefix: str = "",
    under: str = "",
    files: Sequence[Attachment] = (),
) -> Form:
    """The form of ``verb``: empty with the defaults, with ``values`` filled in, or as ``posted`` with what was refused."""
    form = Form(verb, [], key=secrets.token_hex(16))
    for one in verb.inputs:
        made = _field(one, verb, rules, prefix)
        made.id = f"f{form.key[:6]}-{one.name}"
        if posted is not None:
            made.value = _posted_value(one, posted, prefix)
        else:
            made.value = _default_value(one, (values or {}).get(one.name, one.default))
        if one.ask.widget == "files":
            made.value = list(files)
        if made.picker:
            made.chosen = chosen(made.picker, made.value, city)
            made.under = under if one.ask.widget == "lower-unit" else ""
        form.fields.append(made)
    if refused is not None:
        _place(form, refused, prefix)
    return form


def _field(one: Input, verb: Verb, rules: Rules, prefix: str) -> FormField:
    ask, widget = one.ask, one.ask.widget
    made = FormField(
        name=prefix + one.name,
        label=ask.label,
        widget=widget,
        help=ask.help,
        required=one.required,
        options=ask.options(rules),
        picker=PICKERS.get(widget, ""),
    )
    made.most = getattr(rules.limits, ask.limit) if ask.limit else None
    for bound in verb.model.model_fields[one.name].metadata:
        if isinstance(bound, MaxLen) and one.kind == "str":
            made.most = min(bound.max_length, made.most or bound.max_length)
        elif isinstance(bound, Ge):
            made.low = int(str(bound.ge))
        elif isinstance(bound, Le):
            made.high = int(str(bound.le))
    if widget == "files":
        most, size = rules.limits.attachments, rules.limits.attachment_megabytes
        made.help = f"图片、PDF、Office 文档、录音、视频；最多 {most} 个，每个不超过 {size} MB"
        made.most = size * MEGABYTE
    return made


def _default_value(one: Input, value: Any) -> Any:
    if one.kind == "bool":
        return "" if value is None else YES if value else NO
    if isinstance(value, (list, tuple)):
        return [str(part) for part in value]
    return "" if value is None else str(value)


def _posted_value(one: Input, posted: QueryDict, prefix: str) -> Any:
    name = prefix + one.name
    if one.kind == "list":
        return [part for text in posted.getlist(name) for part in SEPARATORS.split(text) if part]
    return posted.get(name, "")


def _place(form: Form, refused: Refused, prefix: str) -> None:
    """Put the sentence at its field, or at the top when it belongs to none that is seen."""
    form.open = refused.open
    for one in form.visible:
        if refused.field and one.name == prefix + refused.field:
            one.error, one.autofocus = refused.message, True
            return
    form.error = refused.message


def chosen(picker: str, value: Any, city: Directory) -> list[dict[str, str]]:
    """The picked codes with their names, for a picker that is shown filled."""
    codes = value if isinstance(value, list) else [value] if value else []
    return [{"value": code, "text": name_of(picker, code, city)} for code in codes]


def name_of(picker: str, code: str, city: Directory) -> str:
    if picker == "units":
        unit = city.units_by_code.get(code)
        return unit.short_name if unit else code
    if picker == "items":
        item = city.items.get(code)
        return item.name if item else code
    return " ".join(area.short_name for area in city.area_path(code)[1:]) or code


# -- from what was posted to the verb's values -----------------------------------------------------------------------


def parse(
    verb: Verb,
    posted: QueryDict,
    files: MultiValueDict[str, UploadedFile[Any]],
    *,
    by: Staff,
    now: datetime,
    rules: Rules,
    city: Directory,
    prefix: str = "",
) -> dict[str, Any]:
    """The verb's inputs. Empty ones are left out, so that the verb's own defaults hold. Files are kept first."""
    values: dict[str, Any] = {}
    for one in verb.inputs:
        if one.ask.widget == "files":
            if found := attached(posted, files, prefix + one.name, by=by, now=now, rules=rules):
                values[one.name] = found
            continue
        raw: Any = _posted_value(one, posted, prefix)
        raw = raw if isinstance(raw, list) else raw.strip()
        if not raw:
            continue
        if one.kind == "bool":
            values[one.name] = {YES: True, NO: False}.get(raw, raw)
        elif picker := PICKERS.get(one.ask.widget):
            values[one.name] = (
                [code_of(picker, part, city) for part in raw] if isinstance(raw, list) else code_of(picker, raw, city)
            )
        else:
            values[one.name] = raw
    return values


def code_of(picker: str, typed: str, city: Directory) -> str:
    """A code as it is; a name that only one unit, item or area bears as its code (for those who type instead of pick)."""
    all_rows: dict[str, Mapping[str, Any]] = {"units": city.units_by_code, "items": city.items, "areas": city.areas}
    rows = all_rows[picker]
    if typed in rows:
        return typed
    found = [code for code, row in rows.items() if typed in (row.name, getattr(row, "short_name", None))]
    return found[0] if len(found) == 1 else typed


def attached(
    posted: QueryDict,
    files: MultiValueDict[str, UploadedFile[Any]],
    name: str,
    *,
    by: Staff,
    now: datetime,
    rules: Rules,
) -> list[int]:
    """Ids of files uploaded before by this person, and of those that came with the form itself."""
    found = [file.pk for file in waiting(posted, name, by)]
    fresh = files.getlist(f"{name}-files")
    most = rules.limits.attachments
    if len(found) + len(fresh) > most:
        raise Refused(f"附件最多 {most} 个，请删去一些。", field="attachments", code="too_large")
    for upload in fresh:
        try:
            found.append(keep(upload, by=by, now=now, rules=rules).pk)
        except Refused as refused:
            raise Refused(refused.message, field="attachments", code=refused.code) from None
    return found


def waiting(posted: QueryDict, name: str, by: Staff) -> list[Attachment]:
    """Uploaded files named in the form that are this person's and belong to no ticket yet."""
    ids = [int(part) for part in posted.getlist(name) if part.isascii() and part.isdigit() and len(part) < 19]
    if not ids:
        return []
    return list(Attachment.objects.filter(pk__in=ids, ticket=None, uploaded_by=by).order_by("pk"))
