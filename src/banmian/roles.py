"""What each fragment of a page is: headline, byline, paragraph, furniture and the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from banmian.fragments import Fragment, border_scores
from banmian.looks import LOOK_SIZE
from banmian.network import Network
from banmian.types import HEAD_ROLES, ROLES

Floats = NDArray[np.float64]

CLASSES = (*ROLES, "furniture")
TITLES = (*HEAD_ROLES, "subhead")
_NEIGHBOURS = (-2, -1, 1, 2)


def role_features(fragments: Sequence[Fragment], joined: Floats) -> Floats:
    """One row for each fragment: its look, its neighbours' and the page's.

    ``joined`` says for each fragment but the first how likely it goes on the one before.
    """
    count = len(fragments)
    looks = np.array([fragment.look for fragment in fragments]).reshape(count, LOOK_SIZE)
    borders = border_scores(fragments)
    around = [_shifted(looks, by) for by in _NEIGHBOURS]
    before = np.concatenate([[0.0], joined])[:, None]
    behind = np.concatenate([joined, [0.0]])[:, None]
    return np.hstack([looks, *around, borders, before, behind, _make_up(fragments)])


def _shifted(rows: Floats, by: int) -> Floats:
    """The rows of the neighbours at a distance; zeros beyond the page."""
    moved = np.zeros_like(rows)
    if by < 0:
        moved[-by:] = rows[:by]
    else:
        moved[:-by] = rows[by:]
    return moved


def _make_up(fragments: Sequence[Fragment]) -> Floats:
    """Marks, gaps, places and lengths, each beside what is usual on the page."""
    count = len(fragments)
    levels = np.array([fragment.level for fragment in fragments], dtype=float)
    gaps = np.array([min(4, fragment.gap) for fragment in fragments], dtype=float)
    indents = np.array([min(4, fragment.indent) for fragment in fragments], dtype=float)
    widths = np.log1p([len(fragment.key) for fragment in fragments])
    top = levels[levels > 0].min() if levels.any() else 0.0
    at = np.arange(count)
    columns = [
        levels,
        (levels > 0) & (levels == top),
        levels > top,
        np.full(count, (levels > 0).mean()),
        gaps,
        np.append(gaps[1:], 4.0),
        gaps - gaps.mean(),
        indents,
        np.full(count, indents.mean()),
        np.minimum(at, 8),
        np.minimum(count - 1 - at, 8),
        at / max(1, count - 1),
        np.full(count, np.log1p(count)),
        np.full(count, np.median(widths)),
        np.array([len(fragment.stretches) > 1 for fragment in fragments]),
    ]
    return np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)


def role_probabilities(fragments: Sequence[Fragment], joined: Floats, network: Network) -> Floats:
    """(fragments, CLASSES)."""
    if not fragments:
        return np.zeros((0, len(CLASSES)))
    found = network.probabilities(role_features(fragments, joined))
    order = [network.classes.index(role) if role in network.classes else -1 for role in CLASSES]
    padded = np.hstack([found, np.zeros((len(found), 1))])
    return np.asarray(padded[:, order])
