"""Blocks in reading order, put together to articles: where one begins, and what was displaced.

First the page is cut where an article may begin. Then the pieces are linked again: a headline that
stands behind its article, the rest of a body that another headline interrupts, a credit.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from banmian.association import Association
from banmian.fragments import Fragment, border_scores
from banmian.looks import PHOTO_CREDIT
from banmian.network import Network
from banmian.roles import CLASSES, TITLES

Floats = NDArray[np.float64]

BEGINS, SAME = "begins", "same"
GOES_ON, OTHER = "goes on", "other"
REACH = 3  # blocks on either side whose words are compared
LINK_WINDOW = 5  # parts on either side that a part may belong to
_NO_WORDS = re.compile(r"[\W_]+")
_BEGINS = 0.4  # below even: what was cut in vain is linked again
_CONTEXT = 400  # characters of a block that count in comparing words
_HEAD_ROLES = ("kicker", "headline", "subtitle")
_ROLE = {role: number for number, role in enumerate(CLASSES)}
_HEAD_COLUMNS = [_ROLE[role] for role in _HEAD_ROLES]


@dataclass(frozen=True, eq=False)
class Part:
    """Blocks one below the other that are of one article."""

    numbers: tuple[int, ...]  # of the blocks
    roles: tuple[str, ...]
    fragments: tuple[Fragment, ...]
    chances: Floats  # (fragments, CLASSES)
    begins: float  # how sure it is that an article begins with it

    @cached_property
    def words(self) -> frozenset[str]:
        """The pairs of characters in it."""
        return frozenset(pair for fragment in self.fragments for pair in _pairs(fragment.key))

    def has(self, *roles: str) -> bool:
        """Whether a block of it has one of these roles."""
        return any(role in roles for role in self.roles)

    @cached_property
    def body(self) -> int:
        """How many characters its paragraphs have."""
        return sum(
            len(f.key) for f, r in zip(self.fragments, self.roles, strict=True) if r == "paragraph"
        )

    @cached_property
    def head_words(self) -> frozenset[str]:
        """The pairs of characters in its titles."""
        return frozenset(
            pair
            for fragment, role in zip(self.fragments, self.roles, strict=True)
            if role in TITLES
            for pair in _pairs(fragment.key)
        )


def in_order(parts: Sequence[Part]) -> list[tuple[str, Fragment]]:
    """The blocks of an article with their roles: heads first, bylines below them, then the text.

    An article has one head. What looks like another one further down heads a section, where text
    follows it, or is what it resembles next best.
    """
    headed = [part for part in parts if part.has("headline") and part.body]
    main = headed[0] if headed else max(parts, key=lambda part: part.body)
    head, bylines, rest, loose = [], [], [], []
    for part in parts:
        above_text = True
        own_head = part is main or not (main.has("headline") and part.body)
        for number, fragment in enumerate(part.fragments):
            role = part.roles[number]
            above_text = above_text and role in (*_HEAD_ROLES, "byline")
            if role == "headline" and part is not main and main.has("headline"):
                role = "subhead" if part.body else _next_best(part.chances[number])
            block = (role, fragment)
            if role in _HEAD_ROLES and above_text and own_head:
                head.append(block)
            elif role == "byline" and above_text and not PHOTO_CREDIT.search(fragment.key):
                bylines.append(block)
            elif part is main or part.body:
                rest.append(block)
            else:
                loose.append(block)
    return [*sorted(head, key=lambda block: _HEAD_ROLES.index(block[0])), *bylines, *rest, *loose]


def _next_best(chances: Floats) -> str:
    allowed = [_ROLE[role] for role in ("kicker", "subtitle", "caption", "subhead")]
    return CLASSES[max(allowed, key=lambda column: chances[column])]


def _pairs(key: str) -> set[str]:
    text = _NO_WORDS.sub("", key[:_CONTEXT])
    return set(map("".join, pairwise(text)))


class Rarity:
    """How much it says that two texts of a page share a pair of characters.

    Pairs are weighed by their inverse document frequency over the blocks of the page.
    """

    def __init__(self, fragments: Sequence[Fragment]) -> None:
        """Count in how many blocks of the page each pair stands."""
        blocks = Counter(pair for fragment in fragments for pair in _pairs(fragment.key))
        count = len(fragments) + 1
        self._weight = {pair: math.log(count / seen) for pair, seen in blocks.items()}
        self._square = {pair: weight**2 for pair, weight in self._weight.items()}

    def likeness(self, one: AbstractSet[str], other: AbstractSet[str]) -> float:
        """The cosine of two texts' pairs."""
        shared = sum(map(self._square.__getitem__, one & other))
        if not shared:
            return 0.0
        size = sum(map(self._square.__getitem__, one)) * sum(map(self._square.__getitem__, other))
        return shared / math.sqrt(size)

    def coverage(self, one: AbstractSet[str], other: AbstractSet[str]) -> float:
        """The share of the first text's pairs, by weight, that the other has too."""
        whole = sum(map(self._weight.__getitem__, one))
        return sum(map(self._weight.__getitem__, one & other)) / whole if whole else 0.0


