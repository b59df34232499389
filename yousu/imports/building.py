"""An order as the rows of its ticket: the same columns and events that the verbs would have written, without the ORM.

What depends on the day alone (rules, clocks, texts of moments) is worked out once a day, not once a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from yousu.base.masks import mask_text
from yousu.city.directory import Directory
from yousu.city.models import CatalogueItem, Unit
from yousu.city.roles import Urgency
from yousu.city.rules import Rules
from yousu.dispatch.rules import why_not
from yousu.imports.ground import Ground
from yousu.imports.mapping import Mapping
from yousu.imports.reading import BadRow, Order
from yousu.intake.verbs import shown
from yousu.tickets.access import PLATFORM
from yousu.tickets.case import ASSIGNMENT_TRACKED
from yousu.tickets.clock import open_round
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.search import grams
from yousu.tickets.states import AssignmentRole, AssignmentState, ClosedAs, TicketState
from yousu.tickets.store import Record, number_of

TICKET_VARYING = (
    *("id", "number", "external_id", "type", "urgency", "state", "closed_as", "title", "content", "original"),
    *("is_secret", "identity_hidden", "item_id", "item_code", "rules", "registered_at", "deadline"),
    *("callback_due", "closed_at", "seq", "head"),
)
ASSIGNMENT_COLUMNS = tuple(f.attname for f in Assignment._meta.concrete_fields if f.attname != "id")
TEXT_COLUMNS = ("ticket_id", "grams")
REPLY_COLUMNS = ("ticket_id", "ordinal", "at", "by_id", "round", "text", "solved", "consolidated")
CLOCK = ("sign_due", "return_by", "contact_due", "deadline")


@dataclass
class Rows:
    """The rows of one batch, by table; each begins with the ticket's id."""

    tickets: list[tuple[Any, ...]] = field(default_factory=list)
    texts: list[tuple[Any, ...]] = field(default_factory=list)
    assignments: list[list[Any]] = field(default_factory=list)
    replies: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)


class Story:
    """The events of one ticket as they are written: what ``Record.sealed_into`` needs of a ticket, and no more."""

    def __init__(self, rows: Rows, ticket_id: int, number: str, rules: int) -> None:
        self.rows, self.ticket_id, self.number, self.rules = rows, ticket_id, number, rules
        self.seq, self.head = 0, b""

    def add(self, kind: str, verb: str, at: datetime, data: dict[str, Any], ordinal: int | None = None) -> None:
        role, unit = PLATFORM
        record = Record(kind, verb, at, None, unit, role, ordinal, self.rules, data)
        record.sealed_into(cast(Ticket, self))
        self.rows.events.append(record.row(self.ticket_id))


@dataclass(frozen=True)
class Clock:
    """A round opened on one day with one limit: the assignment's columns, and what its event says of them."""

    values: dict[str, Any]
    changes: dict[str, Any]
    deadline: datetime


