"""The rule set (规则): every number of the city's rules, typed and validated, with the defaults of the reference city.

Sources: [city] published by Xining; [nation] national rule; [practice] other cities' rules; the rest are defaults where
nobody published one. A rule set is data: a city edits it as a new version, and every event names the version it fell under.
"""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[Decimal, Field(ge=0, le=1)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=10_000)]
Workdays = Annotated[int, Field(ge=1, le=250)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Part):
    """A span of the day, [start, end)."""

    start: time
    end: time

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.start >= self.end:
            raise ValueError("时段的开始须早于结束")
        return self


class Named(Part):
    """A choice that a city words itself: a ground of refusal, a body to transfer to."""

    key: str
    label: str
    basis: str = ""


class Hours(Part):
    """Working hours, Asia/Shanghai."""

    spans: Annotated[tuple[Span, ...], Field(min_length=1)] = (
        Span(start=time(8, 30), end=time(12)),
        Span(start=time(14, 30), end=time(18)),
    )


class Sign(Part):
    """签收: hours for 特急/紧急, workdays for the rest."""

    urgent_hours: Count = 2
    ordinary_workdays: Workdays = 1


class Returns(Part):
    """退单: within so many workdays of dispatch, so many in a ticket's life, then 会商 and a forced assignment."""

    within_workdays: Workdays = 1
    max_per_ticket: Count = 2


class Extension(Part):
    """延期: before the deadline and, on the day it falls due, before this time [city]; once; at most this share of the limit."""

    latest_time: time = time(17)
    max_times: Count = 1
    max_share: Decimal = Decimal("1")


class Lights(Part):
    """Percent of the time used at which to remind, and at which the light turns yellow; red is overdue."""

    remind_at: tuple[int, ...] = (50, 80, 100)
    yellow_at: int = 80


class Callback(Part):
    """回访: days after the reply, attempts, and the day slots among which attempts must differ."""

    within_days: Count = 3
    attempts: Count = 3
    slots: Annotated[tuple[Span, ...], Field(min_length=1)] = (
        Span(start=time(8, 30), end=time(12)),
        Span(start=time(12), end=time(18)),
        Span(start=time(18), end=time(21)),
    )


class Redo(Part):
    """重办: share of the limit (rounded up to whole workdays); after how many failures pool, 会商 or 挂账."""

    limit_share: Share = Decimal("0.5")
    pool_after: Count = 2
    consult_after: Count = 3


class Repeat(Part):
    """重复诉求: same caller or same place, same item, within so many days."""

    window_days: Count = 30


class Reopen(Part):
    """A closed ticket may be reopened for so many days; later it is a new request."""

    window_days: Count = 90


class Limits(Part):
    """Sizes of what comes in."""

    title_chars: Count = 60
    content_chars: Count = 5_000
    reply_chars: Count = 5_000
    attachment_megabytes: Count = 20
    attachments: Count = 20


class Evaluation(Part):
    """三率一量: satisfaction weight of 基本满意, weights of the score, zones, appeals (domain §5)."""

    basically_satisfied_weight: Share = Decimal("0.6")
    response_weight: Share = Decimal("0.1")
    solved_weight: Share = Decimal("0.5")
    satisfied_weight: Share = Decimal("0.4")
    blue_from: Percent = Decimal(95)
    red_below: Percent = Decimal(85)
    stay_closed_days: tuple[int, ...] = (30, 90)
    appeal_workdays: Workdays = 3

    @model_validator(mode="after")
    def _adds_up(self) -> Evaluation:
        if self.response_weight + self.solved_weight + self.satisfied_weight != 1:
            raise ValueError("响应、解决、满意三项权重之和须为 1")
        if self.red_below > self.blue_from:
            raise ValueError("红区上限不能高于蓝区下限")
        return self


class Oversight(Part):
    """督办 (domain §6): what brings a ticket to which level."""

    hotline_redos: Count = 2
    government_overdue_workdays: Count = 5
    government_repeats: Count = 3
    mass_citizens: Count = 5
    mass_days: Count = 7


class Security(Part):
    """账号安全 (等保三级): failures before a lock, its length, and the idle time after which a session ends."""

    lock_after: Count = 5
    lock_minutes: Count = 30
    idle_minutes: Count = 30


class Retention(Part):
    """保存期限: uploads that no verb named, idempotency keys, sign-in records (等保三级: at least six months)."""

    unbound_attachment_days: Count = 7
    idempotency_days: Count = 30
    sign_in_days: Annotated[int, Field(ge=183, le=10_000)] = 190


GROUNDS = (
    Named(key="litigation", label="已进入诉讼、仲裁、行政复议程序", basis="《信访工作条例》第三十一条"),
    Named(key="petition", label="应当依照信访程序办理", basis="《信访工作条例》第十八条"),
    Named(key="concluded", label="同一事项已办结且无新的事实", basis="《北京市接诉即办工作条例》第十一条"),
    Named(key="secret", label="涉及国家秘密、商业秘密、个人隐私", basis="《政府信息公开条例》第十四条、第十五条"),
    Named(key="outside", label="不属于政府职责范围", basis="国办发〔2020〕53号"),
    Named(key="unlawful", label="违反法律法规或公序良俗", basis="《北京市接诉即办工作条例》第十一条"),
)

BODIES = (
    Named(key="110", label="110 报警服务台", basis="国办发〔2022〕12号"),
    Named(key="119", label="119 消防救援"),
    Named(key="120", label="120 医疗急救"),
    Named(key="122", label="122 交通事故报警"),
    Named(key="petition_office", label="信访部门"),
    Named(key="legal_aid", label="12348 法律援助"),
    Named(key="other_city", label="其他城市 12345 热线"),
    Named(key="other", label="其他机构"),
)


class Rules(Part):
    """One version of the rules. ``version`` 0 is the built-in default."""

    version: int = 0
    tiers: Annotated[tuple[Workdays, ...], Field(min_length=1)] = (1, 3, 7, 11)
    hours: Hours = Hours()
    sign: Sign = Sign()
    contact_hours: Count = 24
    returns: Returns = Returns()
    extension: Extension = Extension()
    lights: Lights = Lights()
    callback: Callback = Callback()
    redo: Redo = Redo()
    repeat: Repeat = Repeat()
    reopen: Reopen = Reopen()
    limits: Limits = Limits()
    evaluation: Evaluation = Evaluation()
    oversight: Oversight = Oversight()
    security: Security = Security()
    retention: Retention = Retention()
    answerable_types: tuple[str, ...] = ("inquiry", "suggestion", "praise", "other")
    identity_hidden_types: tuple[str, ...] = ("report",)
    refusal_grounds: tuple[Named, ...] = GROUNDS
    transfer_bodies: tuple[Named, ...] = BODIES