def neighbourly(fragments: Sequence[Fragment]) -> Floats:
    """For each fragment how like those around it are in their words."""
    rarity = Rarity(fragments)
    words = [_pairs(fragment.key) for fragment in fragments]
    likeness = np.zeros(len(fragments))
    for at, own in enumerate(words):
        around = set[str]().union(*words[max(0, at - REACH) : at], *words[at + 1 : at + 1 + REACH])
        likeness[at] = rarity.likeness(own, around)
    return likeness


def begin_features(
    fragments: Sequence[Fragment], roles: Floats, association: Association
) -> Floats:
    """One row for each block but the first: whether an article begins with it."""
    count = len(fragments)
    rarity = Rarity(fragments)
    words = [_pairs(fragment.key) for fragment in fragments]
    looks = np.array([fragment.look for fragment in fragments])
    borders = border_scores(association, [fragment.key for fragment in fragments])
    levels = np.array([fragment.level for fragment in fragments], dtype=float)
    top = levels[levels > 0].min() if levels.any() else 0.0
    shape = []
    for at in range(1, count):
        above = set[str]().union(*words[max(0, at - REACH) : at])
        below = set[str]().union(*words[at + 1 : at + 1 + REACH])
        jump = fragments[at].start - fragments[at - 1].stretches[-1][1]
        shape.append(
            [
                rarity.likeness(above, below | words[at]),
                rarity.likeness(above, below),
                rarity.coverage(words[at], above),
                rarity.coverage(words[at], below),
                rarity.coverage(words[at - 1], words[at] | below),
                min(4, fragments[at].gap),
                min(4, fragments[at + 1].gap) if at + 1 < count else 4,
                levels[at],
                levels[at] > 0 and levels[at] == top,
                levels[at] > top,
                levels[at - 1],
                levels[at + 1] if at + 1 < count else 0,
                (levels > 0).mean(),
                0 <= jump <= 8,
                math.log1p(count),
                min(6, at),
                min(6, count - at),
            ]
        )
    padded = np.vstack([np.zeros((3, len(CLASSES))), roles, np.zeros((3, len(CLASSES)))])
    around = [padded[3 + by + 1 : 3 + by + count] for by in (-3, -2, -1, 0, 1, 2, 3)]
    return np.hstack([np.array(shape, dtype=float), *around, looks[1:], looks[:-1], borders[1:]])


def cut(
    fragments: Sequence[Fragment], roles: Floats, association: Association, network: Network
) -> list[Part]:
    """Cut a page's blocks where the network says that an article begins.

    A head (titles and what stands between them) is parted from what stands below it where a head
    alone stands above: whose the text is will be told by its words.
    """
    if not fragments:
        return []
    begins = [0.0]
    if len(fragments) > 1:
        rows = begin_features(fragments, roles, association)
        begins += network.probabilities(rows)[:, network.classes.index(BEGINS)].tolist()
    names = [CLASSES[int(row.argmax())] for row in roles]
    starts = [at for at, sure in enumerate(begins) if at == 0 or sure > _BEGINS]
    parts: list[Part] = []
    for start, end in zip(starts, [*starts[1:], len(fragments)], strict=True):
        head_end = _head_end(names, start, end)
        above_bare = bool(parts) and not parts[-1].body and parts[-1].has("headline")
        if start < head_end < end and above_bare:
            parts.append(_part(fragments, roles, start, head_end, begins))
            parts.append(_part(fragments, roles, head_end, end, begins))
        else:
            parts.append(_part(fragments, roles, start, end, begins))
    return parts


def _head_end(names: Sequence[str], start: int, end: int) -> int:
    at = start
    while at < end and names[at] in (*_HEAD_ROLES, "byline"):
        at += 1
    return at


def _part(
    fragments: Sequence[Fragment],
    roles: Floats,
    start: int,
    end: int,
    begins: Sequence[float],
) -> Part:
    chances = roles[start:end]
    names = tuple(CLASSES[int(row.argmax())] for row in chances)
    numbers = tuple(range(start, end))
    return Part(numbers, names, tuple(fragments[start:end]), chances, begins[start])


