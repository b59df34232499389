"""The registry of verbs: one declaration, from which guard, lock, event, form, endpoint, matrix test and docs follow.

A call runs these steps in one transaction:
1. lock the ticket (all writers of a ticket queue here; writers of different tickets never meet) and read its case;
2. answer a repeated idempotency key with what it did the first time;
3. refuse who may not, then refuse the wrong state, then refuse bad input, each with a sentence;
4. run the verb's body on the case;
5. write what changed, one event with before and after, and the next hash of the ticket's chain.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import OperationalError
from django.db.models import Model
from django.utils import timezone
from pydantic import BaseModel

from yousu.base.errors import Refused
from yousu.base.masks import mask_text
from yousu.city import directory
from yousu.city.directory import Directory
from yousu.city.models import Staff, Unit
from yousu.city.rules import Rules
from yousu.tickets.access import Who, grant_for
from yousu.tickets.case import Case
from yousu.tickets.clock import open_round
from yousu.tickets.inputs import Input, inputs_of, validated
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.states import AssignmentState, TicketState
from yousu.tickets.store import DATABASE, Duplicate, Record, Store

RETRIES = 3


@dataclass
class Act:
    """One call of a verb: who, when, under which rules, on which case. A body changes the world only through it."""

    verb: Verb
    by: Staff | None
    now: datetime
    rules: Rules
    city: Directory
    case: Case
    store: Store
    role: str = ""
    by_unit: int | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def ticket(self) -> Ticket:
        return self.case.ticket

    @cached_property
    def _private(self) -> tuple[str, ...]:
        return tuple(name for name in (self.ticket.caller_name.open(), self.ticket.accused.open()) if name)

    def note(self, **facts: Any) -> None:
        """Say something in the event. Empty facts are left out; numbers and names that identify a person are masked."""
        for name, value in facts.items():
            if value not in (None, "", [], False):
                self.data[name] = mask_text(value, self._private) if isinstance(value, str) else value

    def add(self, row: Model) -> None:
        """A satellite row, written with the event."""
        self.case.added.append(row)
        self.case.loaded.setdefault(type(row), self.all(type(row))).append(row)

    def rewrite(self, row: Model) -> None:
        """A satellite row that this call decides."""
        self.case.added.append(row)

    def all(self, model: type[Model]) -> list[Any]:
        """The ticket's rows of a satellite model, oldest first."""
        if model not in self.case.loaded:
            self.case.loaded[model] = self.store.rows(self.case, model)
        return self.case.loaded[model]

    def attach(self, files: Iterable[int]) -> None:
        """Bind uploaded files to this event: one's own, not yet bound to anything."""
        wanted = list(dict.fromkeys(files))
        if not wanted:
            return
        if len(wanted) > (most := self.rules.limits.attachments):
            raise Refused(f"附件不能超过 {most} 个。", field="attachments", code="too_large")
        if self.store.free_files(wanted, self.by) != len(wanted):
            raise Refused("有附件不存在、不是您上传的，或已用于其他工单，请重新上传。", field="attachments")
        self.case.attached += wanted
        self.note(attachments=wanted)

    def assign(
        self,
        unit: Unit,
        role: str,
        *,
        limit: int,
        advice: str = "",
        parent: Assignment | None = None,
        forced: bool = False,
        not_after: datetime | None = None,
    ) -> Assignment:
        """A new assignment whose clock starts now."""
        assignment = Assignment(
            ticket=self.ticket,
            ordinal=len(self.case.assignments) + 1,
            unit=unit,
            role=role,
            parent=parent,
            forced=forced,
            advice=advice,
            tier=limit,
            round=1,
            dispatched_by=self.by,
        )
        open_round(assignment, self.ticket.urgency, self.now, limit, self.rules, self.city.calendar, not_after)
        self.case.assignments.append(assignment)
        return assignment


