"""Chinese full-text search: character bigrams in a ``tsvector``, phrases by ``<->``.

Every two neighbouring characters are a lexeme, so a phrase of any length is found with full recall, without a dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

_RUNS = re.compile(r"(?P<han>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)|(?P<word>[a-z0-9]+)")
MAX_POSITION = 16_383


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """(lexeme, position) of a text; a separator leaves a gap so that no phrase crosses it."""
    position, last_end = 0, 0
    for run in _RUNS.finditer(_normal(text)):
        if run.start() > last_end:
            position += 1
        last_end = run.end()
        value = run.group()
        if run.lastgroup == "word":
            position += 1
            yield value[:40], position
            continue
        for index in range(len(value)):
            position += 1
            yield value[index : index + 2], position


def grams(*texts: str) -> str:
    """The literal of a ``tsvector`` over the texts, titles first."""
    places: dict[str, list[int]] = defaultdict(list)
    for lexeme, position in _tokens(" ".join(texts)):
        if position <= MAX_POSITION:
            places[lexeme].append(position)
    return " ".join(f"'{lexeme}':{','.join(map(str, where))}" for lexeme, where in sorted(places.items()))


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
