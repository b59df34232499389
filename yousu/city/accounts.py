"""Accounts (等保三级, GB/T 22239-2019): password complexity, lock-out, separation of the three administrators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import LoginAttempt, Staff, StaffRole, Unit
from yousu.city.roles import ADMIN_ROLES, Role

KINDS_OF_CHARACTERS = 3


class MixedCharacters:
    """At least three of: lower case, upper case, digits, others."""

    def validate(self, password: str, user: object = None) -> None:
        kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
        if sum(any(kind(c) for c in password) for kind in kinds) < KINDS_OF_CHARACTERS:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return "密码须包含大写字母、小写字母、数字、符号中的至少三类。"


def sign_in(request: HttpRequest | None, username: str, password: str, address: str | None, now: datetime) -> Staff:
    """The staff member, or ``Refused``. Failures in a row lock the account (``Rules.security``). Every attempt is logged."""
    staff = Staff.objects.filter(username=username).first()
    if staff and staff.locked_until and staff.locked_until > now:
        _log(username, address, "locked")
        minutes = int((staff.locked_until - now).total_seconds() // 60) + 1
        raise Refused(f"连续输错密码，账号已锁定，请 {minutes} 分钟后再试，或联系安全管理员。", code="forbidden")
    found = authenticate(request, username=username, password=password)
    if found is None:
        _failed(staff, now)
        _log(username, address, "failed")
        raise Refused("账号或密码不正确。", field="password", code="forbidden")
    assert isinstance(found, Staff)
    if found.failed_logins or found.locked_until:
        Staff.objects.filter(pk=found.pk).update(failed_logins=0, locked_until=None)
    _log(username, address, "ok")
    return found


def _failed(staff: Staff | None, now: datetime) -> None:
    if staff is None:
        return
    security = directory.current().rules_at(now).security
    with transaction.atomic():
        row = Staff.objects.select_for_update().get(pk=staff.pk)
        row.failed_logins += 1
        if row.failed_logins >= security.lock_after:
            row.locked_until, row.failed_logins = now + timedelta(minutes=security.lock_minutes), 0
        row.save(update_fields=["failed_logins", "locked_until"])


def _log(username: str, address: str | None, outcome: str) -> None:
    LoginAttempt.objects.create(username=username[:40], address=address, outcome=outcome)


def give_roles(staff: Staff, roles: Iterable[str], unit: Unit) -> None:
    """Bind roles to a unit. Refused when it would mix an administrator's role with any other (三员分立)."""
    held = set(staff.roles.values_list("role", flat=True)) | set(roles)
    if unknown := held - set(Role.values):
        raise Refused(f"没有这样的岗位：{'、'.join(sorted(unknown))}。", field="roles")
    if held & ADMIN_ROLES and len(held) > 1:
        raise Refused("系统、安全、审计三类管理员须由不同的人担任，也不能兼任业务岗位。", field="roles")
    StaffRole.objects.bulk_create(
        [StaffRole(staff=staff, role=role, unit=unit) for role in roles], ignore_conflicts=True
    )


def is_locked(staff: Staff) -> bool:
    return bool(staff.locked_until and staff.locked_until > timezone.now())