@dataclass(frozen=True)
class Outcome:
    """What a call did. ``repeated`` when an idempotency key or an external id had been used before."""

    ticket: Ticket
    assignment: Assignment | None
    seq: int
    repeated: bool = False


@dataclass(frozen=True)
class Verb:
    name: str
    label: str
    noun: str
    on: type[Ticket] | type[Assignment] | None
    who: tuple[Who, ...]
    states: frozenset[str]
    ticket_states: frozenset[str]
    event: str
    body: Callable[..., Any]
    model: type[BaseModel]
    inputs: tuple[Input, ...]
    open_when: Callable[[Case, Assignment | None], bool] | None
    tone: str
    order: int
    do_not_call_in_templates = True  # a page names verbs; it must not do them

    @property
    def doc(self) -> str:
        return (self.body.__doc__ or "").strip()

    def __call__(
        self,
        target: Ticket | Assignment | None = None,
        *,
        by: Staff | None,
        now: datetime | None = None,
        key: str = "",
        store: Store = DATABASE,
        **inputs: Any,
    ) -> Outcome:
        """Do it. ``by`` None is the platform itself. Raises ``Refused``; then nothing has changed."""
        return self.call(target, inputs, by=by, now=now, key=key, store=store)

    def call(
        self,
        target: Ticket | Assignment | None,
        inputs: Mapping[str, Any],
        *,
        by: Staff | None,
        now: datetime | None = None,
        key: str = "",
        store: Store = DATABASE,
    ) -> Outcome:
        """The same with the inputs as they came from outside: none of them can pass for ``by`` or ``now``."""
        for attempt in range(RETRIES):
            try:
                return self._once(target, by, now or timezone.now(), key, store, inputs)
            except Duplicate:
                if attempt == RETRIES - 1:
                    raise
            except OperationalError as error:
                if "deadlock" not in str(error) or attempt == RETRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _once(
        self, target: Any, by: Staff | None, now: datetime, key: str, store: Store, inputs: Mapping[str, Any]
    ) -> Outcome:
        city = directory.current()
        rules = city.rules_at(now)
        # A new ticket is one statement: a transaction around it would be two more round trips and no more safety.
        alone = self.on is None and not key and not inputs.get("attachments")
        with contextlib.nullcontext() if alone else store.transaction():
            if key and (done := store.claim(self.name, by, key, target, inputs)):
                return Outcome(done.ticket, done.assignment, done.seq, repeated=True)
            case = self._open(target, store)
            act = Act(self, by, now, rules, city, case, store)
            assignment = case.assignment(target.ordinal) if isinstance(target, Assignment) else None
            self._guard(act, assignment)
            arguments = validated(self.model, self.inputs, inputs, rules)
            subject = assignment if self.on is Assignment else case.ticket
            result = self.body(act, **arguments) if self.on is None else self.body(act, subject, **arguments)
            if self.on is None and result.pk:  # this source has sent this request before
                if key:
                    store.settle(by, key, result, None, result.seq)
                return Outcome(result, None, result.seq, repeated=True)
            made = result if isinstance(result, Assignment) else assignment
            record = self._record(act, made)
            store.save(case, record)
            if key:
                store.settle(by, key, case.ticket, made, record.seq)
            return Outcome(case.ticket, made, record.seq)

    def _open(self, target: Any, store: Store) -> Case:
        if self.on is None:
            return Case(Ticket())
        return store.load(target.pk if isinstance(target, Ticket) else target.ticket_id)

    def _guard(self, act: Act, assignment: Assignment | None) -> None:
        grant = grant_for(self.who, act.by, act.case, assignment)
        if grant is None:
            raise Refused(f"您没有“{self.label}”的权限：{self.who_in_words()}。", code="forbidden")
        act.role, act.by_unit = grant
        if self.on is None:
            return
        if not self.is_open(act.case, assignment):
            raise Refused(
                self._wrong_state(act.case, assignment), code="state", open=labels_open(act.case, assignment, act.by)
            )

    def is_open(self, case: Case, assignment: Assignment | None) -> bool:
        """Whether the states allow it (who may is another question)."""
        if self.ticket_states and case.ticket.state not in self.ticket_states:
            return False
        if self.states and (assignment is None or assignment.state not in self.states or assignment.ended_at):
            return False
        return self.open_when is None or self.open_when(case, assignment)

    def _wrong_state(self, case: Case, assignment: Assignment | None) -> str:
        if self.ticket_states and case.ticket.state not in self.ticket_states:
            label = TicketState(case.ticket.state).label
            return f"工单{case.ticket.number}现在是“{label}”，不能{self.label}。"
        if assignment is not None and self.states and (assignment.state not in self.states or assignment.ended_at):
            return f"这一派单现在是“{AssignmentState(assignment.state).label}”，不能{self.label}。"
        return f"工单{case.ticket.number}现在还不能{self.label}。"

    @property
    def by_platform_only(self) -> bool:
        """Nobody may do it: the platform does it by itself. No form, no endpoint."""
        return not self.who

    def who_in_words(self) -> str:
        if self.by_platform_only:
            return "由平台自动办理"
        return "可由" + "、".join(who.words for who in self.who) + "办理"

    def _record(self, act: Act, assignment: Assignment | None) -> Record:
        data = dict(act.data)
        if changes := act.case.changes(act.city):
            data["changes"] = changes
        return Record(
            kind=self.event,
            verb=self.name,
            at=act.now,
            by=act.by.pk if act.by else None,
            by_unit=act.by_unit,
            role=act.role,
            ordinal=assignment.ordinal if assignment else None,
            rules=act.rules.version,
            data=data,
        )