def link_pairs(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """The pairs of parts that may be of one article."""
    return [
        (i, j)
        for i in range(len(parts))
        for j in range(i + 1, min(len(parts), i + 1 + LINK_WINDOW))
    ]


def link_features(
    parts: Sequence[Part], pairs: Sequence[tuple[int, int]], rarity: Rarity
) -> Floats:
    """One row for each pair: whether both are of one article."""
    likeness = {pair: _likenesses(parts[pair[0]], parts[pair[1]], rarity) for pair in pairs}
    rows = []
    for i, j in pairs:
        first, second = parts[i], parts[j]
        own = likeness[i, j]
        rivals = [likeness[pair][0] for pair in _near(i, j) if pair in likeness and pair != (i, j)]
        between = parts[i + 1 : j]
        rows.append(
            [
                *own,
                own[0] - max(rivals, default=0.0),
                j - i,
                second.begins,
                max((part.begins for part in between), default=0.0),
                sum(part.body > 0 for part in between),
                sum(part.has("headline") for part in between),
                *_traits(first),
                *_traits(second),
                *(_traits(parts[i + 1]) if between else [0.0] * _TRAITS),
                *(_traits(parts[j + 1]) if j + 1 < len(parts) else [-1.0] * _TRAITS),
                *(_traits(parts[i - 1]) if i else [-1.0] * _TRAITS),
                min(4, second.fragments[0].gap),
                second.fragments[0].level,
                first.fragments[0].level,
            ]
        )
    return np.array(rows, dtype=float)


def _near(i: int, j: int) -> list[tuple[int, int]]:
    reach = range(1, LINK_WINDOW + 1)
    return [pair for at in (i, j) for step in reach for pair in ((at - step, at), (at, at + step))]


def _likenesses(one: Part, other: Part, rarity: Rarity) -> list[float]:
    return [
        rarity.likeness(one.words, other.words),
        rarity.coverage(one.head_words or one.words, other.words),
        rarity.coverage(other.head_words or other.words, one.words),
    ]


def _traits(part: Part) -> list[float]:
    first, last = part.fragments[0], part.fragments[-1]
    return [
        math.log1p(part.body),
        part.has("headline"),
        part.has("kicker", "subtitle"),
        part.has("subhead"),
        part.has("byline"),
        part.has("caption"),
        part.roles[0] in _HEAD_ROLES,
        part.roles[0] == "byline",
        part.roles[0] == "caption",
        part.roles[-1] == "byline",
        last.look[_ENDS_SENTENCE],
        any(fragment.look[_NEWS_START] for fragment in part.fragments),
        math.log1p(len(first.key)),
        len(part.numbers),
    ]


_ENDS_SENTENCE, _NEWS_START = 6, 17  # columns of looks.look
_TRAITS = 14


def link(parts: Sequence[Part], rarity: Rarity, network: Network) -> list[list[Part]]:
    """The parts of each article, in the order of the page.

    Greedy additive edge contraction (Keuper et al. 2015): the two groups whose pairs are most in
    favour, by the sum of log odds, are merged, until no two are.
    """
    pairs = link_pairs(parts)
    if not pairs:
        return [[part] for part in parts]
    sure = network.probabilities(link_features(parts, pairs, rarity))
    sure = np.clip(sure[:, network.classes.index(SAME)], 1e-4, 1 - 1e-4)
    odds = np.log(sure / (1 - sure)).tolist()
    groups = _contract(len(parts), dict(zip(pairs, odds, strict=True)))
    return [[parts[number] for number in group] for group in groups]


def _contract(count: int, weights: dict[tuple[int, int], float]) -> list[list[int]]:
    """Merge what the weights favour; a heap holds every weight ever valid, stale ones are passed."""
    beside: list[dict[int, float]] = [{} for _ in range(count)]
    for (one, other), weight in weights.items():
        beside[one][other] = beside[other][one] = weight
    heap = [(-weight, one, other) for (one, other), weight in weights.items() if weight > 0]
    heapq.heapify(heap)
    groups = {number: [number] for number in range(count)}
    while heap:
        weight, one, other = heapq.heappop(heap)
        if beside[one].get(other) != -weight:
            continue
        groups[one] += groups.pop(other)
        for third, more in beside[other].items():
            del beside[third][other]
            if third != one:
                both = beside[one].get(third, 0.0) + more
                beside[one][third] = beside[third][one] = both
                if both > 0:
                    heapq.heappush(heap, (-both, min(one, third), max(one, third)))
        beside[other] = {}
    return sorted(sorted(group) for group in groups.values())
