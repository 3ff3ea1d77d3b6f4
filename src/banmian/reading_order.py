"""Fragments that break off in mid-sentence, joined to what continues them, wherever it stands."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from banmian import lexicon
from banmian.association import Association
from banmian.cleaning import ends_sentence
from banmian.fragments import (
    Fragment,
    border_scores,
    joined_probability,
    merge,
)
from banmian.looks import TITLE_WIDTH
from banmian.network import Network
from banmian.roles import CLASSES, TITLES

Floats = NDArray[np.float64]

WINDOW = 40  # fragments on either side among which the continuation is looked for
TITLE_WINDOW = 6
_LIKELY = 0.15
_WRAP = 0.2  # neighbours that may be wraps are looked at again, whatever they end with
_CROSSING = 4  # characters on each side that are looked up elsewhere on the page
_LONGEST_WORD = 6
_SPANS = sorted(  # of what may be a word there, the longest first
    (
        (_CROSSING - left, _CROSSING + right)
        for left, right in product(range(1, _CROSSING + 1), repeat=2)
        if left + right <= _LONGEST_WORD
    ),
    key=lambda span: span[0] - span[1],
)
_BLOCK = 200  # so many open ends are assigned together
_TITLE_COLUMNS = [CLASSES.index(role) for role in TITLES]
_BODY_COLUMNS = [CLASSES.index(role) for role in ("paragraph", "caption")]
_HEADS = [CLASSES.index(role) for role in ("kicker", "headline")]


@dataclass(frozen=True)
class Joint:
    """Fragment ``before`` goes on in fragment ``behind``: their numbers, and how sure that is."""

    before: int
    behind: int
    confidence: float


@dataclass(frozen=True)
class View:
    """A page as the networks that follow see it: fragments, their roles, their neighbours."""

    fragments: Sequence[Fragment]
    roles: Floats  # (fragments, CLASSES)
    joined: Floats  # for each fragment but the first


def candidates(view: View) -> list[tuple[int, int]]:
    """The pairs of fragments of which the second may continue the first."""
    fragments = view.fragments
    body = view.roles[:, _BODY_COLUMNS].sum(axis=1)
    title = view.roles[:, _TITLE_COLUMNS].sum(axis=1)
    likely_body = np.flatnonzero(body > _LIKELY)
    likely_title = np.flatnonzero(title > 0.5)
    pairs = {(at, at + 1) for at, sure in enumerate(view.joined.tolist()) if sure > _WRAP}
    for at in likely_body.tolist():
        if not ends_sentence(fragments[at].key):
            low, high = np.searchsorted(likely_body, [at - WINDOW, at + WINDOW + 1])
            pairs |= {(at, int(other)) for other in likely_body[low:high] if other != at}
    for at in likely_title.tolist():  # the halves of a headline
        low, high = np.searchsorted(likely_title, [at - TITLE_WINDOW, at + TITLE_WINDOW + 1])
        for other in likely_title[low:high].tolist():
            if other != at and len(fragments[at].key) + len(fragments[other].key) <= TITLE_WIDTH:
                pairs.add((at, other))
    return sorted(pair for pair in pairs if not fragments[pair[1]].mark)


def joint_features(
    view: View, pairs: Sequence[tuple[int, int]], association: Association
) -> Floats:
    """One row for each pair."""
    fragments = view.fragments
    keys = [fragment.key for fragment in fragments]
    first, second = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    crossing = association.features([keys[i] for i in first], [keys[j] for j in second])
    borders = border_scores(fragments)
    looks = np.array([fragment.look for fragment in fragments])
    bond = crossing[:, :4].sum(axis=1)
    page, listed = "\n".join(keys), lexicon.words()
    tails, heads = [key[-_CROSSING:] for key in keys], [key[:_CROSSING] for key in keys]
    balance = np.array([_balance(key) for key in keys])
    levels = np.array([fragment.level for fragment in fragments])
    gaps = np.array([min(4, fragment.gap) for fragment in fragments])
    indents = np.array([min(4, fragment.indent) for fragment in fragments])
    sizes = np.concatenate([[0], np.cumsum([len(key) for key in keys])])
    body = np.concatenate([[0], np.cumsum(view.roles[:, _BODY_COLUMNS].sum(axis=1))])
    titles = np.concatenate([[0], np.cumsum(view.roles[:, _HEADS].sum(axis=1))])
    behind = np.append(view.joined, 0.0)
    before = np.concatenate([[0.0], view.joined])
    step = second - first
    low, high = np.minimum(first, second) + 1, np.maximum(first, second)
    shape = np.stack(
        [
            step == 1,
            step == -1,
            np.sign(step),
            np.log1p(np.abs(step)),
            np.log1p(np.abs(sizes[high] - sizes[low])),
            body[high] - body[low],
            titles[high] - titles[low],
            high - low - (body[high] - body[low]),
            behind[first],
            before[second],
            np.where(step == 1, behind[first], 0),
            np.where(step == 1, 0, behind[first]),
            np.where(step == 1, 0, before[second]),
            levels[first],
            levels[second],
            gaps[second],
            indents[second],
            *_rivals(first, second, bond),
            [
                _word_over(tails[i].rjust(_CROSSING) + heads[j].ljust(_CROSSING), listed)
                for i, j in pairs
            ],
            [_repeated_over(tails[i], heads[j], page) for i, j in pairs],
            (balance[first] > 0) * np.where(balance[second] < 0, 1, -1),
        ],
        axis=1,
    ).astype(np.float64)
    return np.hstack(
        [
            shape, crossing, borders[first], borders[second], looks[first], looks[second],
            view.roles[first], view.roles[second],
        ]
    )  # fmt: skip


def _rivals(first: NDArray[np.int64], second: NDArray[np.int64], bond: Floats) -> list[Floats]:
    """How much stronger each pair's bond is than the best other of the same end, and start."""
    margins = []
    for ends in (first, second):
        order = np.lexsort((-bond, ends))  # each end's pairs together, the strongest first
        starts = np.flatnonzero(np.diff(ends[order], prepend=-1))
        sizes = np.diff(starts, append=len(order))
        best = np.repeat(bond[order[starts]], sizes)
        followed = np.where(sizes > 1, starts + 1, starts)
        next_best = np.where(sizes > 1, bond[order[followed]], bond[order[starts]] - 5)
        margin = np.empty(len(bond))
        margin[order] = np.where(
            bond[order] == best, best - np.repeat(next_best, sizes), bond[order] - best
        )
        margins.append(margin)
    return margins


