from yousu.tickets.models.assignment import Assignment, Extension, Reply, Return
from yousu.tickets.models.event import Anchor, Event, RevealLog, VerbCall
from yousu.tickets.models.ticket import Attachment, Ticket, TicketText

__all__ = [
    "Anchor",
    "Assignment",
    "Attachment",
    "Event",
    "Extension",
    "Reply",
    "Return",
    "RevealLog",
    "Ticket",
    "TicketText",
    "VerbCall",
]
