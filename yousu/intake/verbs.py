"""The verbs of 接: register, answer directly, refuse, transfer, link, merge, withdraw, reopen."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from yousu.base.errors import Refused
from yousu.base.masks import mask_text
from yousu.base.sealed import Sealed, search_key
from yousu.city.roles import Role, Urgency
from yousu.city.rules import Rules
from yousu.intake.rules import is_repeat, within
from yousu.tickets.access import anyone
from yousu.tickets.course import close_ticket, end_assignments
from yousu.tickets.inputs import Ask, Code, Files, Text
from yousu.tickets.models import Ticket
from yousu.tickets.registry import Act, verb
from yousu.tickets.states import Channel, ClosedAs, RequestType, TicketState

PHONE = re.compile(r"^\+?[0-9][0-9\- ]{2,18}$")
TITLE_CHARS = 28

Longitude = Annotated[Decimal, Field(ge=-180, le=180, max_digits=9, decimal_places=6)]
Latitude = Annotated[Decimal, Field(ge=-90, le=90, max_digits=9, decimal_places=6)]


def grounds(rules: Rules) -> list[tuple[str, str]]:
    return [(ground.key, ground.label) for ground in rules.refusal_grounds]


def bodies(rules: Rules) -> list[tuple[str, str]]:
    return [(body.key, body.label) for body in rules.transfer_bodies]


@verb("登记", on=None, noun="tickets", event="ticket.registered", who=anyone(Role.OPERATOR), tone="primary")
def register(
    act: Act,
    *,
    content: Annotated[Text, Ask("诉求内容", "textarea", limit="content_chars")],
    type: Annotated[Code, Ask("诉求类型", "choice", choices=RequestType)] = "help",  # noqa: A002
    channel: Annotated[Code, Ask("渠道", "choice", choices=Channel)] = "phone",
    urgency: Annotated[Code, Ask("紧急程度", "choice", choices=Urgency)] = "",
    title: Annotated[Text, Ask("标题", limit="title_chars", help="留空则取诉求内容的开头")] = "",
    caller_name: Annotated[Text, Field(max_length=40), Ask("来电人", personal=True)] = "",
    caller_sex: Annotated[Code, Ask("性别", "choice", choices=lambda _: [("男", "男"), ("女", "女")])] = "",
    caller_phone: Annotated[Text, Field(max_length=20), Ask("来电号码", "phone", personal=True)] = "",
    contact_phone: Annotated[
        Text, Field(max_length=20), Ask("联系电话", "phone", "与来电号码不同时填写", personal=True)
    ] = "",
    caller_id_number: Annotated[Text, Field(max_length=30), Ask("证件号码", personal=True)] = "",
    caller_email: Annotated[Text, Field(max_length=120), Ask("电子邮箱", personal=True)] = "",
    caller_company: Annotated[Text, Field(max_length=80), Ask("来电单位")] = "",
    is_secret: Annotated[bool, Ask("要求保密", "bool", "承办单位看不到来电人身份")] = False,
    accused: Annotated[Text, Field(max_length=120), Ask("被反映对象", personal=True)] = "",
    accused_unit: Annotated[Code, Ask("被反映单位", "unit", "被反映的是承办单位时选择，工单不会派给它")] = "",
    area: Annotated[Code, Ask("地点", "area")] = "",
    address: Annotated[
        Text, Field(max_length=200), Ask("详细地址", help="问题发生的地方；保密件请勿填来电人住址", personal=True)
    ] = "",
    lon: Annotated[Longitude | None, Ask("经度", "hidden")] = None,
    lat: Annotated[Latitude | None, Ask("纬度", "hidden")] = None,
    item: Annotated[Code, Ask("派单事项", "item")] = "",
    labels: Annotated[list[Annotated[Text, Field(max_length=20)]], Field(max_length=20), Ask("标签", "labels")] = [],  # noqa: B006
    reply_wanted: Annotated[bool, Ask("要求回复", "bool")] = True,
    source: Annotated[Code, Field(max_length=40), Ask("来源系统", "hidden")] = "desk",
    external_id: Annotated[Text, Field(max_length=80), Ask("来源编号", "hidden")] = "",
    call_id: Annotated[Code, Ask("通话编号", "hidden")] = "",
    recording_id: Annotated[Code, Ask("录音编号", "hidden")] = "",
    attachments: Files = [],  # noqa: B006
) -> Ticket:
    """登记: take a request in once. The same (source, external id) again gives the ticket that is already there.

    Numbers that identify a person, and the caller's name, are masked in the text that others read; the text as it came is
    sealed. Identity is hidden from handling units for 举报 and for whoever asks for secrecy (济南条例 Art. 32).
    """
    if external_id and (found := act.store.find(source, external_id)):
        return found
    ticket = act.ticket
    for field, phone in (("caller_phone", caller_phone), ("contact_phone", contact_phone)):
        if phone and not PHONE.match(phone):
            raise Refused(
                "电话号码只能含数字、空格、短横线和开头的加号，例如 13912345678 或 0971-1234567。", field=field
            )
    ticket.number = act.store.number(act.now)
    ticket.source, ticket.external_id = source, external_id or None
    ticket.channel, ticket.type = channel or Channel.PHONE, type or RequestType.HELP
    chosen = act.city.item(item) if item else None
    ticket.item, ticket.item_code = chosen, chosen.code if chosen else ""
    ticket.urgency = urgency or (chosen.urgency if chosen else Urgency.ORDINARY)

    private = tuple(name for name in (caller_name, accused) if name)
    ticket.title, ticket.content, ticket.original = shown(title, content, private)
    _seal_caller(
        ticket,
        name=caller_name,
        phone=caller_phone,
        contact=contact_phone,
        id_number=caller_id_number,
        email=caller_email,
    )
    ticket.caller_sex, ticket.caller_company = caller_sex, caller_company
    ticket.is_secret = is_secret or bool(chosen and chosen.secret)
    ticket.identity_hidden = ticket.is_secret or ticket.type in act.rules.identity_hidden_types
    ticket.accused = Sealed.of(accused)
    ticket.accused_unit = act.city.unit(accused_unit, "accused_unit") if accused_unit else None
    ticket.area = act.city.area(area) if area else None
    ticket.address = Sealed.of(address)
    ticket.place_key = search_key(area + address) if address else None
    ticket.lon, ticket.lat = lon, lat
    ticket.labels, ticket.reply_wanted = labels, reply_wanted
    ticket.call_id, ticket.recording_id = call_id, recording_id
    ticket.agent, ticket.rules, ticket.registered_at = act.by, act.rules.version, act.now
    act.attach(attachments)
    act.note(source=source, external_id=external_id, channel=ticket.channel)
    return ticket


def _seal_caller(ticket: Ticket, *, name: str, phone: str, contact: str, id_number: str, email: str) -> None:
    ticket.caller_name, ticket.caller_phone = Sealed.of(name), Sealed.of(phone)
    ticket.contact_phone, ticket.caller_id_number = Sealed.of(contact), Sealed.of(id_number)
    ticket.caller_email = Sealed.of(email)
    ticket.phone_key, ticket.id_key = search_key(phone or contact), search_key(id_number)


def shown(title: str, content: str, private: tuple[str, ...] = ()) -> tuple[str, str, Sealed]:
    """(title, content, original): the text as others read it, and sealed as it came where masking changed it."""
    masked = mask_text(content, private)
    original = Sealed.of(content) if masked != content else Sealed()
    return mask_text(title or first_sentence(masked), private), masked, original


def first_sentence(content: str) -> str:
    """The opening of a text, as a title."""
    opening = re.split(r"[。！？\n；]", content.strip(), maxsplit=1)[0]
    return opening if len(opening) <= TITLE_CHARS else opening[:TITLE_CHARS] + "…"


@verb(
    "直接答复",
    noun="answers",
    event="ticket.answered",
    who=anyone(Role.OPERATOR),
    ticket_states={TicketState.REGISTERED},
    open_when=lambda case, _: case.ticket.return_count == 0,
)
def answer(
    act: Act,
    ticket: Ticket,
    *,
    text: Annotated[Text, Ask("答复内容", "textarea", limit="reply_chars")],
    knowledge: Annotated[Text, Field(max_length=200), Ask("依据", help="引用的知识库条目或文件")] = "",
) -> None:
    """直接答复: answered at once; closed, and out of scope for the three rates. Not for complaints, reports or help."""
    if ticket.type not in act.rules.answerable_types:
        label = RequestType(ticket.type).label
        raise Refused(f"“{label}”类诉求须派单办理，不能直接答复。", code="state")
    act.note(text=text, knowledge=knowledge)
    close_ticket(act, ClosedAs.ANSWERED)


@verb(
    "不予受理",
    noun="refusals",
    event="ticket.refused",
    who=anyone(Role.OPERATOR, Role.DISPATCHER),
    ticket_states={TicketState.REGISTERED},
    tone="danger",
)
def refuse(
    act: Act,
    ticket: Ticket,
    *,
    ground: Annotated[Code, Ask("不予受理情形", "choice", choices=grounds)],
    basis: Annotated[Text, Field(max_length=200), Ask("法律依据", help="留空则用该情形的常用依据")] = "",
    told: Annotated[Text, Ask("向市民的说明", "textarea", "说明不予受理的理由和应当走的渠道", limit="reply_chars")],
) -> None:
    """不予受理: with a legal ground, and told to the citizen (Beijing Art. 11, six first decisions)."""
    known = next(g for g in act.rules.refusal_grounds if g.key == ground)
    if not (basis or known.basis):
        raise Refused("请写明不予受理的法律依据。", field="basis")
    act.note(ground=ground, basis=basis or known.basis, told=told)
    close_ticket(act, ClosedAs.REFUSED)


@verb(
    "转接",
    noun="transfers",
    event="ticket.transferred",
    who=anyone(Role.OPERATOR, Role.DISPATCHER),
    ticket_states={TicketState.REGISTERED},
)
def transfer(
    act: Act,
    ticket: Ticket,
    *,
    body: Annotated[Code, Ask("转接至", "choice", choices=bodies)],
    three_way: Annotated[bool, Ask("三方通话", "bool", "职责不清时三方通话后转接")] = False,
    note: Annotated[Text, Ask("转接说明", "textarea", limit="reply_chars")] = "",
    reference: Annotated[Text, Field(max_length=60), Ask("对方受理编号")] = "",
) -> None:
    """转接: clearly another's matter goes there with its record; unclear, after a three-way call (国办发〔2022〕12号)."""
    act.note(body=body, three_way=three_way, note=note, reference=reference)
    close_ticket(act, ClosedAs.TRANSFERRED)