def _word_over(around: str, listed: AbstractSet[str]) -> int:
    """How long the longest listed word is that stands across the middle of a string."""
    return next((end - start for start, end in _SPANS if around[start:end] in listed), 0)


def _repeated_over(tail: str, head: str, page: str) -> int:
    """How long the longest string over a joint is that stands elsewhere too, from three on.

    A string stands nowhere where a part of it does not: so far each length on the left bounds what
    is tried on the right for the next.
    """
    longest, bound = 0, len(head)
    for left in range(1, len(tail) + 1):
        right = 0
        while right < bound and tail[-left:] + head[: right + 1] in page:
            right += 1
        if not right:
            break
        longest, bound = max(longest, left + right), right
    return longest if longest > 2 else 0


def _balance(key: str) -> int:
    """How many more quotes and brackets a text opens than it closes."""
    return key.count("“") - key.count("”") + key.count("（") - key.count("）")


def find_joints(
    view: View, association: Association, network: Network, *, threshold: float
) -> list[Joint]:
    """The joints of a page, chosen together: each end and each start belongs to one at most.

    A linear assignment over the log odds (Kuhn 1955), in blocks of open ends, so that its cost
    stays linear in the length of the page.
    """
    from scipy.optimize import linear_sum_assignment

    pairs = candidates(view)
    if not pairs:
        return []
    sure = joined_probability(network, joint_features(view, pairs, association))
    pairs_of: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (before, behind), confidence in zip(pairs, sure.tolist(), strict=True):
        if confidence > threshold:
            pairs_of[before].append((behind, confidence))
    ends = sorted(pairs_of)
    taken, joints = set[int](), list[Joint]()
    for block in range(0, len(ends), _BLOCK):
        rows = ends[block : block + _BLOCK]
        starts = sorted({j for i in rows for j, _ in pairs_of[i]} - taken)
        column = {start: number for number, start in enumerate(starts)}
        gain = np.zeros((len(rows), len(starts)))
        chance = np.zeros_like(gain)
        for row, end in enumerate(rows):
            for start, confidence in pairs_of[end]:
                if start in column:
                    gain[row, column[start]] = _log_odds(confidence) - _log_odds(threshold)
                    chance[row, column[start]] = confidence
        for row, at in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            if gain[row, at] > 0:
                joints.append(Joint(rows[row], starts[at], round(float(chance[row, at]), 3)))
                taken.add(starts[at])
    return _without_rings(joints)


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _without_rings(joints: Sequence[Joint]) -> list[Joint]:
    """Leave out the joint that would close a ring, the least sure ones first to go."""
    last_of: dict[int, int] = {}

    def last(at: int) -> int:
        while at in last_of:
            at = last_of[at]
        return at

    kept = []
    for joint in sorted(joints, key=lambda joint: -joint.confidence):
        if last(joint.behind) != joint.before:
            last_of[joint.before] = joint.behind
            kept.append(joint)
    return sorted(kept, key=lambda joint: joint.before)


