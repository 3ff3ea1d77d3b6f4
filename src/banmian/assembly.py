"""Blocks in reading order, put together to articles: where one begins, and what was displaced.

First the page is cut where an article may begin. Then the pieces are linked again: a headline that
stands behind its article, the rest of a body that another headline interrupts, a credit.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from banmian.fragments import Fragment, border_scores
from banmian.likeness import Words
from banmian.looks import PHOTO_CREDIT
from banmian.network import Network
from banmian.roles import CLASSES, TITLES

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

BEGINS, SAME = "begins", "same"
GOES_ON, OTHER = "goes on", "other"
REACH, FAR = 3, 8  # blocks on either side whose words are compared
LINK_WINDOW = 6  # parts on either side that a part may belong to
_BEGINS = 0.15  # far below even: what was cut in vain is linked again
_HEAD_ROLES = ("kicker", "headline", "subtitle")
_ROLE = {role: number for number, role in enumerate(CLASSES)}


@dataclass(frozen=True, eq=False)
class Body:
    """The blocks of a page in reading order, without furniture, and what is known of them."""

    fragments: Sequence[Fragment]
    roles: Floats  # (fragments, CLASSES)
    words: Words
    leads: Floats  # how like the beginning of an article each begins


@dataclass(frozen=True, eq=False)
class Part:
    """Blocks one below the other that are of one article."""

    numbers: tuple[int, ...]  # of the blocks
    roles: tuple[str, ...]
    fragments: tuple[Fragment, ...]
    chances: Floats  # (fragments, CLASSES)
    begins: float  # how sure it is that an article begins with it
    lead: float  # how like the beginning of an article its first paragraph begins

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
    def head_numbers(self) -> list[int]:
        """The numbers of its titles."""
        pairs = zip(self.numbers, self.roles, strict=True)
        return [number for number, role in pairs if role in TITLES]


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


def neighbourly(words: Words) -> tuple[Floats, Floats]:
    """How well each text goes with those around it: by its words, rare ones first, and by topic.

    The first is the share of its words that those around it have too.
    """
    count = len(words.texts.topics)
    around = words.together([[*_above(at), *_below(at, count)] for at in range(count)])
    found = words.compare(words.texts, around)
    return found.coverage[1], found.topics


def _above(at: int, reach: int = REACH) -> range:
    return range(max(0, at - reach), at)


def _below(at: int, count: int, reach: int = REACH) -> range:
    return range(at + 1, min(count, at + 1 + reach))


def begin_features(body: Body) -> Floats:
    """One row for each block but the first: whether an article begins with it."""
    fragments, roles, leads = body.fragments, body.roles, body.leads
    count = len(fragments)
    looks = np.array([fragment.look for fragment in fragments])
    borders = border_scores(fragments)
    levels = np.array([fragment.level for fragment in fragments])
    gaps = np.array([min(4, fragment.gap) for fragment in fragments])
    top = levels[levels > 0].min() if levels.any() else 0
    starts = np.array([fragment.start for fragment in fragments])
    ends = np.array([fragment.stretches[-1][1] for fragment in fragments])
    jumps = starts[1:] - ends[:-1]
    at = np.arange(1, count)
    shape = [
        *_word_columns(body.words),
        leads[1:],
        leads[:-1],
        np.append(leads[2:], 0),
        gaps[1:],
        np.append(gaps[2:], 4),
        levels[1:],
        (levels[1:] > 0) & (levels[1:] == top),
        levels[1:] > top,
        levels[:-1],
        np.append(levels[2:], 0),
        np.full(count - 1, (levels > 0).mean()),
        (jumps >= 0) & (jumps <= 8),
        np.full(count - 1, math.log1p(count)),
        np.minimum(6, at),
        np.minimum(6, count - at),
    ]
    padded = np.vstack([np.zeros((3, len(CLASSES))), roles, np.zeros((3, len(CLASSES)))])
    around = [padded[3 + by + 1 : 3 + by + count] for by in (-3, -2, -1, 0, 1, 2, 3)]
    return np.hstack([np.stack(shape, axis=1), *around, looks[1:], looks[:-1], borders[1:]])


def _word_columns(words: Words) -> list[Floats]:
    """For each block but the first how its words, and those below, go with those above."""
    count = len(words.texts.topics)
    blocks = range(1, count)
    own, before = [[at] for at in blocks], [[at - 1] for at in blocks]
    above, below = [_above(at) for at in blocks], [_below(at, count) for at in blocks]
    from_here = [[at, *_below(at, count)] for at in blocks]
    far_above = [_above(at, FAR) for at in blocks]
    far_below = [[at, *_below(at, count, FAR)] for at in blocks]
    one = [*above, *above, *far_above, *own, *own, *own, *before]
    other = [*from_here, *below, *far_below, *above, *below, *far_above, *from_here]
    found = words.compare(words.together(one), words.together(other))
    likeness, coverage, topics = (
        np.stack(columns).reshape(len(columns), -1, count - 1)
        for columns in (found.likeness, found.coverage, [found.topics])
    )
    near, beside, far, *others = topics[0]
    return [
        *np.concatenate(list(likeness[:, :3].swapaxes(0, 1))),
        *np.concatenate(list(coverage[:, 3:].swapaxes(0, 1))),
        near,
        *_beside(near),
        far,
        *_beside(far),
        np.full(count - 1, far.mean()),
        beside,
        *others,
    ]


def _beside(column: Floats) -> list[Floats]:
    """How much more each value is than the one before, and the one behind."""
    return [
        column - np.append(column[:1], column[:-1]),
        column - np.append(column[1:], column[-1:]),
    ]


def cut(body: Body, network: Network) -> list[Part]:
    """Cut a page's blocks where the network says that an article begins.

    A head (titles and what stands between them) is parted from what stands below it where a head
    alone stands above: whose the text is will be told by its words.
    """
    fragments, roles = body.fragments, body.roles
    if not fragments:
        return []
    begins = [0.0]
    if len(fragments) > 1:
        sure = network.probabilities(begin_features(body))
        begins += sure[:, network.classes.index(BEGINS)].tolist()
    names = [CLASSES[int(row.argmax())] for row in roles]
    starts = [at for at, sure in enumerate(begins) if at == 0 or sure > _BEGINS]
    borders = list[int]()
    above_bare = False
    for start, end in zip(starts, [*starts[1:], len(fragments)], strict=True):
        head_end = _head_end(names, start, end)
        borders.append(start)
        if above_bare and start < head_end < end:
            borders.append(head_end)
        own = names[borders[-1] : end]
        above_bare = "headline" in own and "paragraph" not in own
    parts = []
    for start, end in zip(borders, [*borders[1:], len(fragments)], strict=True):
        own = names[start:end]
        first = start + own.index("paragraph") if "paragraph" in own else None
        parts.append(
            Part(
                numbers=tuple(range(start, end)),
                roles=tuple(own),
                fragments=tuple(fragments[start:end]),
                chances=roles[start:end],
                begins=begins[start],
                lead=0.0 if first is None else float(body.leads[first]),
            )
        )
    return parts


def _head_end(names: Sequence[str], start: int, end: int) -> int:
    at = start
    while at < end and names[at] in (*_HEAD_ROLES, "byline"):
        at += 1
    return at


def link_pairs(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """The pairs of parts that may be of one article."""
    return [
        (i, j)
        for i in range(len(parts))
        for j in range(i + 1, min(len(parts), i + 1 + LINK_WINDOW))
    ]


def link_features(parts: Sequence[Part], pairs: Sequence[tuple[int, int]], words: Words) -> Floats:
    """One row for each pair: whether both are of one article."""
    first, second = np.array(pairs).T
    alike = _likenesses(parts, first, second, words)
    traits = np.array([_traits(part) for part in parts])
    beyond = np.full((1, _TRAITS), -1.0)
    above, below = np.vstack([beyond, traits[:-1]]), np.vstack([traits[1:], beyond])
    begins = [part.begins for part in parts]
    bodies = np.cumsum([0, *(part.body > 0 for part in parts)])
    heads = np.cumsum([0, *(part.has("headline") for part in parts)])
    levels = np.array([part.fragments[0].level for part in parts])
    gaps = np.array([min(4, part.fragments[0].gap) for part in parts])
    shape = [
        second - first,
        np.array(begins)[second],
        [max(begins[i + 1 : j], default=0.0) for i, j in pairs],
        bodies[second] - bodies[first + 1],
        heads[second] - heads[first + 1],
    ]
    apart = (second - first > 1)[:, None]
    return np.hstack(
        [
            alike,
            alike[:, :_RIVALRY] - _rivals(len(parts), first, second, alike[:, :_RIVALRY]),
            np.stack(shape, axis=1),
            traits[first], traits[second], below[first] * apart, below[second], above[first],
            np.stack([gaps[second], levels[second], levels[first]], axis=1),
        ]
    )  # fmt: skip


def _rivals(count: int, first: Numbers, second: Numbers, alike: Floats) -> Floats:
    """For each pair the best likeness, none below zero, of any other pair that has one of its parts."""
    around = np.zeros((count, 2 * LINK_WINDOW, alike.shape[1]))
    around[first, second - first - 1] = alike
    around[second, LINK_WINDOW + second - first - 1] = alike
    next_best, best = np.moveaxis(np.sort(around, axis=1)[:, -2:], 1, 0)
    others = [np.where(alike == best[at], next_best[at], best[at]) for at in (first, second)]
    return np.asarray(np.maximum(*others))


def _likenesses(parts: Sequence[Part], first: Numbers, second: Numbers, words: Words) -> Floats:
    """(pairs, 9): how alike they are, and how much of each one's titles the other says."""
    worded = words.texts.table.getnnz(axis=1) > 0
    titles = [[n for n in part.head_numbers if worded[n]] or part.numbers for part in parts]
    bags = words.together([*(part.numbers for part in parts), *titles])
    title = len(parts)  # from here on the rows are those of titles
    found = words.compare(
        bags[np.concatenate([first, title + first, title + second])],
        bags[np.concatenate([second, second, first])],
    )
    whole, of_first, of_second = (slice(at, at + len(first)) for at in len(first) * np.arange(3))
    return np.stack(
        [
            *(column[whole] for column in found.likeness),
            found.topics[whole],
            *(column[of_first] for column in found.coverage),
            *(column[of_second] for column in found.coverage),
            found.topics[of_first],
            found.topics[of_second],
        ],
        axis=1,
    )


