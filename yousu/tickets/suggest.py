"""Which catalogue items a text is about: keywords and character bigrams, each weighed by how few items share it.

Pure: the items come in, a ranking with its reasons goes out. It suggests; a person chooses.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from yousu.city.models import CatalogueItem

# What a description says the item is *not* ("贷款另选金融", "不含网络诈骗") must not draw texts to it.
_ELSEWHERE = re.compile(r"不含|另选|另转|除外|优先派|转\d{3}|转[\u4e00-\u9fff]{1,4}$|由[\u4e00-\u9fff]+办理")
_HAN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")
# Characters that carry no matter: pairs made of them alone are left out.
_EMPTY = frozenset(
    "的了是在有和与及或也都就还又很不没请希望我你他们这那个家中问题反映其他等来去说要能会被把给对为从到向上下里外前后"
)

SPELLINGS = (
    ("噪音", "噪声"),
    ("暖气片", "暖气"),
    ("自来水", "供水"),
    ("公交车", "公交"),
)

KEYWORD, NAME, WORD, GROUP, DESCRIPTION = 3.0, 1.0, 1.2, 0.6, 0.4
WHOLE_NAME = 4.0
# A name opens with what it is about: 电梯故障停运 is about lifts, 桥梁与天桥设施 mentions them.
HEAD = 3.0
CATCH_ALL = 0.55
# Weaker than this, or than this share of the best, is noise.
LEAST, SHARE_OF_BEST = 1.5, 0.3
MOST_HITS = 6


@dataclass(frozen=True)
class Suggestion:
    """An item, its score (comparable within one answer only) and the words of the text that spoke for it."""

    item: CatalogueItem
    score: float
    hits: tuple[str, ...]


def normal(text: str) -> str:
    """Lower case, and one spelling for words that citizens and catalogues write differently."""
    text = text.lower()
    for said, written in SPELLINGS:
        text = text.replace(said, written)
    return text


def grams(text: str) -> set[str]:
    """The character pairs of a text, and its latin words."""
    found: set[str] = set()
    for run in _HAN.findall(normal(text)):
        if run[0].isascii():
            found.add(run)
            continue
        found.update(pair for pair in (run[i : i + 2] for i in range(len(run) - 1)) if not set(pair) <= _EMPTY)
    return found


def own_words(description: str) -> str:
    """A description without the clauses that point to other items."""
    return "，".join(part for part in re.split(r"[，。；]", description) if not _ELSEWHERE.search(part))


class Suggester:
    """An index over the items of one catalogue version."""

    def __init__(self, items: Iterable[CatalogueItem]) -> None:
        self.items = list(items)
        self._weights: dict[str, dict[int, float]] = defaultdict(dict)
        self._keywords: dict[str, list[int]] = defaultdict(list)
        for index, item in enumerate(self.items):
            for text, weight in (
                (own_words(item.description), DESCRIPTION),
                (f"{item.level3} {item.level4}", GROUP),
                (item.keywords.replace("|", " "), WORD),
                (item.name, NAME),
            ):
                for gram in grams(text):
                    row = self._weights[gram]
                    row[index] = row.get(index, 0.0) + weight
            for keyword in {normal(word.strip()) for word in item.keywords.split("|")} - {""}:
                self._keywords[keyword].append(index)

    def suggest(self, text: str, limit: int = 5) -> list[Suggestion]:
        """The likeliest items, best first; empty when nothing in the text speaks for any."""
        text = normal(text)
        score: dict[int, float] = defaultdict(float)
        hits: dict[int, list[str]] = defaultdict(list)
        for keyword, indexes in self._keywords.items():
            if keyword in text:
                weight = KEYWORD * self._rarity(len(indexes)) * min(len(keyword), 4) / 2
                for index in indexes:
                    score[index] += weight
                    hits[index].append(keyword)
        for gram in grams(text):
            row = self._weights.get(gram, {})
            for index, weight in row.items():
                score[index] += weight * self._rarity(len(row))
                hits[index].append(gram)
        for index in score:
            name = self.items[index].name
            if (head := normal(name)[:2]) in text:
                score[index] += HEAD * self._rarity(len(self._weights.get(head, {})))
            if normal(name) in text:
                score[index] += WHOLE_NAME * self._rarity(1)
            if name.startswith("其他") or "及其他" in name:
                score[index] *= CATCH_ALL
        best = sorted(score, key=lambda index: (-score[index], self.items[index].code))[:limit]
        least = max(LEAST, score[best[0]] * SHARE_OF_BEST) if best else 0
        return [Suggestion(self.items[i], score[i], _runs(text, hits[i])) for i in best if score[i] >= least]

    def _rarity(self, count: int) -> float:
        return math.log(1 + len(self.items) / (1 + count)) / math.log(1 + len(self.items))


def _runs(text: str, words: list[str]) -> tuple[str, ...]:
    """The stretches of the text that the words cover, the longest first: 电动 and 动车 in 电动车 are one stretch."""
    spans = sorted((found.start(), found.end()) for word in set(words) for found in re.finditer(re.escape(word), text))
    merged: list[list[int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    stretches = dict.fromkeys(text[start:end] for start, end in merged)
    return tuple(sorted(stretches, key=len, reverse=True)[:MOST_HITS])
