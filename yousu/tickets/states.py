"""The states and kinds of a ticket and its assignments, with their Chinese names."""

from __future__ import annotations

from django.db.models import TextChoices


class TicketState(TextChoices):
    REGISTERED = "registered", "待派单"
    CONSULTING = "consulting", "会商中"
    HANDLING = "handling", "办理中"
    CALLBACK = "callback", "待回访"
    SHELVED = "shelved", "挂账"
    CLOSED = "closed", "已办结"


class ClosedAs(TextChoices):
    HANDLED = "handled", "办结"
    ANSWERED = "answered", "直接答复"
    REFUSED = "refused", "不予受理"
    TRANSFERRED = "transferred", "已转接"
    MERGED = "merged", "已并单"
    WITHDRAWN = "withdrawn", "已撤单"


class AssignmentState(TextChoices):
    DISPATCHED = "dispatched", "待签收"
    SIGNED = "signed", "办理中"
    RETURNING = "returning", "退单待审"
    REPLIED = "replied", "已答复"
    RETURNED = "returned", "已退单"
    RECALLED = "recalled", "已收回"
    CLOSED = "closed", "已办结"


# Work still to be done by the unit.
OPEN_STATES = frozenset({AssignmentState.DISPATCHED, AssignmentState.SIGNED, AssignmentState.RETURNING})
# Assignments that no longer count for the ticket's course.
VOID_STATES = frozenset({AssignmentState.RETURNED, AssignmentState.RECALLED})


class AssignmentRole(TextChoices):
    LEAD = "lead", "主办"
    ASSIST = "assist", "协办"
    TERRITORY = "territory", "属地"
    TRADE = "trade", "行业"
    SUB = "sub", "下派"


# Those whose answers bring the ticket to callback.
PRINCIPAL_ROLES = frozenset({AssignmentRole.LEAD, AssignmentRole.TERRITORY, AssignmentRole.TRADE})


class RequestType(TextChoices):
    INQUIRY = "inquiry", "咨询"
    HELP = "help", "求助"
    COMPLAINT = "complaint", "投诉"
    REPORT = "report", "举报"
    SUGGESTION = "suggestion", "建议"
    PRAISE = "praise", "感谢"
    OTHER = "other", "其他"


class Channel(TextChoices):
    PHONE = "phone", "电话"
    WEB = "web", "网站"
    APP = "app", "市民通"
    WECHAT = "wechat", "微信"
    LETTER = "letter", "来信"
    MAILBOX = "mailbox", "市长信箱"
    GOVERNMENT = "government", "中国政府网"
    POLICE = "police", "110 转办"
    MEDIA = "media", "媒体"
    GRASSROOTS = "grassroots", "书记直通车"
    HOTLINE = "hotline", "归并热线"
    IMPORT = "import", "历史导入"


class Satisfaction(TextChoices):
    SATISFIED = "satisfied", "满意"
    BASIC = "basic", "基本满意"
    DISSATISFIED = "dissatisfied", "不满意"


class CallbackResult(TextChoices):
    NONE = "", "未回访"
    UNREACHED = "unreached", "未接通"
    POSITIVE = "positive", "已解决"
    NEGATIVE = "negative", "未解决或不满意"
