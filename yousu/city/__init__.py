"""Ground floor: areas, units, staff, the dispatch catalogue, the work calendar and the rule sets of one city."""
