"""The entry page of the three administrators: the ground as it stands, read-only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from yousu.city import directory
from yousu.city.models import CalendarYear, LoginAttempt, RuleSet, Staff, StaffRole
from yousu.city.roles import Role, UnitKind
from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.models import Anchor, RevealLog
from yousu.ui import words
from yousu.ui.views.common import me


@dataclass(frozen=True)
class Card:
    """Facts about one part of the ground; ``warning`` says what is missing and what to do."""

    title: str
    icon: str
    facts: list[tuple[str, str]]
    warning: str = ""
    note: str = field(default="")


def admin_desk(request: HttpRequest) -> HttpResponse:
    staff, now = me(request), timezone.now()
    cards = []
    if staff.has_role(Role.SYSTEM_ADMIN):
        cards += [units(), catalogue(now), calendar(now), rules(now)]
    if staff.has_role(Role.SECURITY_ADMIN):
        cards += [accounts(now), sign_ins(now), security(now)]
    if staff.has_role(Role.AUDIT_ADMIN):
        cards += [anchors(), reveals(now), sign_ins(now)]
    return render(request, "ui/admin_desk.html", {"cards": cards, "now": now})


def units() -> Card:
    kinds = Counter(unit.kind for unit in directory.current().units.values() if unit.active and not unit.scope)
    facts = [(kind.label, f"{kinds[kind]} 个") for kind in UnitKind if kinds[kind]]
    return Card("承办单位", "sitemap", facts, note="单位树按区划代码组织，同名单位以代码区分。")


def catalogue(now: datetime) -> Card:
    city = directory.current()
    if city.catalogue is None:
        return Card("派单目录", "book", [], warning="还没有发布派单目录，工单不能派出。请导入并发布。")
    tiers = Counter(item.tier for item in city.items.values())
    published = city.catalogue.published_at
    facts = [
        ("现行版本", str(city.catalogue)),
        ("发布时间", words.moment(published, now) if published else "未发布"),
        ("事项", f"{len(city.items)} 条"),
        *((f"{tier} 个工作日", f"{tiers[tier]} 条") for tier in sorted(tiers)),
    ]
    return Card("派单目录", "book", facts, note="已发布的版本不再改动，旧工单按当时的版本解释。")


def calendar(now: datetime) -> Card:
    years = {year.year: year.get_source_display() for year in CalendarYear.objects.order_by("year")}
    this = now.astimezone(SHANGHAI).year
    missing = [year for year in (this, this + 1) if year not in years]
    facts = [(f"{year} 年", years.get(year, "尚无官方日历")) for year in (this - 1, this, this + 1)]
    facts.append(("已录入", f"{min(years)}—{max(years)} 年" if years else "无"))
    warning = "".join(
        f"{year} 年尚无官方日历：跨入这一年的期限先按平常周计算并标为“暂定”，国务院办公厅公布后录入即可更新。"
        for year in missing
    )
    return Card("工作日历", "calendar", facts, warning=warning)


def rules(now: datetime) -> Card:
    current = directory.current().rules_at(now)
    row = RuleSet.objects.filter(version=current.version).first()
    return Card("规则", "scale", [("现行版本", str(row) if row else "内置默认规则"), *_in_words(current)])


def _in_words(rules: Rules) -> list[tuple[str, str]]:
    return [
        ("办理时限", "、".join(map(str, rules.tiers)) + " 个工作日"),
        ("签收", f"急件 {rules.sign.urgent_hours} 小时，一般 {rules.sign.ordinary_workdays} 个工作日"),
        ("首次联系", f"{rules.contact_hours} 小时内"),
        ("退单", f"{rules.returns.within_workdays} 个工作日内，每件至多 {rules.returns.max_per_ticket} 次"),
        ("延期", f"至多 {rules.extension.max_times} 次，到期当日 {rules.extension.latest_time:%H:%M} 前申请"),
        ("回访", f"答复后 {rules.callback.within_days} 天内，至多 {rules.callback.attempts} 次"),
        ("黄灯", f"用时达到 {rules.lights.yellow_at}%"),
    ]


def accounts(now: datetime) -> Card:
    held = dict(StaffRole.objects.values_list("role").annotate(Count("staff", distinct=True)))
    facts = [(role.label, f"{held[role]} 人") for role in Role if held.get(role)]
    locked = Staff.objects.filter(locked_until__gt=now).count()
    warning = f"有 {locked} 个账号因连续输错密码被锁定。" if locked else ""
    return Card("账号与岗位", "users", facts, warning=warning, note="系统、安全、审计三类管理员由不同的人担任。")


def sign_ins(now: datetime) -> Card:
    since = now - timedelta(days=1)
    counted = dict(LoginAttempt.objects.filter(at__gte=since).values_list("outcome").annotate(Count("pk")))
    labels = (("ok", "成功"), ("failed", "密码不正确"), ("locked", "账号已锁定"))
    return Card("最近 24 小时登录", "login", [(label, f"{counted.get(key, 0)} 次") for key, label in labels])


def security(now: datetime) -> Card:
    rule = directory.current().rules_at(now).security
    facts = [
        ("连续输错", f"{rule.lock_after} 次后锁定"),
        ("锁定时长", f"{rule.lock_minutes} 分钟"),
        ("无人操作", f"{rule.idle_minutes} 分钟后退出登录"),
    ]
    return Card("账号安全规则", "shield-lock", facts, note="依据网络安全等级保护第三级要求。")


def anchors() -> Card:
    last = Anchor.objects.order_by("date").last()
    facts = [("最近封存", words.exact(last.date)), ("当日事件", f"{last.events} 条")] if last else []
    warning = "" if last else "还没有封存过日志。每日封存后，任何事后改动都能查出。"
    return Card("操作日志封存", "shield-check", facts, warning=warning)


def reveals(now: datetime) -> Card:
    since = now - timedelta(days=30)
    rows = RevealLog.objects.filter(at__gte=since)
    facts = [("最近 30 天", f"{rows.count()} 次"), ("涉及人员", f"{rows.values('staff').distinct().count()} 人")]
    return Card("个人信息查看记录", "eye-check", facts, note="每次查看都记录人员、理由和内容。")