REGISTRY: dict[str, Verb] = {}


def verb(
    label: str,
    *,
    noun: str,
    event: str,
    who: Who | tuple[Who, ...] = (),
    on: type[Ticket] | type[Assignment] | None = Ticket,
    states: Iterable[str] = (),
    ticket_states: Iterable[str] = (),
    open_when: Callable[[Case, Assignment | None], bool] | None = None,
    tone: str = "",
) -> Callable[[Callable[..., Any]], Verb]:
    """Declare a verb. ``noun`` is its endpoint below the ticket or assignment; ``states`` are the assignment's.

    ``who`` empty: the platform alone does it.
    ``open_when`` is a further condition of state (never of person or time) under which the verb is offered at all.
    ``tone`` colours its button: ``primary`` for the usual next step, ``danger`` for one that ends something.
    """

    def declare(body: Callable[..., Any]) -> Verb:
        model, inputs = inputs_of(body)
        name = getattr(body, "__name__", "")
        if name in REGISTRY:
            raise RuntimeError(f"verb {name} declared twice")
        declared = Verb(
            name=name,
            label=label,
            noun=noun,
            on=on,
            who=who if isinstance(who, tuple) else (who,),
            states=frozenset(states),
            ticket_states=frozenset(ticket_states),
            event=event,
            body=body,
            model=model,
            inputs=inputs,
            open_when=open_when,
            tone=tone,
            order=len(REGISTRY),
        )
        REGISTRY[name] = declared
        return declared

    return declare


def open_verbs(case: Case, assignment: Assignment | None, by: Staff | None) -> list[Verb]:
    """The verbs open now to this person, on the ticket (``assignment`` None) or on one assignment."""
    kind = Ticket if assignment is None else Assignment
    return [
        verb
        for verb in REGISTRY.values()
        if verb.on is kind and verb.is_open(case, assignment) and grant_for(verb.who, by, case, assignment)
    ]


def labels_open(case: Case, assignment: Assignment | None, by: Staff | None) -> list[str]:
    found = open_verbs(case, None, by) + (open_verbs(case, assignment, by) if assignment else [])
    return [verb.label for verb in found]
