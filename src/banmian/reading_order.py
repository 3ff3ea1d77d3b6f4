"""Fragments that break off in mid-sentence, joined to what continues them, wherever it stands."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banmian import lexicon
from banmian.association import Association
from banmian.cleaning import ends_sentence
from banmian.fragments import (
    Fragment,
    border_scores,
    join_wraps,
    joined_probability,
    merge,
    wrap_probabilities,
)
from banmian.looks import TITLE_WIDTH
from banmian.network import Network
from banmian.roles import CLASSES, TITLES, role_probabilities

Floats = NDArray[np.float64]

WINDOW = 40  # fragments on either side among which the continuation is looked for
TITLE_WINDOW = 6
_LIKELY = 0.15
_WRAP = 0.2  # neighbours that may be wraps are looked at again, whatever they end with
_CROSSING = 4  # characters on each side that are looked up elsewhere on the page
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


def view_of(
    lines: Sequence[Fragment], association: Association, wraps: Network, roles: Network
) -> View:
    """Undo the wraps of a page's lines and tell the roles of what comes of it."""
    fragments = join_wraps(lines, association, wraps)
    joined = wrap_probabilities(fragments, association, wraps)
    return View(fragments, role_probabilities(fragments, joined, association, roles), joined)


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
    borders = border_scores(association, keys)
    looks = np.array([fragment.look for fragment in fragments])
    bond = crossing[:, :4].sum(axis=1)
    page = "\n".join(keys)
    sizes = np.concatenate([[0], np.cumsum([len(key) for key in keys])])
    body = np.concatenate([[0], np.cumsum(view.roles[:, _BODY_COLUMNS].sum(axis=1))])
    heads = np.concatenate([[0], np.cumsum(view.roles[:, _HEADS].sum(axis=1))])
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
            heads[high] - heads[low],
            high - low - (body[high] - body[low]),
            behind[first],
            before[second],
            np.where(step == 1, behind[first], 0),
            np.where(step == 1, 0, behind[first]),
            np.where(step == 1, 0, before[second]),
            [fragments[i].level for i in first],
            [fragments[j].level for j in second],
            [min(4, fragments[j].gap) for j in second],
            [min(4, fragments[j].indent) for j in second],
            *_rivals(first, second, bond),
            *zip(
                *(_crossing(keys[i], keys[j], page, lexicon.words()) for i, j in pairs), strict=True
            ),
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
        of_end: dict[int, list[int]] = defaultdict(list)
        for row, end in enumerate(ends.tolist()):
            of_end[end].append(row)
        margin = np.zeros(len(bond))
        for rows in of_end.values():
            values = bond[rows]
            top = np.sort(values)[::-1]
            best, next_best = top[0], top[1] if len(top) > 1 else top[0] - 5
            margin[rows] = np.where(values == best, best - next_best, values - best)
        margins.append(margin)
    return margins


def _crossing(
    before: str, behind: str, page: str, listed: AbstractSet[str]
) -> tuple[float, float, float]:
    """Longest listed word over the joint, longest string over it that stands elsewhere, quotes."""
    tail, head = before[-_CROSSING:], behind[:_CROSSING]
    strings = sorted(
        (
            tail[-left:] + head[:right]
            for left in range(1, len(tail) + 1)
            for right in range(1, len(head) + 1)
        ),
        key=len,
        reverse=True,
    )
    word = next((len(string) for string in strings if string in listed), 0)
    repeated = 0
    if tail[-1:] + head[:1] in page:
        repeated = next((len(string) for string in strings if string in page), 0)
    opened = before.count("“") - before.count("”") + before.count("（") - before.count("）")
    closed = behind.count("”") - behind.count("“") + behind.count("）") - behind.count("（")
    return word, repeated if repeated > 2 else 0, (opened > 0) * (1 if closed > 0 else -1)


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
    merged, roles = [], []
    for block in blocks:
        numbers = [at for at, _ in block]
        merged.append(
            merge([view.fragments[at] for at in numbers], [sure for _, sure in block[1:]])
        )
        weights = np.array([len(view.fragments[at].key) for at in numbers], dtype=float) + 1e-9
        roles.append(np.average(view.roles[numbers], axis=0, weights=weights))
    return merged, np.array(roles).reshape(len(merged), len(CLASSES))
