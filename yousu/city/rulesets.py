"""Rule sets come in versions: a new one is published for a moment that has not passed, an old one never changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from pydantic import ValidationError

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import RuleSet, Staff
from yousu.city.rules import Rules

NAME_CHARS = 80


@transaction.atomic
def publish(
    body: Mapping[str, Any], *, name: str, effective_from: datetime, by: Staff | None, now: datetime
) -> RuleSet:
    """A new version in force from ``effective_from``. What ``body`` leaves out keeps the built-in default.

    ``Refused`` when a value is not valid (the field is named by its path, ``extension.latest_time``) or the moment has passed:
    a rule never reaches back.
    """
    if not name.strip() or len(name) > NAME_CHARS:
        raise Refused(f"规则名称须为 1 至 {NAME_CHARS} 个字。", field="name")
    if effective_from < now:
        raise Refused("生效时间不能早于现在：新规则不改变已经发生的事。", field="effective_from")
    try:
        rules = Rules.model_validate({key: value for key, value in body.items() if key != "version"})
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        reason = str((first.get("ctx") or {}).get("error", "")) or "没有这一项" * (first["type"] == "extra_forbidden")
        raise Refused(f"规则“{path or '整体'}”有误：{reason or '取值不合要求'}。", field=path) from None
    directory.changed()  # holds the stamp: two who publish at once get two versions
    last = RuleSet.objects.aggregate(Max("version"))["version__max"] or 0
    return RuleSet.objects.create(
        version=last + 1,
        name=name.strip(),
        effective_from=effective_from,
        body=rules.model_dump(mode="json", exclude={"version"}),
        created_by=by,
    )
