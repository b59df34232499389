"""Roles (岗位) and the levels of units. They are the product's vocabulary; who holds them is the city's data."""

from __future__ import annotations

from django.db.models import TextChoices


class Role(TextChoices):
    OPERATOR = "operator", "话务员"
    DISPATCHER = "dispatcher", "派单员"
    HANDLER = "handler", "承办人员"
    CALLBACK = "callback", "回访员"
    SUPERVISOR_HOTLINE = "supervisor_hotline", "热线督办员"
    SUPERVISOR_GOVERNMENT = "supervisor_government", "政府督查员"
    SUPERVISOR_DISCIPLINE = "supervisor_discipline", "纪检监察员"
    EVALUATOR = "evaluator", "考评员"
    ANALYST = "analyst", "分析员"
    PUBLICITY = "publicity", "宣传员"
    LEADER = "leader", "领导"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    AUDIT_ADMIN = "audit_admin", "审计管理员"


# 三员分立 (GB/T 22239-2019, level 3): nobody holds two of these, nor one of these beside a business role.
ADMIN_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})

# Those who see every ticket of the city.
CITYWIDE_ROLES = frozenset(
    {
        Role.OPERATOR,
        Role.DISPATCHER,
        Role.CALLBACK,
        Role.SUPERVISOR_HOTLINE,
        Role.SUPERVISOR_GOVERNMENT,
        Role.SUPERVISOR_DISCIPLINE,
        Role.EVALUATOR,
        Role.ANALYST,
        Role.PUBLICITY,
        Role.LEADER,
    }
)


class UnitKind(TextChoices):
    CITY = "city", "市级"
    CENTER = "center", "热线中心"
    DISTRICT = "district", "区县"
    DEPARTMENT = "department", "部门"
    PARK = "park", "园区"
    ENTERPRISE = "enterprise", "公用企业"
    TOWN = "town", "街道（乡镇）"
    COMMUNITY = "community", "社区（村）"
    GRID = "grid", "网格"


class Level(TextChoices):
    """The lowest level to which a catalogue item may be dispatched (部门职责不得下派, 国办函〔2025〕66号)."""

    CITY = "city", "市级"
    DISTRICT = "district", "区县"
    TOWN = "town", "街道（乡镇）"
    COMMUNITY = "community", "社区（村）"
    GRID = "grid", "网格"


DEPTH: dict[str, int] = {level: depth for depth, level in enumerate(Level.values)}

LEVEL_OF_KIND: dict[str, str] = {
    UnitKind.CITY: Level.CITY,
    UnitKind.CENTER: Level.CITY,
    UnitKind.DEPARTMENT: Level.CITY,
    UnitKind.ENTERPRISE: Level.CITY,
    UnitKind.DISTRICT: Level.DISTRICT,
    UnitKind.PARK: Level.DISTRICT,
    UnitKind.TOWN: Level.TOWN,
    UnitKind.COMMUNITY: Level.COMMUNITY,
    UnitKind.GRID: Level.GRID,
}


class Urgency(TextChoices):
    EXTREME = "extreme", "特急"
    URGENT = "urgent", "紧急"
    ORDINARY = "ordinary", "一般"
