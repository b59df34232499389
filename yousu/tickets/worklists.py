"""The desks (工作台): which lists a role works from, what is in them and in which order. Declarations only; see ``desk``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import (
    Case,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    When,
)
from django.db.models import Value as V

from yousu.city.models import Staff
from yousu.city.roles import Role, Urgency
from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.access import barred_units, handled_units
from yousu.tickets.models import Assignment, Ticket
from yousu.tickets.states import OPEN_STATES, AssignmentRole, AssignmentState, CallbackResult, RequestType, TicketState


@dataclass(frozen=True)
class Desk:
    """Who looks, when, and under which rules."""

    staff: Staff
    now: datetime
    rules: Rules

    @property
    def midnight(self) -> datetime:
        """The end of today."""
        today = self.now.astimezone(SHANGHAI).date()
        return datetime.combine(today, time(0), SHANGHAI) + timedelta(days=1)

    @cached_property
    def own(self) -> list[int]:
        """Units this person handles for."""
        return sorted(self.staff.units(Role.HANDLER))

    @cached_property
    def below(self) -> list[int]:
        """Units below those."""
        return sorted(set(handled_units(self.staff)) - set(self.own))

    @cached_property
    def barred(self) -> list[int]:
        """Units about which this person must not see a complaint."""
        return barred_units(self.staff)


@dataclass(frozen=True)
class Worklist:
    """One list. ``by`` is the moment it is ordered by; ``ranked`` puts 特急 and 紧急 first; ``empty`` says what to do."""

    key: str
    label: str
    roles: frozenset[str]
    of: type[Ticket] | type[Assignment]
    rows: Callable[[Desk], QuerySet[Any]]
    by: str
    empty: str
    descending: bool = False
    ranked: bool = False


RANK = Case(
    When(urgency=Urgency.EXTREME, then=V(0)),
    When(urgency=Urgency.URGENT, then=V(1)),
    default=V(2),
    output_field=IntegerField(),
)

WATCHERS = frozenset(
    {
        Role.SUPERVISOR_HOTLINE,
        Role.SUPERVISOR_GOVERNMENT,
        Role.SUPERVISOR_DISCIPLINE,
        Role.EVALUATOR,
        Role.ANALYST,
        Role.PUBLICITY,
        Role.LEADER,
    }
)


# -- what is in them ----------------------------------------------------------------------------------------------


def _tickets(**where: Any) -> Callable[[Desk], QuerySet[Ticket]]:
    return lambda desk: Ticket.objects.filter(**where)


def _mine_open(desk: Desk) -> QuerySet[Ticket]:
    return Ticket.objects.filter(agent=desk.staff).exclude(state=TicketState.CLOSED)


def _answerable(desk: Desk) -> QuerySet[Ticket]:
    kinds = [kind for kind in desk.rules.answerable_types if kind in RequestType.values]
    return Ticket.objects.filter(state=TicketState.REGISTERED, type__in=kinds, return_count=0)


def _open_city(desk: Desk) -> QuerySet[Ticket]:
    return Ticket.objects.exclude(state=TicketState.CLOSED)


def _asked_of_centre(desk: Desk) -> QuerySet[Assignment]:
    return Assignment.objects.filter(state__in=OPEN_STATES, parent__isnull=True)


def _not_against_own(rows: QuerySet[Assignment], desk: Desk) -> QuerySet[Assignment]:
    """Without complaints about the unit itself or one above it (回避)."""
    return rows.filter(
        Q(ticket__accused_unit__isnull=True) | ~Q(ticket__accused_unit__in=desk.barred),
    )


def _own(*states: str) -> Callable[[Desk], QuerySet[Assignment]]:
    return lambda desk: _not_against_own(Assignment.objects.filter(unit__in=desk.own, state__in=states), desk)


def _due_today(desk: Desk) -> QuerySet[Assignment]:
    return _own(*OPEN_STATES)(desk).filter(deadline__gte=desk.now, deadline__lt=desk.midnight)


def _own_overdue(desk: Desk) -> QuerySet[Assignment]:
    return _own(*OPEN_STATES)(desk).filter(deadline__lt=desk.now)


def _to_consolidate(desk: Desk) -> QuerySet[Assignment]:
    """Signed, with helpers of whom none still works: assistants of a principal, or units it was sent down to."""
    void = [AssignmentState.RETURNED, AssignmentState.RECALLED]
    helpers = (
        Assignment.objects.filter(ticket=OuterRef("ticket"), ended_at__isnull=True)
        .exclude(state__in=void)
        .filter(Q(parent=OuterRef("pk")) | Q(role=AssignmentRole.ASSIST, parent__isnull=True) & ~Q(pk=OuterRef("pk")))
    )
    return (
        _own(AssignmentState.SIGNED)(desk)
        .exclude(role=AssignmentRole.ASSIST)
        .filter(Exists(helpers), ~Exists(helpers.filter(state__in=OPEN_STATES)))
    )


def _sent_down(desk: Desk) -> QuerySet[Assignment]:
    rows = Assignment.objects.filter(unit__in=desk.below, state__in=OPEN_STATES, parent__unit__in=desk.own)
    return _not_against_own(rows, desk)


def _asked_from_below(desk: Desk) -> QuerySet[Assignment]:
    return _sent_down(desk).filter(Q(state=AssignmentState.RETURNING) | Q(extension_pending=True))


def _overdue(desk: Desk) -> QuerySet[Assignment]:
    return Assignment.objects.filter(state__in=OPEN_STATES, deadline__lt=desk.now)


def _soon(desk: Desk) -> QuerySet[Assignment]:
    """Those whose light is yellow: ``lights.yellow_at`` percent of the time is used."""
    whole = F("deadline") - F("dispatched_at")
    left = ExpressionWrapper(whole * (100 - desk.rules.lights.yellow_at) / 100.0, output_field=DurationField())
    return Assignment.objects.filter(state__in=OPEN_STATES, deadline__gte=desk.now, deadline__lte=left + V(desk.now))


# -- the lists, in the order of the work --------------------------------------------------------------------------

OPERATOR = frozenset({Role.OPERATOR})
DISPATCHER = frozenset({Role.DISPATCHER})
HANDLER = frozenset({Role.HANDLER})
CALLBACK = frozenset({Role.CALLBACK})

WORKLISTS: tuple[Worklist, ...] = (
    Worklist(
        "mine",
        "我登记的在办",
        OPERATOR,
        Ticket,
        _mine_open,
        "registered_at",
        "您登记的诉求都已办结。接到来电请点“登记诉求”。",
        descending=True,
    ),
    Worklist(
        "to-dispatch",
        "待派单",
        OPERATOR | DISPATCHER,
        Ticket,
        _tickets(state=TicketState.REGISTERED),
        "registered_at",
        "没有待派的工单。新登记和退回的工单会出现在这里，急件在前。",
        ranked=True,
    ),
    Worklist(
        "to-answer",
        "可直接答复",
        OPERATOR,
        Ticket,
        _answerable,
        "registered_at",
        "没有可以直接答复的咨询、建议或感谢。",
    ),
    Worklist(
        "returns",
        "退单待审",
        DISPATCHER,
        Assignment,
        lambda desk: _asked_of_centre(desk).filter(state=AssignmentState.RETURNING),
        "deadline",
        "没有等待审核的退单。单位申请退单后会出现在这里，期限近的在前。",
    ),
    Worklist(
        "extensions",
        "延期待审",
        DISPATCHER,
        Assignment,
        lambda desk: _asked_of_centre(desk).filter(extension_pending=True),
        "deadline",
        "没有等待审核的延期申请。",
    ),
    Worklist(
        "consulting",
        "会商中",
        DISPATCHER,
        Ticket,
        _tickets(state=TicketState.CONSULTING),
        "registered_at",
        "没有正在会商的工单。责任不清的工单可在工单页发起会商。",
    ),
    Worklist(
        "to-call",
        "待回访",
        CALLBACK,
        Ticket,
        _tickets(state=TicketState.CALLBACK, callback_result=CallbackResult.NONE),
        "callback_due",
        "没有等待回访的工单。单位答复后工单会出现在这里，期限近的在前。",
    ),
    Worklist(
        "to-call-again",
        "未接通待再访",
        CALLBACK,
        Ticket,
        _tickets(state=TicketState.CALLBACK, callback_result=CallbackResult.UNREACHED),
        "callback_due",
        "没有需要再次回访的工单。未接通的请换一个时段再打。",
    ),
    Worklist(
        "failed",
        "回访未通过",
        DISPATCHER | CALLBACK,
        Ticket,
        _tickets(state=TicketState.CALLBACK, callback_result=CallbackResult.NEGATIVE),
        "callback_due",
        "没有回访未通过的工单。未解决或不满意的会出现在这里，须重办、会商或挂账。",
    ),
    Worklist(
        "to-sign",
        "待签收",
        HANDLER,
        Assignment,
        _own(AssignmentState.DISPATCHED),
        "deadline",
        "没有待签收的派单，新派来的会出现在这里。",
    ),
    Worklist(
        "in-hand",
        "办理中",
        HANDLER,
        Assignment,
        _own(AssignmentState.SIGNED),
        "deadline",
        "手头没有在办的派单。签收后的派单会出现在这里，期限近的在前。",
    ),
    Worklist(
        "due-today",
        "今日到期",
        HANDLER,
        Assignment,
        _due_today,
        "deadline",
        "今天没有到期的派单。",
    ),
    Worklist(
        "overdue",
        "已超期",
        HANDLER,
        Assignment,
        _own_overdue,
        "deadline",
        "没有超期的派单，请保持。",
    ),
    Worklist(
        "returning",
        "我的退单",
        HANDLER,
        Assignment,
        _own(AssignmentState.RETURNING),
        "deadline",
        "没有等待审核的退单。退单期间办理时限照常计算。",
    ),
    Worklist(
        "to-consolidate",
        "待汇总",
        HANDLER,
        Assignment,
        _to_consolidate,
        "deadline",
        "没有等待汇总的派单。协办和下派单位全部答复后会出现在这里。",
    ),
    Worklist(
        "sent-down",
        "下派在办",
        HANDLER,
        Assignment,
        _sent_down,
        "deadline",
        "没有下派给下级单位的在办派单。",
    ),
    Worklist(
        "asked-from-below",
        "下级退单、延期待审",
        HANDLER,
        Assignment,
        _asked_from_below,
        "deadline",
        "下级单位没有等待您审核的退单或延期。",
    ),
    Worklist(
        "city-overdue",
        "全市超期",
        WATCHERS,
        Assignment,
        _overdue,
        "deadline",
        "全市没有超期的派单。",
    ),
    Worklist(
        "city-soon",
        "即将到期",
        WATCHERS,
        Assignment,
        _soon,
        "deadline",
        "没有临近期限的派单。",
    ),
    Worklist(
        "city-open",
        "在办",
        WATCHERS,
        Ticket,
        _open_city,
        "registered_at",
        "全市没有在办的工单。",
        descending=True,
    ),
    Worklist(
        "shelved",
        "挂账",
        DISPATCHER | WATCHERS,
        Ticket,
        _tickets(state=TicketState.SHELVED, deadline__isnull=False),
        "deadline",
        "没有挂账的工单。客观上暂时不能解决的，写明措施和承诺日期后挂账。",
    ),
    Worklist(
        "city-closed",
        "最近办结",
        WATCHERS,
        Ticket,
        _tickets(state=TicketState.CLOSED, closed_at__isnull=False),
        "closed_at",
        "还没有办结的工单。",
        descending=True,
    ),
)
BY_KEY = {worklist.key: worklist for worklist in WORKLISTS}


def worklists_of(staff: Staff) -> list[Worklist]:
    """The lists of this person's desk, in the order of the work."""
    return [worklist for worklist in WORKLISTS if staff.has_role(*worklist.roles)]
