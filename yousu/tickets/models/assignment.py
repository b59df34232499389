from __future__ import annotations

from django.db import models
from django.db.models import Q

from yousu.city.models import Staff, Unit
from yousu.tickets.models.ticket import Ticket, bare_key
from yousu.tickets.states import OPEN_STATES, PRINCIPAL_ROLES, AssignmentRole, AssignmentState


class Assignment(models.Model):
    """派单: the work of one unit on one ticket, with its own state, clock and history.

    ``ordinal`` numbers the assignments of a ticket from 1; events name it, since row ids differ between copies.
    ``tier`` is the limit it was dispatched with, ``limit`` the length of the current round (half of it for a redo), both in
    workdays; ``deadline`` is the round's end, extensions included.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="assignments")
    ordinal = models.PositiveSmallIntegerField("序号")
    unit = models.ForeignKey(Unit, models.PROTECT, db_index=False, related_name="+", verbose_name="承办单位")
    role = models.CharField("角色", max_length=10, choices=AssignmentRole.choices)
    parent = bare_key("self", verbose_name="上级派单")  # type: ignore[arg-type]
    state = models.CharField("状态", max_length=12, choices=AssignmentState.choices, default=AssignmentState.DISPATCHED)
    forced = models.BooleanField("指定承办", default=False)
    advice = models.TextField("派单意见", blank=True)
    tier = models.PositiveSmallIntegerField("派单时限（工作日）")
    limit = models.PositiveSmallIntegerField("时限（工作日）")
    round = models.PositiveSmallIntegerField("办理轮次", default=1)

    dispatched_at = models.DateTimeField("派单时间")
    dispatched_by = bare_key(Staff)
    sign_due = models.DateTimeField("签收期限")
    return_by = models.DateTimeField("退单期限")
    contact_due = models.DateTimeField("首次联系期限")
    deadline = models.DateTimeField("办理期限")
    provisional = models.BooleanField("期限暂定", default=False)
    signed_at = models.DateTimeField("签收时间", null=True)
    signed_by = bare_key(Staff)
    contacted_at = models.DateTimeField("首次联系时间", null=True)
    replied_at = models.DateTimeField("答复时间", null=True)
    ended_at = models.DateTimeField("终结时间", null=True)
    extensions = models.PositiveSmallIntegerField("延期次数", default=0)
    extension_pending = models.BooleanField("延期待审", default=False)
    return_rejected = models.BooleanField("退单曾被驳回", default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "ordinal"], name="assignment_ordinal")]
        indexes = [
            models.Index(
                fields=["unit", "state", "deadline"],
                condition=Q(state__in=sorted(OPEN_STATES)),
                name="assignment_open",
            ),
            models.Index(fields=["unit", "-dispatched_at"], name="assignment_unit"),
            models.Index(fields=["deadline"], condition=Q(state__in=sorted(OPEN_STATES)), name="assignment_due"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}/{self.ordinal}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_principal(self) -> bool:
        return self.role in PRINCIPAL_ROLES and self.parent_id is None


class Satellite(models.Model):
    """A row that hangs on an assignment: written once by a verb, decided at most once by another."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+")
    ordinal = models.PositiveSmallIntegerField("派单序号")
    at = models.DateTimeField()
    by = bare_key(Staff)

    class Meta:
        abstract = True


class Return(Satellite):
    """退单: asked for by the unit, with its reason and legal basis; judged by who dispatched."""

    reason = models.TextField("退单理由")
    basis = models.TextField("法律或职责依据")
    suggested = models.CharField("建议承办单位", max_length=40, blank=True)
    decision = models.CharField("审核结果", max_length=10, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = bare_key(Staff)
    opinion = models.TextField("审核意见", blank=True)
    state_before = models.CharField(max_length=12)

    def __str__(self) -> str:
        return f"退单 {self.ticket_id}/{self.ordinal}"


class Extension(Satellite):
    """延期: asked for before the deadline, granted or refused by who dispatched."""

    days = models.PositiveSmallIntegerField("延长工作日")
    reason = models.TextField("延期理由")
    decision = models.CharField("审核结果", max_length=10, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = bare_key(Staff)
    opinion = models.TextField("审核意见", blank=True)
    new_deadline = models.DateTimeField("新期限", null=True)

    def __str__(self) -> str:
        return f"延期 {self.ticket_id}/{self.ordinal}"


class Reply(Satellite):
    """答复: what the unit found and did. ``round`` tells the redo it belongs to."""

    round = models.PositiveSmallIntegerField(default=1)
    text = models.TextField("办理情况")
    solved = models.BooleanField("问题已解决", default=True)
    consolidated = models.BooleanField("汇总答复", default=False)

    def __str__(self) -> str:
        return f"答复 {self.ticket_id}/{self.ordinal}"