def _traits(part: Part) -> list[float]:
    first, last = part.fragments[0], part.fragments[-1]
    return [
        math.log1p(part.body),
        part.lead,
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
_TRAITS = 15
_RIVALRY = 3  # so many columns of likeness are held against those of other pairs


def link(parts: Sequence[Part], words: Words, network: Network) -> list[list[Part]]:
    """The parts of each article, in the order of the page.

    Greedy additive edge contraction (Keuper et al. 2015): the two groups whose pairs are most in
    favour, by the sum of log odds, are merged, until no two are.
    """
    pairs = link_pairs(parts)
    if not pairs:
        return [[part] for part in parts]
    sure = network.probabilities(link_features(parts, pairs, words))
    sure = np.clip(sure[:, network.classes.index(SAME)], 1e-4, 1 - 1e-4)
    odds = dict(zip(pairs, np.log(sure / (1 - sure)).tolist(), strict=True))
    groups = _with_titles(parts, _contract(len(parts), odds), odds)
    return [[parts[number] for number in group] for group in _with_bylines(parts, groups)]


def _with_titles(
    parts: Sequence[Part], groups: Sequence[list[int]], odds: Mapping[tuple[int, int], float]
) -> list[list[int]]:
    """The groups, where titles alone are those of an untitled article that they surely go with.

    A title goes with the beginning of its article; that it is little like what stands further on
    counts against it in the sum of all pairs.
    """
    owner = {number: group for group in groups for number in group}
    for (one, other), weight in sorted(odds.items(), key=lambda item: -item[1]):
        if weight <= 0:
            break
        for title, text in ((one, other), (other, one)):
            group = owner[text]
            if (
                _titles_alone(parts, owner[title])
                and text == min(group)
                and _untitled(parts, group)
            ):
                group += owner[title]
                owner |= dict.fromkeys(owner[title], group)
    return list({id(group): group for group in owner.values()}.values())


def _titles_alone(parts: Sequence[Part], group: Sequence[int]) -> bool:
    return all(
        not parts[number].body and "caption" not in parts[number].roles for number in group
    ) and any(parts[number].has("headline") for number in group)


def _untitled(parts: Sequence[Part], group: Sequence[int]) -> bool:
    """Whether an article has text, and its first part no title."""
    return any(parts[number].body for number in group) and not parts[min(group)].has(*_HEAD_ROLES)


def _with_bylines(parts: Sequence[Part], groups: Sequence[list[int]]) -> list[list[int]]:
    """The groups, where a byline alone between two parts of one article is that article's."""
    owner = {number: group for group in groups for number in group}
    lone = [number for group in groups if len(group) == 1 for number in group]
    for number in lone:
        above, below = owner.get(number - 1), owner.get(number + 1)
        if above is not None and above is below and set(parts[number].roles) == {"byline"}:
            above.append(number)
            owner[number].clear()
    return sorted(sorted(group) for group in groups if group)


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
