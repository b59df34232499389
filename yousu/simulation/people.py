"""Who acts: the staff of the city, and where a unit has nobody to handle its work, one simulated account."""

from __future__ import annotations

from random import Random

from django.db.transaction import atomic

from yousu.city.directory import Directory
from yousu.city.models import Staff, StaffRole, Unit
from yousu.city.roles import Role, UnitKind


class People:
    def __init__(self, city: Directory) -> None:
        self.city = city
        self.by_role: dict[str, list[Staff]] = {}
        self.handlers: dict[int, list[Staff]] = {}
        known: dict[int, Staff] = {}
        held = (
            StaffRole.objects.filter(staff__is_active=True).select_related("staff").order_by("staff_id", "role", "pk")
        )
        for row in held:
            staff = known.setdefault(row.staff_id, row.staff)
            self.by_role.setdefault(row.role, []).append(staff)
            if row.role == Role.HANDLER:
                self.handlers.setdefault(row.unit_id, []).append(staff)

    def one(self, role: Role, rng: Random) -> Staff:
        """Somebody of the hotline centre with this role."""
        if not self.by_role.get(role):
            self.by_role[role] = [self._account(f"sim-{role}", f"{role.label}（模拟）", role, self._centre())]
        return rng.choice(self.by_role[role])

    def handler(self, unit_id: int, rng: Random) -> Staff:
        """Somebody who handles the work of this unit."""
        if unit_id not in self.handlers:
            unit = self.city.units[unit_id]
            name = f"{unit.short_name}经办（模拟）"
            self.handlers[unit_id] = [self._account(f"sim-{unit.code}", name, Role.HANDLER, unit)]
        return rng.choice(self.handlers[unit_id])

    def _centre(self) -> Unit:
        kinds = {UnitKind.CENTER: 0, UnitKind.CITY: 1}
        return min(self.city.units.values(), key=lambda unit: (kinds.get(UnitKind(unit.kind), 2), unit.code))

    @atomic
    def _account(self, username: str, name: str, role: Role, unit: Unit) -> Staff:
        """An account with which nobody can sign in."""
        staff = Staff.objects.filter(username=username[:40]).first()
        if staff is None:
            staff = Staff(username=username[:40], name=name[:40])
            staff.set_unusable_password()
            staff.save(force_insert=True)
        if not StaffRole.objects.filter(staff=staff, role=role, unit=unit).exists():
            StaffRole.objects.create(staff=staff, role=role, unit=unit)
        return staff
