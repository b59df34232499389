"""Nothing personal lies open: not in events, not in what others read, not in a log, not in a column."""

from __future__ import annotations

import json
import logging

import pytest
from django.db import connection

from tests.factories import MONDAY, item, person, registered, reload, someone
from yousu.base.errors import Refused
from yousu.tickets.models import Event, Ticket, TicketText
from yousu.tickets.registry import REGISTRY

pytestmark = pytest.mark.django_db

NAME, ACCUSED = "欧阳建国", "司马物业公司"
PHONE, OTHER, IDENTITY, LANDLINE = "13987654321", "15012348765", "630102197803154417", "0971-8247123"
EMAIL, ADDRESS = "jianguo@example.com", "夏都大街12号3号楼2单元401室"
SECRETS = (NAME, ACCUSED, PHONE, OTHER, IDENTITY, LANDLINE, EMAIL, ADDRESS, "13900001111", "139 8765 4321")
TEXT = f"我是{NAME}，身份证{IDENTITY}，电话{PHONE}或139 8765 4321，座机{LANDLINE}，{ACCUSED}不供暖。"
WORD = f"已联系{NAME}（{PHONE}、{OTHER}、{IDENTITY}、{LANDLINE}），{ACCUSED}已整改。"
CALLER = {
    "caller_name": NAME,
    "caller_phone": PHONE,
    "contact_phone": OTHER,
    "caller_id_number": IDENTITY,
    "caller_email": EMAIL,
    "accused": ACCUSED,
    "address": ADDRESS,
    "area": "630102001",
}


def ticket_with_everything(**inputs):
    return registered(content=TEXT, title=f"{NAME} {PHONE} 反映供暖", **{**CALLER, **inputs})


def whole_chain():
    """Every verb once, with personal data in every free text; the tickets it was done to."""
    desk, sender, caller = person("huawu1"), person("paidan1"), person("huifang1")
    street, unit = someone("handler", "630102001"), person("chengdong")
    one = ticket_with_everything(source="gov", external_id=f"{PHONE}-1")

    def do(name, target, by, **inputs):
        return REGISTRY[name](target, by=by, now=MONDAY, **inputs)

    code = item(7)
    for redirect in ("", "630103"):
        first = do("dispatch", one, sender, lead="630102", item=code, advice=WORD).assignment
        do("recall", one, sender, reason=WORD)
        first = do("dispatch", one, sender, lead="630102", item=code, advice=WORD).assignment
        do("return_assignment", first, unit, reason=WORD, basis=WORD)
        if redirect:
            do("accept_return", first, sender, opinion=WORD)
        else:
            do("reject_return", first, sender, opinion=WORD)
            do("withdraw", one, desk, reason=WORD)
            one = ticket_with_everything()
    do("call_consultation", one, sender, question=WORD, invited=["630102"])
    lead = do("conclude_consultation", one, sender, minutes=WORD, lead="630102").assignment
    do("sign", lead, unit)
    do("record_contact", lead, unit, note=WORD)
    sub = do("sub_dispatch", lead, unit, unit="630102001", advice=WORD).assignment
    do("sign", sub, street)
    do("ask_extension", lead, unit, days=1, reason=WORD)
    do("grant_extension", lead, sender, told=WORD[:200], opinion=WORD)
    do("ask_extension", sub, street, days=1, reason=WORD)
    do("refuse_extension", sub, unit, opinion=WORD)
    do("reply", sub, street, text=WORD)
    do("consolidate", lead, unit, text=WORD, without=WORD)
    do("call_back", one, caller, connected=True, satisfaction="dissatisfied", opinion=WORD)
    do("order_redo", one, caller, reason=WORD)
    do("shelve", one, sender, reason=WORD, measures=WORD, promised_on="2026-10-30")
    do("clear", one, sender, result=WORD)
    do("call_back", one, caller, connected=True, solved=True, satisfaction="satisfied", opinion=WORD)
    do("reopen", one, desk, reason=WORD)
    do("transfer", one, desk, body="110", note=WORD, reference="回执")
    others = [ticket_with_everything(type="inquiry") for _ in range(4)]
    do("answer", others[0], desk, text=WORD, knowledge=WORD)
    do("refuse", others[1], desk, ground="secret", basis=WORD, told=WORD)
    do("link_repeat", others[2], desk, of=others[3].number, reason=WORD)
    do("merge", others[3], desk, of=others[2].number, reason=WORD)
    silent = do("dispatch", ticket_with_everything(reply_wanted=False), sender, lead="630102", item=code).assignment
    do("sign", silent, unit)
    do("reply", silent, unit, text=WORD)
    do("close", silent.ticket, caller, reason=WORD)


@pytest.fixture
def lived(caplog):
    with caplog.at_level(logging.DEBUG):
        whole_chain()
    return caplog


def test_no_event_of_any_verb_holds_personal_data(lived):
    done = set(Event.objects.values_list("verb", flat=True))
    assert set(REGISTRY) - done == {"register", "dispatch_parallel", "force_assign", "recompute_deadline"} - done
    for event in Event.objects.all():
        said = json.dumps(event.data, ensure_ascii=False)
        assert not [secret for secret in SECRETS if secret in said], event.verb


def test_what_others_read_holds_no_personal_data(lived):
    for ticket in Ticket.objects.all():
        shown = f"{ticket.title} {ticket.content} {ticket} {ticket!r} {TicketText.objects.get(ticket=ticket).grams}"
        assert not [secret for secret in SECRETS if secret in shown]
        assert ticket.original.open() == TEXT
        assert (ticket.caller_name.open(), ticket.caller_phone.open()) == (NAME, PHONE)


def test_nothing_logged_holds_personal_data(lived):
    own = "\n".join(r.getMessage() for r in lived.records if not r.name.startswith("django.db"))
    assert not [secret for secret in SECRETS if secret in own]


def test_no_column_of_a_ticket_or_its_keys_holds_personal_data():
    ticket = ticket_with_everything()
    with connection.cursor() as cursor:
        for table, key in (
            ("tickets_ticket", "id"),
            ("tickets_tickettext", "ticket_id"),
            ("tickets_event", "ticket_id"),
        ):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t WHERE {key} = %s", [ticket.pk])
            for (row,) in cursor.fetchall():
                assert not [secret for secret in SECRETS if secret in row], table
        cursor.execute("SELECT caller_phone, caller_name, address, accused, original FROM tickets_ticket")
        assert all("$" in value for value in cursor.fetchone())
    row = reload(ticket)
    assert (row.address.open(), row.accused.open(), row.caller_email.open()) == (ADDRESS, ACCUSED, EMAIL)


def test_a_refusal_does_not_repeat_what_was_typed_into_a_personal_field(caplog):
    with caplog.at_level(logging.DEBUG, logger="yousu"), pytest.raises(Refused) as refused:
        registered(**{**CALLER, "caller_phone": PHONE + "转分机甲"})
    assert PHONE not in str(refused.value) and PHONE not in caplog.text
