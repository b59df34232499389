from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from yousu.base.sealed import SealedField
from yousu.city.models import Area, CatalogueItem, Staff, Unit
from yousu.city.roles import Urgency
from yousu.tickets.states import CallbackResult, Channel, ClosedAs, RequestType, TicketState


def bare_key(to: type[models.Model], **kwargs: Any) -> models.ForeignKey[Any, Any]:
    """A foreign key without an index of its own: an index that no query asks for is paid for at every insert."""
    return models.ForeignKey(to, models.PROTECT, null=True, db_index=False, related_name="+", **kwargs)


class Ticket(models.Model):
    """工单: one request of a citizen. State lives here; the story lives in ``Event``; personal data is sealed.

    ``content`` is what everyone who may open the ticket reads, with numbers and the caller's name masked; where masking
    changed it, ``original`` keeps the text as it came. ``seq`` and ``head`` are the length and last hash of its chain.
    """

    number = models.CharField("工单编号", max_length=20, unique=True)
    source = models.CharField("来源系统", max_length=40)
    external_id = models.CharField("来源编号", max_length=80, null=True)
    channel = models.CharField("渠道", max_length=12, choices=Channel.choices)
    type = models.CharField("诉求类型", max_length=12, choices=RequestType.choices)
    urgency = models.CharField("紧急程度", max_length=8, choices=Urgency.choices, default=Urgency.ORDINARY)

    state = models.CharField("状态", max_length=12, choices=TicketState.choices, default=TicketState.REGISTERED)
    closed_as = models.CharField("办结方式", max_length=12, choices=ClosedAs.choices, blank=True)
    parallel = models.BooleanField("并行办理", default=False)

    title = models.CharField("标题", max_length=200)
    content = models.TextField("诉求内容")
    original = SealedField(verbose_name="原文")

    caller_name = SealedField(verbose_name="来电人")
    caller_sex = models.CharField("性别", max_length=1, blank=True)
    caller_phone = SealedField(verbose_name="来电号码")
    contact_phone = SealedField(verbose_name="联系电话")
    caller_id_number = SealedField(verbose_name="证件号码")
    caller_email = SealedField(verbose_name="电子邮箱")
    caller_company = models.CharField("单位", max_length=80, blank=True)
    phone_key = models.BinaryField(max_length=32, null=True)
    id_key = models.BinaryField(max_length=32, null=True)
    is_secret = models.BooleanField("要求保密", default=False)
    identity_hidden = models.BooleanField("对承办单位隐藏身份", default=False)
    accused = SealedField(verbose_name="被反映对象")
    accused_unit = bare_key(Unit, verbose_name="被反映单位")

    area = bare_key(Area, verbose_name="地点")
    address = SealedField(verbose_name="详细地址")
    place_key = models.BinaryField(max_length=32, null=True)
    lon = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True)
    lat = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True)

    item = bare_key(CatalogueItem, verbose_name="派单事项")
    item_code = models.CharField(max_length=40, blank=True)
    labels = ArrayField(models.CharField(max_length=20), default=list, verbose_name="标签")
    reply_wanted = models.BooleanField("要求回复", default=True)
    repeat_of = bare_key("self", verbose_name="重复于")  # type: ignore[arg-type]
    call_id = models.CharField("通话编号", max_length=60, blank=True)
    recording_id = models.CharField("录音编号", max_length=60, blank=True)
    agent = bare_key(Staff, verbose_name="受理人")
    rules = models.PositiveIntegerField("规则版本", default=0)

    registered_at = models.DateTimeField("受理时间")
    deadline = models.DateTimeField("办理期限", null=True)
    callback_due = models.DateTimeField("回访期限", null=True)
    callback_result = models.CharField("回访结果", max_length=10, choices=CallbackResult.choices, blank=True)
    promised_on = models.DateField("承诺日期", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)
    return_count = models.PositiveSmallIntegerField("退单次数", default=0)
    failure_count = models.PositiveSmallIntegerField("回访不通过次数", default=0)
    reopen_count = models.PositiveSmallIntegerField("重启次数", default=0)

    seq = models.PositiveIntegerField(default=0)
    head = models.BinaryField(max_length=32, default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=Q(external_id__isnull=False), name="ticket_once_per_source"
            )
        ]
        indexes = [
            models.Index(fields=["-registered_at", "-id"], name="ticket_latest"),
            models.Index(fields=["state", "registered_at"], condition=~Q(state="closed"), name="ticket_open"),
            models.Index(fields=["-closed_at", "-id"], condition=Q(closed_at__isnull=False), name="ticket_closed"),
            models.Index(fields=["phone_key"], condition=Q(phone_key__isnull=False), name="ticket_phone"),
            models.Index(fields=["place_key"], condition=Q(place_key__isnull=False), name="ticket_place"),
            models.Index(fields=["repeat_of"], condition=Q(repeat_of__isnull=False), name="ticket_repeat"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state != TicketState.CLOSED


class TicketText(models.Model):
    """The searchable text of a ticket, apart from it: a state change must not rewrite two hundred index entries."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="text")
    grams = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["grams"], name="ticket_text_grams")]

    def __str__(self) -> str:
        return str(self.ticket_id)


class Attachment(models.Model):
    """A file that came with a request or proves a reply. Uploaded first, then bound by the verb that names it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, related_name="attachments")
    seq = models.PositiveIntegerField("所属事件", null=True)
    name = models.CharField("文件名", max_length=200)
    mime = models.CharField("类型", max_length=80)
    size = models.PositiveIntegerField("字节数")
    digest = models.BinaryField(max_length=32)
    path = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(Staff, models.PROTECT, null=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
