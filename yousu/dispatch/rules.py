"""To whom a ticket may go. Pure."""

from __future__ import annotations

from yousu.city.models import CatalogueItem, Unit
from yousu.city.roles import DEPTH, Level, UnitKind
from yousu.tickets.models import Ticket

NOT_A_HANDLER = frozenset({UnitKind.CITY, UnitKind.CENTER})


def why_not(unit: Unit, item: CatalogueItem | None, accused: Unit | None) -> str:
    """Why this unit cannot be given the work, as a sentence; empty when it can.

    A duty of a department is not pushed below the catalogue's lowest level (国办函〔2025〕66号); a complaint does not go to
    the body complained of, nor to one below it (济南条例 Art. 32).
    """
    if unit.kind in NOT_A_HANDLER:
        return f"{unit.name}不是承办单位，请选择具体部门、区县或企业。"
    if item is not None and DEPTH[unit.level] > DEPTH[item.lowest_level]:
        return f"“{item.name}”最低派至{Level(item.lowest_level).label}，不能派给{unit.name}。"
    if accused is not None and unit.is_within(accused):
        return f"{unit.name}是被反映单位或其下属，须回避，请派给其上级或监督部门。"
    return ""


def needs_force(ticket: Ticket, max_returns: int) -> bool:
    """Whether the ticket was returned so often that only 会商 or a forced assignment is left."""
    return ticket.return_count >= max_returns
