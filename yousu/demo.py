"""The demo city: Xining, its units and catalogue, two weeks of life."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from yousu.base.console import out
from yousu.city.loading import DATA, load_city
from yousu.city.models import Area, Staff
from yousu.city.roles import Role
from yousu.tickets.models import Ticket

PASSWORD = settings.DEMO_PASSWORD
SEED = 12345


def build(days: int, per_day: int) -> None:
    """Load the city and let it live, unless that was done before."""
    if not Area.objects.exists():
        out.print("正在载入西宁市：区划、单位、派单目录、日历、账号……")
        load_city(DATA / "xining", "6301", "西宁市", PASSWORD)
    if days and not Ticket.objects.exists():
        from yousu.simulation.life import populate

        out.print(f"正在模拟最近 {days} 天的诉求……")
        populate(timezone.now(), days, per_day, SEED)


def introduce(url: str) -> None:
    """Where it is and who can sign in."""
    out.print(f"\n[bold]有诉已启动：{url}[/bold]   （Ctrl-C 停止）\n", soft_wrap=True)
    out.print(f"演示账号（密码均为 [bold]{PASSWORD}[/bold]）：")
    for role in (
        Role.OPERATOR,
        Role.DISPATCHER,
        Role.HANDLER,
        Role.CALLBACK,
        Role.SUPERVISOR_HOTLINE,
        Role.LEADER,
        Role.SYSTEM_ADMIN,
    ):
        people = Staff.objects.filter(roles__role=role).exclude(username__startswith="sim-").order_by("id")[:3]
        out.print(f"  {role.label:<8}" + "、".join(f"{p.username}（{p.name}）" for p in people), soft_wrap=True)
