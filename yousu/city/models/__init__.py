from yousu.city.models.calendar import CalendarDay, CalendarYear
from yousu.city.models.catalogue import CatalogueItem, CatalogueVersion, Classification
from yousu.city.models.places import Area, Unit
from yousu.city.models.rulesets import RuleSet
from yousu.city.models.staff import ApiToken, LoginAttempt, Staff, StaffRole
from yousu.city.models.stamp import Stamp

__all__ = [
    "ApiToken",
    "Area",
    "CalendarDay",
    "CalendarYear",
    "CatalogueItem",
    "CatalogueVersion",
    "Classification",
    "LoginAttempt",
    "RuleSet",
    "Staff",
    "StaffRole",
    "Stamp",
    "Unit",
]