class Builder:
    def __init__(self, mapping: Mapping, ground: Ground, city: Directory) -> None:
        self.mapping, self.ground, self.city = mapping, ground, city
        self._rules: dict[datetime, Rules] = {}
        self._clocks: dict[tuple[datetime, str, int], Clock] = {}
        self._barred: dict[tuple[int, int], str] = {}

    def check(self, order: Order) -> None:
        """Raises ``BadRow`` when the unit may not be given this matter."""
        unit, item = self._whose(order)
        if unit is None or self.mapping.state == "registered":
            return
        key = (unit.pk, item.pk if item else 0)
        if key not in self._barred:
            self._barred[key] = why_not(unit, item, None).rstrip("。")
        if sentence := self._barred[key]:
            raise BadRow(sentence)

    def _whose(self, order: Order) -> tuple[Unit | None, CatalogueItem | None]:
        return self.ground.units.get(order.unit), self.ground.items.get(order.category)

    def rows(self, orders: Sequence[Order], serials: Sequence[tuple[int, int]]) -> Rows:
        """The rows of a batch. Asks the database nothing, so that one batch is built while another is written."""
        rows = Rows()
        for order, (ticket_id, serial) in zip(orders, serials, strict=True):
            self.build(rows, order, ticket_id, serial)
        return rows

    def build(self, rows: Rows, order: Order, ticket_id: int, serial: int) -> None:
        """Append the rows of one ticket to ``rows``."""
        unit, item = self._whose(order)
        at = order.registered
        rules = self._rules_at(at)
        number = number_of(at, serial)
        urgency = item.urgency if item else self.mapping.urgency.value
        secret = bool(item and item.secret)
        hidden = secret or order.type in rules.identity_hidden_types
        title, content, original = shown(order.title, order.content)
        story = Story(rows, ticket_id, number, rules.version)
        self._imported(story, order, item, urgency, secret)
        dispatched = unit is not None and self.mapping.state != "registered"
        done = dispatched and self.mapping.state == "closed" and order.replied is not None
        state, clock, due = TicketState.REGISTERED.value, None, None
        if dispatched:
            assert unit is not None
            limit = item.tier if item else self.mapping.tier
            clock = self._clock(at, urgency, limit, rules)
            assignment = {**clock.values, "unit_id": unit.pk}
            self._dispatched(story, order, unit, item, clock)
            state = TicketState.HANDLING.value
            if done:
                due = self._answered(story, rows, order, assignment, rules)
                state = TicketState.CLOSED.value
            rows.assignments.append([ticket_id, *map(assignment.get, ASSIGNMENT_COLUMNS[1:])])
        rows.tickets.append(
            (
                *(ticket_id, number, order.external_id, order.type, urgency, state),
                *(ClosedAs.HANDLED.value if done else "", title, content, original.token, secret, hidden),
                *(item.pk if item else None, item.code if item else "", rules.version, at),
                *(clock.deadline if clock else None, due, order.replied if done else None, story.seq, story.head),
            )
        )
        rows.texts.append((ticket_id, grams(title, content)))

    # -- the story ------------------------------------------------------------------------------------------------

    def _imported(self, story: Story, order: Order, item: CatalogueItem | None, urgency: str, secret: bool) -> None:
        changes: dict[str, Any] = {"state": [None, "registered"], "type": [None, order.type]}
        changes["urgency"] = [None, urgency]
        if secret:
            changes["is_secret"] = [None, True]
        if item:
            changes["item_code"] = [None, item.code]
        data: dict[str, Any] = {
            "source": self.mapping.source,
            "external_id": mask_text(order.external_id),
            "channel": self.mapping.channel.value,
            "line": order.row.line,
            "changes": {"ticket": changes},
        }
        if order.unit:
            data["unit"] = order.unit
        if order.category:
            data["category"] = "／".join(order.category)
        story.add("ticket.imported", "import", order.registered, data)

    def _dispatched(self, story: Story, order: Order, unit: Unit, item: CatalogueItem | None, clock: Clock) -> None:
        data: dict[str, Any] = {
            "imported": True,
            "changes": {
                "ticket": {"state": ["registered", "handling"], "deadline": [None, utc(clock.deadline)]},
                "assignments": {"1": {"unit": [None, unit.code], **clock.changes}},
            },
        }
        if item:
            data |= {"item": item.code, "catalogue": item.version_id}
        story.add("ticket.dispatched", "dispatch", order.registered, data, 1)

    def _answered(self, story: Story, rows: Rows, order: Order, assignment: dict[str, Any], rules: Rules) -> datetime:
        """The reply and the closing as the source reports them; returns when the callback would have been due."""
        at = order.replied
        assert at is not None
        due = at + timedelta(days=rules.callback.within_days)
        text = mask_text(order.reply)
        rows.replies.append((story.ticket_id, 1, at, None, 1, text, True, False))
        data: dict[str, Any] = {"imported": True, "solved": True, "chars": len(text)}
        if at > assignment["deadline"]:
            data["late"] = True
        data["changes"] = {
            "ticket": {"state": ["handling", "callback"], "callback_due": [None, utc(due)]},
            "assignments": {"1": {"state": ["dispatched", "replied"], "replied_at": [None, utc(at)]}},
        }
        story.add("assignment.replied", "reply", at, data, 1)
        data = {
            "imported": True,
            "reason": "来源系统已办结",
            "changes": {
                "ticket": {"state": ["callback", "closed"], "closed_as": ["", ClosedAs.HANDLED.value]},
                "assignments": {"1": {"state": ["replied", "closed"], "ended_at": [None, utc(at)]}},
            },
        }
        story.add("ticket.closed", "close", at, data)
        assignment |= {"state": AssignmentState.CLOSED.value, "replied_at": at, "ended_at": at}
        return due

    # -- worked out once ------------------------------------------------------------------------------------------

    def _rules_at(self, at: datetime) -> Rules:
        if at not in self._rules:
            self._rules[at] = self.city.rules_at(at)
        return self._rules[at]

    def _clock(self, at: datetime, urgency: str, limit: int, rules: Rules) -> Clock:
        key = (at, urgency, limit)
        if key not in self._clocks:
            row = Assignment(ordinal=1, role=AssignmentRole.LEAD.value, tier=limit)
            open_round(row, Urgency(urgency), at, limit, rules, self.city.calendar)
            values = {name: row.__dict__[name] for name in ASSIGNMENT_COLUMNS if name in row.__dict__}
            told = {n: values[n] for n in ASSIGNMENT_TRACKED if n != "unit_id" and values[n] not in (None, False, 0)}
            changes = {n: [None, utc(v) if isinstance(v, datetime) else v] for n, v in told.items()}
            self._clocks[key] = Clock(values, changes, row.deadline)
        return self._clocks[key]


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
