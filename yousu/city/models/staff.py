from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from yousu.city.models.places import Unit
from yousu.city.roles import Role


class StaffManager(BaseUserManager["Staff"]):
    def create_user(self, username: str, name: str, password: str | None = None) -> Staff:
        staff = self.model(username=username, name=name)
        staff.set_password(password)
        staff.save()
        return staff


class Staff(AbstractBaseUser):
    """A person who works in the platform. What they may do follows from their roles, each bound to a unit."""

    username = models.CharField("账号", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=40)
    is_active = models.BooleanField("启用", default=True)
    failed_logins = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField("锁定至", null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[StaffManager] = StaffManager()

    def __str__(self) -> str:
        return self.name

    def grants(self) -> frozenset[tuple[str, int]]:
        """The (role, unit id) pairs this person holds; read once per object."""
        if not hasattr(self, "_grants"):
            self._grants = frozenset(self.roles.values_list("role", "unit_id"))
        return self._grants

    def has_role(self, *roles: str) -> bool:
        return any(role in roles for role, _ in self.grants())

    def units(self, *roles: str) -> frozenset[int]:
        """Ids of the units in which this person holds one of ``roles``."""
        return frozenset(unit for role, unit in self.grants() if role in roles)


class StaffRole(models.Model):
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="roles")
    role = models.CharField("岗位", max_length=24, choices=Role.choices)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="staff_roles", verbose_name="单位")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["staff", "role", "unit"], name="staff_role_once")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}·{self.unit}"


class ApiToken(models.Model):
    """A bearer token of a person or connector. Only its SM3 digest is kept."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="tokens")
    name = models.CharField("用途", max_length=60)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField("有效期至")
    revoked_at = models.DateTimeField("停用时间", null=True)

    def __str__(self) -> str:
        return self.name


class LoginAttempt(models.Model):
    """Audit of sign-ins (等保三级): kept at least six months."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    username = models.CharField(max_length=40)
    address = models.GenericIPAddressField(null=True)
    outcome = models.CharField(max_length=12)

    def __str__(self) -> str:
        return f"{self.username} {self.outcome}"
