"""Personal data at rest: sealed with a named key, opened on purpose only, never printed."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from yousu.base import sealed
from yousu.base.sealed import KeyRing, Sealed, seal, search_key, unseal

OLD, NEW, SEARCH = "11" * 16, "22" * 16, "33" * 32
PHONE = "13912345678"


@pytest.fixture
def keys(monkeypatch):
    """Put another key ring in place: ``keys(current, **keys)``."""

    def use(current, search=SEARCH, **ring):
        monkeypatch.setenv("YOUSU_KEYS", json.dumps({"current": current, "keys": ring, "search": search}))
        sealed.ring.cache_clear()

    yield use
    monkeypatch.undo()
    sealed.ring.cache_clear()


@given(st.text(max_size=300).filter(lambda text: text.isprintable()))
def test_what_was_sealed_opens_to_the_same_text(text):
    assert unseal(seal(text)) == text


def test_the_key_is_named_in_the_value_and_the_text_is_not_in_it(keys):
    keys("2026", **{"2026": NEW})
    token = seal(PHONE)
    assert token.startswith("2026$")
    assert PHONE not in token and PHONE.encode() not in base64.b64decode(token.partition("$")[2])
    assert len(base64.b64decode(token.partition("$")[2])) == 12 + 11 + 16  # nonce, text, tag


def test_the_same_text_is_sealed_differently_each_time():
    assert len({seal(PHONE) for _ in range(50)}) == 50


@pytest.mark.parametrize("place", [0, 12, 20, -1])
def test_a_value_altered_in_one_bit_does_not_open(place):
    key_id, _, payload = seal(PHONE).partition("$")
    raw = bytearray(base64.b64decode(payload))
    raw[place] ^= 1
    with pytest.raises(ValueError, match="无法解开"):
        unseal(f"{key_id}${base64.b64encode(bytes(raw)).decode()}")


@pytest.mark.parametrize("token", ["k1$", "k1$AAAA", "没有钥匙", "k1$不是base64", "$"])
def test_what_was_never_sealed_does_not_open(token):
    with pytest.raises(ValueError):
        unseal(token)


def test_after_a_change_of_keys_the_old_key_opens_and_the_new_one_seals(keys):
    keys("k1", k1=OLD)
    before = seal(PHONE)
    keys("k2", k1=OLD, k2=NEW)
    assert unseal(before) == PHONE
    assert seal(PHONE).startswith("k2$")
    keys("k2", k2=NEW)
    with pytest.raises(ValueError, match="密钥"):
        unseal(before)


def test_a_key_file_with_a_short_key_is_refused_in_words(keys):
    for ring in ({"current": "k1", "keys": {"k1": "11"}, "search": SEARCH}, {"current": "k2", "keys": {"k1": OLD}}):
        with pytest.raises(ImproperlyConfigured, match="密钥文件有误"):
            KeyRing.from_json(json.dumps({"search": SEARCH, **ring}))


def test_numbers_written_differently_are_found_by_the_same_search_key():
    assert search_key("139 1234-5678") == search_key(PHONE)
    assert search_key("63010219900307123x") == search_key("63010219900307123X")
    assert search_key(PHONE) != search_key("13912345679")
    assert search_key(" ") is None


def test_the_search_key_depends_on_the_secret(keys):
    keys("k1", k1=OLD)
    first = search_key(PHONE)
    keys("k1", search="44" * 32, k1=OLD)
    assert first is not None and search_key(PHONE) != first


def test_printing_logging_and_pickling_a_sealed_value_never_show_it(caplog):
    value = Sealed.of(PHONE)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("yousu").warning("来电 %s %r", value, [value])
    shown = [str(value), repr(value), f"{value}", f"{value!r}", "%s" % value, repr({"phone": value}), caplog.text]  # noqa: UP031
    assert not any(PHONE in text or value.token in text for text in shown)
    assert PHONE.encode() not in pickle.dumps(value)
    assert pickle.loads(pickle.dumps(value)).open() == copy.deepcopy(value).open() == PHONE
    assert str(Sealed()) == "" and not Sealed()
    with pytest.raises(TypeError):
        json.dumps(value)
