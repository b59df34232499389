"""Until when a unit may return work or ask for more time. Pure."""

from __future__ import annotations

from datetime import datetime

from yousu.city.rules import Rules
from yousu.city.workdays import SHANGHAI
from yousu.tickets.models import Assignment


def last_moment_to_extend(deadline: datetime, rules: Rules) -> datetime:
    """The last moment an extension may be asked for: the deadline, and on its day not after ``rules.extension.latest_time``."""
    local = deadline.astimezone(SHANGHAI)
    return min(local, datetime.combine(local.date(), rules.extension.latest_time, SHANGHAI))


def most_days(limit: int, rules: Rules) -> int:
    """The longest extension, in workdays: at most the original length."""
    return int(limit * rules.extension.max_share)


def why_no_return(assignment: Assignment, now: datetime, returns: int, rules: Rules) -> str:
    """Why this assignment cannot be returned, as a sentence; empty when it can."""
    if assignment.forced:
        return "指定承办的工单不能退单（首接负责）。"
    if assignment.round > 1:
        return "重办的工单不能退单。"
    if assignment.return_rejected:
        return "这一派单的退单申请已被驳回，不能再次申请。"
    if assignment.parent_id is None and returns >= rules.returns.max_per_ticket:
        return f"这张工单已退单 {returns} 次，不能再退，请提请会商。"
    if now > assignment.return_by:
        return f"退单须在派单后 {rules.returns.within_workdays} 个工作日内提出，期限为{_moment(assignment.return_by)}。"
    return ""


def why_no_extension(assignment: Assignment, now: datetime, days: int, rules: Rules) -> str:
    """Why more time cannot be asked for, as a sentence; empty when it can."""
    if assignment.extensions >= rules.extension.max_times:
        return f"每一派单最多延期 {rules.extension.max_times} 次。"
    last = last_moment_to_extend(assignment.deadline, rules)
    if now > last:
        return f"延期须在{_moment(last)}前申请（到期日 {rules.extension.latest_time:%H:%M} 截止）。"
    most = most_days(assignment.limit, rules)
    if days > most:
        return f"延期最长 {most} 个工作日（不超过原时限）。"
    return ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m月%d日%H:%M}"
