"""Who sees whose data: masked for everyone, opened with a reason and a log line, never for a unit when identity is hidden.

个人信息保护法 Art. 6, 28, 51; 济南条例 Art. 32. Pages, endpoints and exports all show a caller through ``identity``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from yousu.base import masks
from yousu.base.errors import Refused
from yousu.base.sealed import Sealed
from yousu.city.models import Staff
from yousu.city.roles import Role
from yousu.tickets.access import handled_units, may_see
from yousu.tickets.case import Case
from yousu.tickets.models import Attachment, RevealLog, Ticket

HIDDEN = "已隐藏"
IDENTITY = {
    "caller_name": ("来电人", masks.mask_name),
    "caller_phone": ("来电号码", masks.mask_phone),
    "contact_phone": ("联系电话", masks.mask_phone),
    "caller_id_number": ("证件号码", masks.mask_id),
    "caller_email": ("电子邮箱", masks.mask_email),
}
MATTER = {
    "address": ("详细地址", masks.mask_address),
    "accused": ("被反映对象", masks.mask_name),
}
# The text as it came may name the caller: it counts as identity.
ORIGINAL = {"original": ("原文", lambda _: "已脱敏，可查看原文")}
FIELDS = {**IDENTITY, **MATTER, **ORIGINAL}

# Who may open personal data with a reason. A hotline's own people; handlers for their own tickets.
OPENERS = (
    Role.OPERATOR,
    Role.DISPATCHER,
    Role.CALLBACK,
    Role.SUPERVISOR_HOTLINE,
    Role.SUPERVISOR_GOVERNMENT,
    Role.SUPERVISOR_DISCIPLINE,
)
LEAST_REASON = 4


@dataclass(frozen=True)
class Field:
    """One personal field as this person sees it. ``shown`` is masked; ``openable`` tells whether a reason would open it."""

    name: str
    label: str
    shown: str
    openable: bool


def knows_identity(staff: Staff, ticket: Ticket) -> bool:
    """Whether this person may know who asked. Handling units never do for 举报 and secret tickets."""
    return not ticket.identity_hidden or staff.has_role(*OPENERS)


def fields_for(staff: Staff, case: Case) -> list[Field]:
    """The personal fields of a ticket that are filled, masked or hidden for this person."""
    ticket = case.ticket
    opener = _may_open(staff, case)
    known = knows_identity(staff, ticket)
    found = []
    for name, (label, mask) in FIELDS.items():
        value: Sealed = getattr(ticket, name)
        if not value:
            continue
        if name in MATTER or known:
            found.append(Field(name, label, mask(value.open()), opener))
        else:
            found.append(Field(name, label, HIDDEN, False))
    if not known:
        found = [f for f in found if f.name in MATTER] + [Field("caller", "来电人", HIDDEN, False)]
    return found


def veil(staff: Staff, ticket: Ticket) -> Callable[[str], str]:
    """How a free text of the ticket reads for this person: as it is, or without the caller where identity is hidden."""
    if knows_identity(staff, ticket):
        return lambda text: text
    secrets = (
        ticket.caller_name,
        ticket.caller_phone,
        ticket.contact_phone,
        ticket.caller_id_number,
        ticket.caller_email,
    )
    words = [value.open() for value in secrets if value] + [ticket.caller_company]
    return lambda text: mask_all(text, [word for word in words if word])


# Numbers masked at registration still show their ends; a title may break off within one.
_ENDS_OF_NUMBERS = re.compile(r"[\dXx]{1,6}\*{4,}[\dXx]{0,4}|\d{3,}(?=…)")
COVER = "＊＊＊"


def mask_all(text: str, words: list[str]) -> str:
    """``text`` without ``words``, masked or not, and without any number that identifies a person, its ends included."""
    masked = [masks.mask_name(word) for word in words if len(word) > 1]
    for word in sorted(words + masked, key=len, reverse=True):
        text = text.replace(word, COVER)
    return _ENDS_OF_NUMBERS.sub(COVER, masks.mask_text(text))


def may_link(staff: Staff, ticket: Ticket, other: Ticket) -> bool:
    """Whether this person may learn that two tickets belong together: a link to a hidden one would tell who asked."""
    return knows_identity(staff, ticket) and knows_identity(staff, other)


def may_have_file(staff: Staff, ticket: Ticket, file: Attachment) -> bool:
    """What a hidden caller handed in may name them, in its picture as in its name: it stays with the hotline."""
    return knows_identity(staff, ticket) or file.seq != 1


def _may_open(staff: Staff, case: Case) -> bool:
    if staff.has_role(*OPENERS):
        return True
    units = set(handled_units(staff))
    return any(a.unit_id in units and a.is_open for a in case.assignments)


def reveal(
    staff: Staff, case: Case, names: list[str], reason: str, *, now: datetime, address: str | None = None
) -> dict[str, str]:
    """The plain values of ``names``; logged with the reason before they are given out. ``Refused`` otherwise."""
    reason = reason.strip()
    if len(reason) < LEAST_REASON:
        raise Refused("请写明查看个人信息的理由（不少于 4 个字）。", field="reason")
    if len(reason) > 200:
        raise Refused("理由不能超过 200 字。", field="reason", code="too_large")
    if not names or set(names) - FIELDS.keys():
        raise Refused("请选择要查看的内容。", field="fields")
    if not may_see(staff, case) or not _may_open(staff, case):
        raise Refused("您不能查看这张工单的个人信息。", code="forbidden")
    if set(names) - MATTER.keys() and not knows_identity(staff, case.ticket):
        raise Refused("举报和保密工单的来电人身份不向承办单位公开；需要联系请通过热线三方通话。", code="forbidden")
    RevealLog.objects.create(
        staff=staff, ticket=case.ticket, fields=",".join(sorted(names)), reason=reason, address=address
    )
    return {name: getattr(case.ticket, name).open() for name in names}
