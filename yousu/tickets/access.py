"""Who may do what to which ticket: roles and relations. The one place that decides, for pages and endpoints alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.db.models import Exists, OuterRef, Q, QuerySet

from yousu.city import directory
from yousu.city.models import Staff
from yousu.city.roles import CITYWIDE_ROLES, Role
from yousu.tickets.case import Case
from yousu.tickets.models import Assignment, Ticket


class Relation(Enum):
    ANY = ""
    HANDLES = "承办该派单的"
    DISPATCHED = "派出该派单的"


@dataclass(frozen=True)
class Who:
    """People with ``role`` who stand in ``relation`` to the assignment."""

    role: Role
    relation: Relation = Relation.ANY

    @property
    def words(self) -> str:
        return f"{self.relation.value}{self.role.label}"

    def grant(self, staff: Staff, assignment: Assignment | None, parent: Assignment | None) -> tuple[str, int] | None:
        """The (role, unit id) that lets this person do it; None otherwise."""
        for role, unit in sorted(staff.grants()):
            if role == self.role and self._related(unit, assignment, parent):
                return role, unit
        return None

    def _related(self, unit: int, assignment: Assignment | None, parent: Assignment | None) -> bool:
        if self.relation is Relation.ANY:
            return True
        if assignment is None:
            return False
        if self.relation is Relation.HANDLES:
            return unit == assignment.unit_id
        # DISPATCHED: a dispatcher for what the centre sent, the parent's unit for what it sent down.
        if self.role is Role.DISPATCHER:
            return parent is None
        return parent is not None and unit == parent.unit_id


def anyone(*roles: Role) -> tuple[Who, ...]:
    return tuple(Who(role) for role in roles)


HANDLES = (Who(Role.HANDLER, Relation.HANDLES),)
SENT_IT = (Who(Role.DISPATCHER, Relation.DISPATCHED), Who(Role.HANDLER, Relation.DISPATCHED))
PLATFORM = ("platform", None)


def grant_for(
    who: tuple[Who, ...], by: Staff | None, case: Case, assignment: Assignment | None
) -> tuple[str, int | None] | None:
    """The grant under which ``by`` may act, or None. The platform itself (``by`` None) may do everything."""
    if by is None:
        return PLATFORM
    parent = None
    if assignment is not None and assignment.parent_id:
        parent = next((a for a in case.assignments if a.pk == assignment.parent_id), None)
    for one in who:
        if grant := one.grant(by, assignment, parent):
            return grant
    return None


def sees_city(staff: Staff) -> bool:
    return staff.has_role(*CITYWIDE_ROLES)


def handled_units(staff: Staff) -> list[int]:
    """Ids of the units this person handles for, and of all units below them."""
    city = directory.current()
    own = [city.units[pk] for pk in staff.units(Role.HANDLER) if pk in city.units]
    return [unit.pk for unit in city.units.values() if any(unit.is_within(top) for top in own)] if own else []


def barred_units(staff: Staff) -> list[int]:
    """Units against whom this person must not see a complaint: their own, and those above it (回避)."""
    city = directory.current()
    own = [city.units[pk] for pk in staff.units(Role.HANDLER) if pk in city.units]
    return [unit.pk for unit in city.units.values() if any(mine.is_within(unit) for mine in own)] if own else []


def visible(tickets: QuerySet[Ticket], staff: Staff) -> QuerySet[Ticket]:
    """The tickets this person may open: the whole city's, or those that came to their unit or one below it."""
    if sees_city(staff):
        return tickets
    units = handled_units(staff)
    if not units:
        return tickets.none()
    mine = Assignment.objects.filter(ticket=OuterRef("pk"), unit__in=units)
    accused = Q(accused_unit__isnull=False) & Q(accused_unit__in=barred_units(staff))
    return tickets.filter(Exists(mine)).exclude(accused)


def may_see(staff: Staff, case: Case) -> bool:
    if sees_city(staff):
        return True
    if case.ticket.accused_unit_id in barred_units(staff):
        return False
    units = set(handled_units(staff))
    return any(a.unit_id in units for a in case.assignments)
