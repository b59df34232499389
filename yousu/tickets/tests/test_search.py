"""Chinese search: every phrase that stands in a text finds it, and no other."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import registered
from yousu.tickets.models import TicketText
from yousu.tickets.search import grams, query

pytestmark = pytest.mark.django_db
FEW_HAN = st.text("暖气不热停水电𠮷〇", max_size=40)
MIXED = st.text("暖气不热停水3a，。 \n🔥Ａ１-'", max_size=60)
PHRASE = st.text("暖气不热停水电𠮷", min_size=2, max_size=6)
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def finds(text, words):
    """Whether a search for ``words`` finds a ticket with this text, asked of the database."""
    asked = query(words)
    if not asked:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [grams("", text), asked])
        return cursor.fetchone()[0]


@MANY
@given(st.data(), MIXED)
def test_any_piece_of_two_or_more_han_characters_is_found(data, text):
    runs = [run for run in "".join(c if c in "暖气不热停水" else " " for c in text).split() if len(run) >= 2]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))
    assert finds(text, run[start:end])


@MANY
@given(FEW_HAN, PHRASE)
def test_a_phrase_is_found_exactly_where_it_stands(text, phrase):
    assert finds(text, phrase) is (phrase in text)


@MANY
@given(MIXED, MIXED)
def test_a_text_is_found_by_itself_and_whatever_is_typed_is_a_valid_query(text, words):
    assert finds(text, words) in {True, False}
    if query(text):
        assert finds(text, text)


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("请拨打12345热线反映", "12345热线", True),
        ("请拨打12345热线反映", "热线反映", True),
        ("请拨打12345热线反映", "拨打12345", True),
        ("请拨打12345热线反映", "123", True),  # a word is found by its beginning
        ("请拨打12345热线反映", "12345 反映", True),
        ("请拨打12345热线反映", "12345反映", False),
        ("请拨打12345热线反映", "热线12345", False),
        ("夏都大街3号楼2单元", "3号楼", True),
        ("夏都大街3号楼2单元", "号楼2单元", True),
        ("夏都大街3号楼2单元", "大街3号", True),
        ("夏都大街3号楼2单元", "3号楼2单元", True),
        ("夏都大街3号楼2单元", "2号楼", False),
        ("夏都大街13号楼", "3号楼", False),
        ("３号楼ＷＩＦＩ", "3号楼wifi", True),  # full width
        ("安装WiFi", "wifi", True),
        ("停水", "水", True),  # a single character is found wherever it stands
        ("停水停电", "停", True),
        ("水费高", "水", True),
        ("水", "水", True),
        ("停水，停电", "水停", False),  # no phrase crosses a comma
        ("停水，停电", "停水，停电", True),
        ("停水，停电", "停电 停水", True),
        ("停水🔥停电", "水停", False),
        ("着火🔥🔥快来", "🔥快来", True),
        ("𠮷祥小区𠮷𠮷", "𠮷祥", True),
        ("𠮷祥小区", "吉祥", False),
        ("二〇二六年供暖", "二〇二六年", True),
        ("供暖", "供暖" * 3, False),
    ],
)
def test_mixed_words_numbers_and_signs(text, words, found):
    assert finds(text, words) is found


@pytest.mark.parametrize(
    "words", ["", " ", "　", "，。！", "🔥", "'", ":*", "& | !", "( )", "<->", "\\", "%", '"', "\n"]
)
def test_where_there_is_nothing_to_look_for_nothing_is_asked(words):
    assert query(words) == ""


@pytest.mark.parametrize(
    "sign", ["'", ":", "&", "|", "!", "(", ")", "\\", "<", ">", "*", "''", "');--", "\\'", "<->", "%"]
)
def test_signs_of_the_query_language_are_nothing_special(sign):
    for words in (sign, f"停水{sign}", f"{sign}停水", f"停{sign}水", f"停水{sign}停电"):
        assert finds(f"小区停水{sign}停电", words) in {True, False}
    assert finds(f"小区停水{sign}停电", f"{sign}停水")
    assert finds(f"小区停水{sign}停电", f"停水{sign}停电")


def test_title_and_masked_text_are_searched_and_the_numbers_in_them_are_not():
    ticket = registered(title="供暖投诉", content="暖气不热，电话13912345678，联系王小明。", caller_name="王小明")
    stored = TicketText.objects.get(ticket=ticket).grams

    def found(words):
        return TicketText.objects.extra(where=["grams @@ %s::tsquery"], params=[query(words)]).exists()

    assert found("供暖投诉") and found("暖气不热")
    assert not found("13912345678") and not found("王小明")
    assert "13912345678" not in stored and "小明" not in stored


def test_a_text_of_the_greatest_length_is_found_by_its_last_words():
    text = "暖气不热请处理" * 700 + "最后一句话在这里"
    assert finds(text, "最后一句话在这里")