def rearrange(view: View, joints: Sequence[Joint]) -> list[list[tuple[int, float]]]:
    """The fragments in reading order, those of one block together.

    Returns for each block its fragments' numbers, each with the confidence of the joint before it
    (1.0 for a block's first). What stands below a continuation, down to the next headline or the
    next continuation, moves with it: it is the rest of its column.
    """
    heads = {at for at, row in enumerate(view.roles) if int(row.argmax()) in _HEADS}
    targets = {joint.behind for joint in joints}
    order = list(range(len(view.fragments)))
    for joint in joints:
        at, to = order.index(joint.before), order.index(joint.behind)
        if to == at + 1:
            continue
        end = to + 1
        stop = len(order) if to > at else at
        while end < stop and order[end] not in heads and order[end] not in targets:
            end += 1
        if to < at and end == at:  # the column of the open end begins somewhere in between
            end = to + 1
        column = order[to:end]
        del order[to:end]
        at = order.index(joint.before)
        order[at + 1 : at + 1] = column
    goes_on = {joint.behind: joint for joint in joints}
    blocks: list[list[tuple[int, float]]] = []
    for position, at in enumerate(order):
        above = goes_on.get(at)
        if above and position and order[position - 1] == above.before:
            blocks[-1].append((at, above.confidence))
        else:
            blocks.append([(at, 1.0)])
    return blocks


def merge_blocks(
    view: View, blocks: Sequence[Sequence[tuple[int, float]]]
) -> tuple[list[Fragment], Floats]:
    """Each block as one fragment, and the probabilities of its roles (the mean, by length)."""
    merged = [
        merge([view.fragments[at] for at, _ in block], [sure for _, sure in block[1:]])
        for block in blocks
    ]
    if not blocks:
        return merged, view.roles
    order = [at for block in blocks for at, _ in block]
    starts = np.cumsum([0, *map(len, blocks[:-1])])
    sizes = np.array([len(view.fragments[at].key) + 1e-9 for at in order])[:, None]
    sums = np.add.reduceat(view.roles[order] * sizes, starts)
    return merged, sums / np.add.reduceat(sizes, starts)
