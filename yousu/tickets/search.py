"""Chinese full-text search: character bigrams in a ``tsvector``, phrases by ``<->``.

Every two neighbouring characters are a lexeme, so a phrase of any length is found with full recall, without a dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from operator import add

_RUNS = re.compile(r"(?P<han>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)|(?P<word>[a-z0-9]+)")
MAX_POSITION = 16_383
_POSITIONS = [str(position) for position in range(MAX_POSITION + 1)]


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def grams(*texts: str) -> str:
    """The literal of a ``tsvector`` over the texts, titles first. A separator leaves a gap so that no phrase crosses it."""
    places: dict[str, str] = {}
    known = places.get
    position, last_end = 0, 0
    for run in _RUNS.finditer(_normal(" ".join(texts))):
        start, end = run.span()
        if start > last_end:
            position += 1
        last_end = end
        value = run.group()
        lexemes = [value[:40]] if run.lastgroup == "word" else [*map(add, value, value[1:]), value[-1]]
        before, position = position + 1, position + len(lexemes)
        for lexeme, where in zip(lexemes, _POSITIONS[before : position + 1], strict=False):
            found = known(lexeme)
            places[lexeme] = where if found is None else f"{found},{where}"
    return " ".join([f"'{lexeme}':{where}" for lexeme, where in sorted(places.items())])


def query(text: str) -> str:
    """The literal of a ``tsquery``: words apart by spaces must all occur, each as a phrase. Empty when nothing to look for."""
    phrases = []
    for term in _normal(text).split():
        parts: list[str] = []
        for run in _RUNS.finditer(term):
            value = run.group()
            if run.lastgroup == "word" or len(value) == 1:
                parts.append(f"'{value[:40]}':*")
            else:
                parts += [f"'{value[i : i + 2]}'" for i in range(len(value) - 1)]
        if parts:
            phrases.append(_phrase(term, parts))
    return " & ".join(f"({phrase})" for phrase in phrases)


def _phrase(term: str, parts: list[str]) -> str:
    """Neighbours joined by ``<->``; where one run follows another, by the distance that indexing gave them."""
    if len(parts) == 1:
        return parts[0]
    positions: list[int] = []
    previous = None
    position, last_end = 0, 0
    for run in _RUNS.finditer(term):
        if run.start() > last_end and position:
            position += 1
        last_end = run.end()
        value = run.group()
        count = 1 if run.lastgroup == "word" or len(value) == 1 else len(value) - 1
        for _ in range(count):
            position += 1
            positions.append(position)
        if run.lastgroup == "han" and len(value) > 1:
            position += 1  # the last character stands alone at the end of a run
    joined = parts[0]
    for part, here, previous in zip(parts[1:], positions[1:], positions, strict=False):
        joined += f" <{here - previous}> {part}" if here - previous > 1 else f" <-> {part}"
    return joined