def _other(act: Act, ticket: Ticket, number: str) -> Ticket:
    other = act.store.by_number(number)
    if other is None:
        raise Refused(f"没有编号为“{number}”的工单。", field="of", code="not_found")
    if other.pk == ticket.pk:
        raise Refused("不能与自己关联。", field="of")
    if other.closed_as == ClosedAs.MERGED:
        raise Refused(f"工单{number}已并入另一张工单，请关联到那一张。", field="of")
    return other


def _repeats(act: Act, ticket: Ticket, of: str, reason: str) -> Ticket:
    older = _other(act, ticket, of)
    if not is_repeat(ticket, older, act.rules) and not reason:
        days = act.rules.repeat.window_days
        raise Refused(
            f"与{of}不是 {days} 天内同一来电人或同一地点的同一事项；确属同一诉求，请写明理由。", field="reason"
        )
    ticket.repeat_of = older
    act.note(of=older.number, reason=reason)
    return older


@verb(
    "关联重复",
    noun="links",
    event="ticket.linked",
    who=anyone(Role.OPERATOR, Role.DISPATCHER),
    ticket_states={TicketState.REGISTERED, TicketState.HANDLING},
    open_when=lambda case, _: case.ticket.repeat_of_id is None,
)
def link_repeat(
    act: Act,
    ticket: Ticket,
    *,
    of: Annotated[Code, Ask("重复于工单", "ticket")],
    reason: Annotated[Text, Field(max_length=200), Ask("理由")] = "",
) -> None:
    """关联重复: tie to the earlier ticket of the same matter; both go on."""
    _repeats(act, ticket, of, reason)


