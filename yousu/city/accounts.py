"""Accounts (等保三级, GB/T 22239-2019): password complexity, lock-out, separation of the three administrators."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.base.sealed import sm3
from yousu.city import directory
from yousu.city.models import ApiToken, LoginAttempt, Staff, StaffRole, Unit
from yousu.city.roles import ADMIN_ROLES, Role

KINDS_OF_CHARACTERS = 3
NAME_CHARS = 40
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


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


def new_account(username: str, name: str, password: str, roles: Iterable[str], unit: Unit) -> Staff:
    """A new account with its roles, in one transaction."""
    if not USERNAME.fullmatch(username):
        raise Refused("账号须为 2 至 40 个小写字母、数字、点、下划线或短横线。", field="username")
    if Staff.objects.filter(username=username).exists():
        raise Refused(f"账号“{username}”已存在，请另取一个。", field="username", code="conflict")
    if not name.strip() or len(name) > NAME_CHARS:
        raise Refused(f"姓名须为 1 至 {NAME_CHARS} 个字。", field="name")
    with transaction.atomic():
        staff = Staff(username=username, name=name.strip())
        set_password(staff, password)
        give_roles(staff, list(roles), unit)
    return staff


def set_password(staff: Staff, password: str) -> None:
    """A new password, if it is strong enough; it also ends a lock."""
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise Refused("；".join(error.messages), field="password") from None
    staff.set_password(password)
    staff.failed_logins, staff.locked_until = 0, None
    staff.save()


def set_active(staff: Staff, active: bool) -> None:
    """停用 or 启用. An inactive account can neither sign in nor use its tokens; making it active ends a lock as well."""
    staff.is_active = active
    staff.failed_logins, staff.locked_until = 0, None
    staff.save(update_fields=["is_active", "failed_logins", "locked_until"])


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


TOKEN_DAYS = 30


def issue_token(staff: Staff, name: str, now: datetime, days: int = TOKEN_DAYS) -> tuple[str, ApiToken]:
    """A new bearer token (``ys_…``), told once; only its SM3 digest is kept."""
    token = f"ys_{secrets.token_urlsafe(30)}"
    row = ApiToken.objects.create(
        staff=staff, name=name[:60], digest=sm3(token.encode()), expires_at=now + timedelta(days=days)
    )
    return token, row


def staff_for_token(token: str, now: datetime) -> Staff | None:
    """Whose token it is; None for one that is unknown, expired or revoked, or whose holder is no longer active."""
    found = (
        ApiToken.objects.select_related("staff")
        .filter(digest=sm3(token.encode()), revoked_at=None, expires_at__gt=now, staff__is_active=True)
        .first()
    )
    return found.staff if found else None
