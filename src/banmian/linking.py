"""The parts of a page linked to articles: what was displaced finds where it belongs.

A headline that stands behind its article, the rest of a body that another headline interrupts, a
credit: a network says of each two parts near each other whether they are of one article.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from banmian.assembly import Part
from banmian.likeness import Words
from banmian.network import Network
from banmian.types import HEAD_ROLES

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

SAME, OTHER = "same", "other"
LINK_WINDOW = 6  # parts on either side that a part may belong to
# Added to the log odds: the network learned on pages with more displaced and mixed articles than are usual,
# where fewer parts are of one article. Of values from -0.3 to 1.7 the best on 400 simulated pages.
_PRIOR = 0.45


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
        part.roles[0] in HEAD_ROLES,
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
    odds = dict(zip(pairs, (np.log(sure / (1 - sure)) + _PRIOR).tolist(), strict=True))
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
    return any(parts[number].body for number in group) and not parts[min(group)].has(*HEAD_ROLES)


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