@verb(
    "并单",
    noun="mergers",
    event="ticket.merged",
    who=anyone(Role.OPERATOR, Role.DISPATCHER),
    ticket_states={TicketState.REGISTERED},
)
def merge(
    act: Act,
    ticket: Ticket,
    *,
    of: Annotated[Code, Ask("并入工单", "ticket")],
    reason: Annotated[Text, Field(max_length=200), Ask("理由")] = "",
) -> None:
    """并单: the same matter that is already being handled; counted once (国办函〔2025〕66号). Ends this ticket."""
    older = _repeats(act, ticket, of, reason)
    # Held until we are done: two tickets merged into each other at once would both vanish. Of two who wait for each
    # other the database lets one go first; the other is tried again and refused.
    older = act.store.held(older)
    if older.state == TicketState.CLOSED:
        raise Refused(f"工单{of}已办结，不能并入；可以关联重复后另行派单。", field="of", code="state")
    close_ticket(act, ClosedAs.MERGED)


@verb(
    "撤单",
    noun="withdrawals",
    event="ticket.withdrawn",
    who=anyone(Role.OPERATOR),
    ticket_states={TicketState.REGISTERED, TicketState.CONSULTING, TicketState.HANDLING},
    tone="danger",
)
def withdraw(
    act: Act, ticket: Ticket, *, reason: Annotated[Text, Field(max_length=200), Ask("市民撤回的理由", "textarea")]
) -> None:
    """撤单: the citizen takes the request back. Open work is recalled."""
    act.note(reason=reason)
    close_ticket(act, ClosedAs.WITHDRAWN)


@verb(
    "重启",
    noun="reopenings",
    event="ticket.reopened",
    who=anyone(Role.OPERATOR, Role.DISPATCHER, Role.CALLBACK, Role.SUPERVISOR_HOTLINE),
    ticket_states={TicketState.CLOSED},
    open_when=lambda case, _: case.ticket.closed_as in {ClosedAs.HANDLED, ClosedAs.ANSWERED},
)
def reopen(
    act: Act, ticket: Ticket, *, reason: Annotated[Text, Field(max_length=200), Ask("重启理由", "textarea")]
) -> None:
    """重启: a closed ticket that was not solved after all goes back to the dispatcher, for so many days."""
    assert ticket.closed_at is not None
    days = act.rules.reopen.window_days
    if not within(act.now, ticket.closed_at, days):
        raise Refused(f"办结已超过 {days} 天，请登记新的工单并关联重复。", code="state")
    end_assignments(act)
    ticket.state, ticket.closed_as, ticket.closed_at = TicketState.REGISTERED, "", None
    ticket.callback_result, ticket.callback_due, ticket.deadline = "", None, None
    ticket.reopen_count += 1
    act.note(reason=reason)
