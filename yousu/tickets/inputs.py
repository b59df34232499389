"""What a verb asks for: typed, labelled inputs, declared once as annotations of the verb's parameters.

From them come the validation, the form on the page, the HTTP schema and the table in the docs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, get_type_hints

from django.db.models import TextChoices
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from yousu.base.errors import Refused
from yousu.city.rules import Rules


@dataclass(frozen=True)
class Ask:
    """How an input is asked for. ``limit`` names a size in ``Rules.limits``; ``choices`` may depend on the rule set."""

    label: str
    widget: str = "text"
    help: str = ""
    limit: str = ""
    choices: type[TextChoices] | Callable[[Rules], list[tuple[str, str]]] | None = None
    personal: bool = False

    def options(self, rules: Rules) -> list[tuple[str, str]]:
        if self.choices is None:
            return []
        if isinstance(self.choices, type) and issubclass(self.choices, TextChoices):
            return _choices(self.choices)
        return self.choices(rules)  # type: ignore[call-arg, return-value]


@functools.cache
def _choices(kind: type[TextChoices]) -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in kind.choices if value]


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("含有无法保存的控制字符，请删去后再提交")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("含有残缺的字符，请重新输入") from None
    return value


Text = Annotated[str, AfterValidator(_storable)]
Code = Annotated[str, AfterValidator(_storable), Field(max_length=60)]
Files = Annotated[list[int], Field(max_length=200), Ask("附件", "files")]


@dataclass(frozen=True)
class Input:
    """One input of a verb, as the form, the docs and the schema need it."""

    name: str
    ask: Ask
    kind: str
    required: bool
    default: Any


def inputs_of(function: Callable[..., Any]) -> tuple[type[BaseModel], tuple[Input, ...]]:
    """The pydantic model and the list of inputs declared by the keyword-only parameters of ``function``."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    inputs: list[Input] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        hint = hints[parameter.name]
        ask = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Ask)), Ask(parameter.name))
        required = parameter.default is inspect.Parameter.empty
        base = getattr(hint, "__origin__", hint)
        blank = [Field(min_length=1)] if required and base is str else []
        for extra in blank:
            hint = Annotated[hint, extra]
        default = ... if required else parameter.default
        fields[parameter.name] = (hint, Field(default, title=ask.label, description=ask.help or None))
        kind = {bool: "bool", int: "int", date: "date"}.get(base, "list" if "list" in str(base) else "str")
        inputs.append(Input(parameter.name, ask, kind, required, None if required else parameter.default))
    name = "".join(part.title() for part in function.__name__.split("_")) + "In"
    config = ConfigDict(extra="forbid", str_strip_whitespace=True, validate_default=False)
    return create_model(name, __config__=config, **fields), tuple(inputs)


def validated(
    model: type[BaseModel], asks: tuple[Input, ...], values: Mapping[str, Any], rules: Rules
) -> dict[str, Any]:
    """``values`` as the verb's typed arguments; ``Refused`` with a Chinese sentence naming the field otherwise."""
    try:
        parsed = model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        raise Refused(f"{label_of(asks, field)}：{in_chinese(dict(first))}。", field=field) from None
    arguments = {name: getattr(parsed, name) for name in model.model_fields}
    for ask in asks:
        value = arguments[ask.name]
        if ask.ask.limit and isinstance(value, str) and len(value) > (most := getattr(rules.limits, ask.ask.limit)):
            raise Refused(
                f"{ask.ask.label}不能超过 {most} 字（现在 {len(value)} 字）。", field=ask.name, code="too_large"
            )
        if value and ask.kind == "str" and (options := ask.ask.options(rules)) and value not in dict(options):
            labels = "、".join(label for _, label in options)
            raise Refused(f"{ask.ask.label}：请选择其中之一：{labels}。", field=ask.name)
    return arguments


def label_of(asks: tuple[Input, ...], field: str) -> str:
    return next((ask.ask.label for ask in asks if ask.name == field), field or "提交的内容")


_SENTENCES = {
    "missing": "必填",
    "string_too_short": "必填",
    "too_short": "必填",
    "string_type": "应为文字",
    "string_unicode": "含有残缺的字符，请重新输入",
    "extra_forbidden": "不是这一步的字段，请核对名称",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "bool_parsing": "应为 是 或 否",
    "bool_type": "应为 是 或 否",
    "list_type": "应为列表",
    "date_parsing": "日期无效，应为 年-月-日，例如 2026-10-08",
    "date_from_datetime_parsing": "日期无效，应为 年-月-日，例如 2026-10-08",
    "date_from_datetime_inexact": "只填日期，不填时刻",
    "date_type": "日期无效，应为 年-月-日，例如 2026-10-08",
    "datetime_parsing": "时间无效，应为 年-月-日 时:分，例如 2026-10-08 09:30",
    "datetime_from_date_parsing": "时间无效，应为 年-月-日 时:分，例如 2026-10-08 09:30",
    "decimal_parsing": "应为数字",
    "decimal_type": "应为数字",
    "float_parsing": "应为数字",
    "json_invalid": "不是有效的 JSON",
    "model_attributes_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
}


def in_chinese(error: dict[str, Any]) -> str:
    """A pydantic error as words a person can act on."""
    context = error.get("ctx") or {}
    kind = str(error["type"])
    if kind == "string_too_long":
        return f"不能超过 {context['max_length']} 字"
    if kind == "too_long":
        return f"不能超过 {context['max_length']} {'字' if isinstance(error.get('input'), str) else '项'}"
    if kind in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        bound = context.get("ge", context.get("le", context.get("gt", context.get("lt"))))
        return f"不能{'小于' if kind.startswith('greater') else '大于'} {bound}"
    if kind == "value_error":
        return str(context.get("error", "无效"))
    return _SENTENCES.get(kind, "填写有误")
