"""The timeline in plain Chinese: one event → who did what, and what changed by it. Pure; no code ever reaches a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yousu.city.directory import Directory
from yousu.city.roles import Role, Urgency
from yousu.city.rules import Named, Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.models import Event
from yousu.tickets.registry import REGISTRY
from yousu.tickets.states import (
    AssignmentRole,
    AssignmentState,
    Channel,
    ClosedAs,
    RequestType,
    Satisfaction,
    TicketState,
)

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Teller:
    """What telling needs: names of people by id, the directory, and how a free text reads for this reader."""

    people: Mapping[int, str]
    city: Directory
    veil: Callable[[str], str] = lambda text: text
    hide_links: bool = False

    def unit(self, code: str) -> str:
        unit = self.city.units_by_code.get(code)
        return unit.short_name if unit else "已撤销的单位"

    def units(self, codes: list[str]) -> str:
        return "、".join(map(self.unit, codes))

    def item(self, code: str) -> str:
        item = self.city.items.get(code)
        return f"“{item.name}”" if item else "当时目录中的事项"

    def rules(self, version: int) -> Rules:
        return next((rules for _, rules in self.city.rule_sets if rules.version == version), Rules())

    def other(self, number: str) -> str:
        return "另一张工单" if self.hide_links else f"工单{number}"


@dataclass(frozen=True)
class Told:
    """An event as it reads: ``said`` are labelled texts that people wrote, ``changed`` plain sentences."""

    seq: int
    kind: str
    at: datetime
    who: str
    headline: str
    said: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]
    attachments: tuple[int, ...]
    ordinal: int | None


def tell(event: Event, teller: Teller) -> Told:
    headline = HEADLINES.get(event.kind)
    return Told(
        seq=event.seq,
        kind=event.kind,
        at=event.at,
        who=who(event, teller),
        headline=headline(event.data, teller, event) if headline else _by_label(event),
        said=tuple((label, teller.veil(str(event.data[name]))) for name, label in SAID.items() if event.data.get(name)),
        changed=tuple(changes(event.data.get("changes") or {}, teller)),
        attachments=tuple(event.data.get("attachments") or ()),
        ordinal=event.ordinal,
    )


def who(event: Event, teller: Teller) -> str:
    """``派单员 张三（热线中心）``; the platform when nobody did it."""
    if event.by_id is None:
        return "平台"
    role = Role(event.role).label if event.role in Role.values else ""
    unit = teller.city.units.get(event.by_unit_id or 0)
    name = teller.people.get(event.by_id, "")
    return " ".join(filter(None, [role, name])) + (f"（{unit.short_name}）" if unit else "")


def moment(at: datetime | str) -> str:
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def day(on: date | str) -> str:
    on = date.fromisoformat(on) if isinstance(on, str) else on
    return f"{on.year}年{on.month}月{on.day}日"


# Texts that people wrote, in the order in which they are read.
SAID = {
    "text": "答复内容",
    "knowledge": "依据",
    "told": "告知市民",
    "question": "会商事由",
    "minutes": "会商纪要",
    "advice": "意见",
    "reason": "理由",
    "basis": "依据",
    "measures": "阶段措施",
    "opinion": "意见",
    "note": "说明",
    "without": "未等答复的说明",
    "result": "解决情况",
    "reference": "对方受理编号",
}


def _by_label(event: Event) -> str:
    verb = REGISTRY.get(event.verb)
    return f"办理了“{verb.label}”" if verb else "更新了工单"


def _label(choices: tuple[Named, ...], key: str) -> str:
    return next((one.label for one in choices if one.key == key), "其他")


def _registered(data: Data, _: Teller, __: Event) -> str:
    channel = data.get("channel")
    return f"受理诉求，渠道：{Channel(channel).label}" if channel in Channel.values else "受理诉求"


def _imported(data: Data, *_: object) -> str:
    number = f"，来源编号 {data['external_id']}" if data.get("external_id") else ""
    unit = f"，来源承办单位{data['unit']}" if data.get("unit") else ""
    return f"从来源系统导入{number}{unit}"


def _refused(data: Data, teller: Teller, event: Event) -> str:
    return f"不予受理：{_label(teller.rules(event.rules).refusal_grounds, data.get('ground', ''))}"


def _transferred(data: Data, teller: Teller, event: Event) -> str:
    body = _label(teller.rules(event.rules).transfer_bodies, data.get("body", ""))
    return f"{'三方通话后' if data.get('three_way') else ''}转接至{body}"


def _dispatched(data: Data, teller: Teller, event: Event) -> str:
    made = _new_assignments(data)
    to = "、".join(f"{teller.unit(row['unit'][1])}（{AssignmentRole(row['role'][1]).label}）" for row in made)
    how = {"ticket.forced": "指定承办：", "ticket.consultation_concluded": "会商结论，指定："}.get(event.kind, "派单给")
    about = f"，事项{teller.item(data['item'])}" if data.get("item") else ""
    copied = f"，抄送{teller.unit(data['copied_to'])}" if data.get("copied_to") else ""
    return f"{how}{to}{about}{copied}"


def _signed(data: Data, _: Teller, __: Event) -> str:
    return "签收（已超过签收期限）" if data.get("late") else "签收"


def _contacted(data: Data, _: Teller, __: Event) -> str:
    if not data.get("reached"):
        return "联系市民，未联系上"
    if not data.get("first"):
        return "再次联系了市民"
    return "首次联系上市民" + ("（已超过首次联系期限）" if data.get("late") else "")


def _return_asked(data: Data, teller: Teller, __: Event) -> str:
    return "申请退单" + (f"，建议改派{teller.unit(data['suggested'])}" if data.get("suggested") else "")


def _return_accepted(data: Data, teller: Teller, __: Event) -> str:
    made = _new_assignments(data)
    return "同意退单" + (f"，改派{teller.unit(made[0]['unit'][1])}" if made else "，退回待派单" if _back(data) else "")


def _back(data: Data) -> bool:
    states = (data.get("changes") or {}).get("ticket", {}).get("state")
    return bool(states and states[1] == TicketState.REGISTERED)


def _replied(data: Data, teller: Teller, event: Event) -> str:
    words = "汇总答复" if event.kind == "assignment.consolidated" else "答复"
    words += "，认定问题已解决" if data.get("solved") else "，问题尚未解决"
    if data.get("late"):
        words += "（逾期）"
    return words + (f"；未等{teller.units(data['silent'])}的答复" if data.get("silent") else "")


def _called_back(data: Data, _: Teller, __: Event) -> str:
    turn = f"第 {data['attempt']} 次回访" if data.get("attempt") else "回访"
    if not data.get("connected"):
        return f"{turn}，未接通"
    satisfaction = data.get("satisfaction")
    said = [
        "单位联系过市民" if data.get("contacted") else "单位没有联系过市民",
        "问题已解决" if data.get("solved") else "问题未解决",
        *([Satisfaction(satisfaction).label] if satisfaction in Satisfaction.values else []),
    ]
    return f"{turn}，接通：" + "，".join(said)


def _closed(data: Data, _: Teller, __: Event) -> str:
    if data.get("anonymous"):
        return "办结（没有可回访的号码）"
    return f"办结（回访 {data['unreachable']} 次未接通）" if data.get("unreachable") else "办结"


HEADLINES: dict[str, Callable[[Data, Teller, Event], str]] = {
    "ticket.registered": _registered,
    "ticket.imported": _imported,
    "ticket.answered": lambda *_: "直接答复，办结",
    "ticket.refused": _refused,
    "ticket.transferred": _transferred,
    "ticket.linked": lambda data, teller, _: f"与{teller.other(data.get('of', ''))}关联为重复诉求",
    "ticket.merged": lambda data, teller, _: f"并入{teller.other(data.get('of', ''))}",
    "ticket.withdrawn": lambda *_: "市民撤回诉求，撤单",
    "ticket.reopened": lambda *_: "重启工单，退回待派单",
    "ticket.dispatched": _dispatched,
    "ticket.recalled": lambda *_: "收回派单",
    "ticket.consultation_called": lambda data, teller, _: f"发起会商，邀请{teller.units(data.get('invited', []))}",
    "ticket.consultation_concluded": _dispatched,
    "ticket.forced": _dispatched,
    "ticket.called_back": _called_back,
    "ticket.redo_ordered": lambda data, *_: f"要求重办（回访第 {data.get('failures', 1)} 次不通过）",
    "ticket.closed": _closed,
    "ticket.shelved": lambda data, *_: (
        f"挂账，承诺{day(data['promised_on'])}前解决" if data.get("promised_on") else "挂账"
    ),
    "ticket.cleared": lambda *_: "销号：承诺事项已解决，转入回访",
    "assignment.signed": _signed,
    "assignment.contacted": _contacted,
    "assignment.return_asked": _return_asked,
    "assignment.return_accepted": _return_accepted,
    "assignment.return_rejected": lambda *_: "驳回退单，由原单位继续办理",
    "assignment.extension_asked": lambda data, *_: f"申请延期 {data.get('days', '')} 个工作日",
    "assignment.extended": lambda data, *_: f"同意延期 {data.get('days', '')} 个工作日",
    "assignment.extension_refused": lambda *_: "不同意延期，期限不变",
    "assignment.sub_dispatched": lambda data, teller, _: f"下派给{teller.unit(data.get('unit', ''))}",
    "assignment.deadline_recomputed": lambda *_: "官方日历公布后重算期限",
    "assignment.replied": _replied,
    "assignment.consolidated": _replied,
}


def _new_assignments(data: Data) -> list[dict[str, Any]]:
    rows = (data.get("changes") or {}).get("assignments", {})
    return [row for _, row in sorted(rows.items(), key=lambda pair: int(pair[0])) if "unit" in row and "role" in row]


# -- before and after ------------------------------------------------------------------------------------------------


def changes(story: Data, teller: Teller) -> list[str]:
    """Sentences on what the event changed, of the ticket first. Columns without a word of their own stay unsaid."""
    found = _ticket_changes(story.get("ticket") or {}, teller)
    rows = story.get("assignments") or {}
    for ordinal in sorted(rows, key=int):
        found += _assignment_changes(int(ordinal), rows[ordinal], teller)
    return found


def _ticket_changes(row: Data, teller: Teller) -> list[str]:
    found = []
    if pair := row.get("state"):
        closed_as = (row.get("closed_as") or ["", ""])[1]
        after = TicketState(pair[1]).label + (f"（{ClosedAs(closed_as).label}）" if closed_as else "")
        found.append(f"工单：{TicketState(pair[0]).label} → {after}" if pair[0] else f"工单：{after}")
    for name, label, kind in (("type", "诉求类型", RequestType), ("urgency", "紧急程度", Urgency)):
        if (pair := row.get(name)) and pair[0]:
            found.append(f"{label}：{kind(pair[0]).label} → {kind(pair[1]).label}")
    if (pair := row.get("item_code")) and pair[0] and pair[1]:
        found.append(f"派单事项：{teller.item(pair[0])} → {teller.item(pair[1])}")
    if pair := row.get("deadline"):
        found.append(_due("工单期限", pair))
    if (pair := row.get("callback_due")) and pair[1]:
        found.append(f"回访期限：{moment(pair[1])}")
    if (pair := row.get("is_secret")) and pair[1] and pair[0] is False:
        found.append("工单改为保密，来电人身份对承办单位隐藏")
    return found


def _due(label: str, pair: list[str | None]) -> str:
    before, after = pair
    if after is None:
        return f"{label}取消"
    return f"{label}：{moment(before)} → {moment(after)}" if before else f"{label}：{moment(after)}"


def _assignment_changes(ordinal: int, row: Data, teller: Teller) -> list[str]:
    if "unit" in row and "role" in row:
        unit, role = teller.unit(row["unit"][1]), AssignmentRole(row["role"][1]).label
        limit = f"，{row['limit'][1]} 个工作日" if row.get("limit") else ""
        due = f"，{moment(row['deadline'][1])}前办结" if row.get("deadline") else ""
        forced = "，不得退单" if row.get("forced") else ""
        provisional = "（期限暂定）" if row.get("provisional") else ""
        return [f"派单{ordinal}：{unit}（{role}）{limit}{due}{provisional}{forced}"]
    found = []
    if pair := row.get("state"):
        found.append(f"派单{ordinal}：{AssignmentState(pair[0]).label} → {AssignmentState(pair[1]).label}")
    if (pair := row.get("round")) and pair[0]:
        found.append(f"派单{ordinal}：第 {pair[1]} 轮办理")
    if (pair := row.get("deadline")) and pair[0]:
        found.append(_due(f"派单{ordinal}期限", pair))
    if (pair := row.get("provisional")) and pair[0]:
        found.append(f"派单{ordinal}：期限不再是暂定")
    return found
