"""What a form is filled with before anyone types: what the ticket and the catalogue already say."""

from __future__ import annotations

from typing import Any

from yousu.city.directory import Directory
from yousu.city.models import CatalogueItem, Unit
from yousu.tickets.case import Case
from yousu.tickets.registry import Verb


def initial(verb: Verb, case: Case, city: Directory) -> dict[str, Any]:
    """Values by input name. The catalogue's lead unit is offered only where work may go there."""
    ticket = case.ticket
    item = city.items.get(ticket.item_code)
    names = {one.name for one in verb.inputs}
    values: dict[str, Any] = {}
    if "item" in names and item is not None:
        values["item"] = item.code
    if item is not None and "lead" in names and (lead := lead_for(item, ticket.area_id or "", city)):
        values["lead"] = lead.code
    if item is not None and "territory" in names:
        if territory := city.unit_of_area.get((ticket.area_id or "")[:6]):
            values["territory"] = territory.code
        if item.trade_unit_id:
            values["trade"] = city.units[item.trade_unit_id].code
    accused = city.units.get(ticket.accused_unit_id or 0)
    if accused is not None:
        values = {
            name: code
            for name, code in values.items()
            if name == "item" or not city.units_by_code[code].is_within(accused)
        }
    return values


def lead_for(item: CatalogueItem, area_code: str, city: Directory) -> Unit | None:
    """The lead unit under the item's rule, or the nearest territorial body when the place is known only coarsely."""
    lead = city.lead_unit(item, area_code)
    if lead is None and item.lead_rule.startswith("area:"):
        lead = city.unit_of_area.get(area_code[:9]) or city.unit_of_area.get(area_code[:6])
    return lead
