"""The table of verbs and the diagram of states, told by the registry itself."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.registry import REGISTRY, Verb
from yousu.tickets.states import AssignmentState, TicketState

ROOMS = {"intake": "接", "dispatch": "派", "handling": "办", "evaluation": "评", "oversight": "督", "tickets": "平台"}


# From state, to state, by which verbs. A test lives through weeks of the city and takes no way that is not drawn.
TICKET_ARROWS = [
    ("[*]", "registered", "登记"),
    ("registered", "closed", "直接答复、不予受理、转接、并单、撤单"),
    ("registered", "handling", "派单、并行派单、指定承办"),
    ("registered", "consulting", "会商"),
    ("consulting", "handling", "会商结论"),
    ("consulting", "closed", "撤单"),
    ("handling", "registered", "同意退单、收回"),
    ("handling", "callback", "答复、汇总答复、同意退单"),
    ("handling", "shelved", "挂账"),
    ("handling", "closed", "撤单"),
    ("callback", "handling", "重办"),
    ("callback", "consulting", "会商"),
    ("callback", "shelved", "挂账"),
    ("shelved", "callback", "销号"),
    ("callback", "closed", "回访、办结"),
    ("closed", "registered", "重启"),
]
ASSIGNMENT_ARROWS = [
    ("[*]", "dispatched", "派单、并行派单、会商结论、指定承办、下派、同意退单"),
    ("dispatched", "signed", "签收"),
    ("dispatched", "returning", "退单"),
    ("signed", "returning", "退单"),
    ("returning", "returned", "同意退单"),
    ("returning", "signed", "驳回退单"),
    ("returning", "dispatched", "驳回退单"),
    ("signed", "replied", "答复、汇总答复、销号"),
    ("dispatched", "replied", "销号"),
    ("replied", "dispatched", "重办"),
    ("replied", "closed", "回访、办结、会商结论、撤单"),
    ("dispatched", "recalled", "收回、撤单、同意退单、汇总答复"),
    ("signed", "recalled", "撤单、同意退单、汇总答复"),
    ("returning", "recalled", "撤单、同意退单、汇总答复"),
]


def room_of(verb: Verb) -> str:
    return ROOMS.get(verb.body.__module__.split(".")[1], "")


def who_of(verb: Verb) -> str:
    return "、".join(who.words for who in verb.who) or "平台"


def states_of(verb: Verb) -> str:
    tickets = [state.label for state in TicketState if state in verb.ticket_states]
    assignments = [state.label for state in AssignmentState if state in verb.states]
    parts = ["工单" + "、".join(tickets)] if tickets else []
    parts += ["派单" + "、".join(assignments)] if assignments else []
    return "；".join(parts) or "—"


def asks_of(verb: Verb) -> str:
    shown = [one for one in verb.inputs if one.ask.widget != "hidden"]
    return "、".join(one.ask.label + ("" if one.required else "（可选）") for one in shown) or "—"


def endpoint_of(verb: Verb) -> str:
    if verb.by_platform_only:
        return "—"
    above = {Ticket: "/tickets/{number}", Assignment: "/assignments/{id}"}
    return f"`POST {above[verb.on]}/{verb.noun}`" if verb.on else f"`POST /{verb.noun}`"


def print_table(console: Console) -> None:
    table = Table(title=f"动作表（{len(REGISTRY)} 个）", show_lines=True)
    for heading in ("环节", "动作", "谁", "状态", "填写"):
        table.add_column(heading)
    for verb in REGISTRY.values():
        table.add_row(room_of(verb), verb.label, who_of(verb), states_of(verb), asks_of(verb))
    console.print(table)


def as_markdown() -> str:
    """docs/verbs.md: generated, so that the docs cannot drift from the code."""
    lines = [
        "# 动作与状态",
        "",
        "本页由 `yousu verbs --write docs/verbs.md` 生成，请勿手改。每个动作只声明一次，"
        "权限、状态、表单、接口和权限矩阵测试都出自同一处声明。",
        "",
        "## 工单状态",
        "",
        *_ticket_diagram(),
        "",
        "## 派单状态",
        "",
        *_assignment_diagram(),
        "",
        "## 动作表",
        "",
        "| 环节 | 动作 | 谁可以做 | 在什么状态 | 填写什么 | 接口 | 事件 |",
        "|---|---|---|---|---|---|---|",
    ]
    for verb in REGISTRY.values():
        cells = (room_of(verb), verb.label, who_of(verb), states_of(verb), asks_of(verb))
        lines.append(f"| {' | '.join(cells)} | {endpoint_of(verb)} | `{verb.event}` |")
    lines += ["", "## 逐个说明", ""]
    for verb in REGISTRY.values():
        lines += [f"### {verb.label} `{verb.name}`", "", _text(verb.doc), ""]
    return "\n".join(lines).rstrip() + "\n"


def _text(doc: str) -> str:
    return "\n".join(line.strip() for line in doc.splitlines())


def _ticket_diagram() -> list[str]:
    return _mermaid(TICKET_ARROWS, {state.value: state.label for state in TicketState})


def _assignment_diagram() -> list[str]:
    return _mermaid(ASSIGNMENT_ARROWS, {state.value: state.label for state in AssignmentState})


def _mermaid(arrows: list[tuple[str, str, str]], labels: dict[str, str]) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{label}" as {state}' for state, label in labels.items()]
    lines += [f"    {start} --> {end}: {text}" for start, end, text in arrows]
    return [*lines, "```"]
