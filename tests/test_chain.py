"""The chain end to end through the verbs, on the real database."""

from __future__ import annotations

import pytest

from tests.factories import closed, reload
from yousu.tickets import chain

pytestmark = pytest.mark.django_db


def test_a_solved_ticket_goes_through_the_whole_chain_and_its_history_is_whole():
    ticket = reload(closed(content="市民来电反映暖气不热，电话13912345678，请回电。", caller_name="王小明"))
    events = list(ticket.events.order_by("seq"))
    assert [event.kind for event in events] == [
        "ticket.registered",
        "ticket.dispatched",
        "assignment.signed",
        "assignment.contacted",
        "assignment.replied",
        "ticket.called_back",
    ]
    assert (ticket.state, ticket.closed_as, ticket.seq) == ("closed", "handled", 6)
    assert "13912345678" not in ticket.content
    assert ticket.original.open() == "市民来电反映暖气不热，电话13912345678，请回电。"
    assert chain.first_break(ticket.number, events, ticket.head) is None
