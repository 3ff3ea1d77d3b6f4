"""A linear-chain conditional random field over BIOES tags: decoding and span scores.

Lafferty, McCallum and Pereira (2001); forward and backward passes scaled as in Rabiner (1989).
Arrays are padded batches: ``scores`` is float (length, batch, tags), ``lengths`` int (batch,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

OUTSIDE = 0
_BEGIN, _INSIDE, _END, _SINGLE = 1, 2, 3, 4
_FORBIDDEN = -1e4


@dataclass(frozen=True)
class TagScheme:
    """BIOES tags for some labels: tag 0 is outside, then four tags a label."""

    labels: tuple[str, ...]

    @property
    def size(self) -> int:
        """The number of tags."""
        return 1 + 4 * len(self.labels)

    def encode(self, spans: Sequence[tuple[int, int, str]], length: int) -> list[int]:
        """Tags for half-open token spans in a text of ``length`` tokens."""
        tags = [OUTSIDE] * length
        for start, end, label in spans:
            base = 4 * self.labels.index(label)
            if end - start == 1:
                tags[start] = base + _SINGLE
            else:
                tags[start] = base + _BEGIN
                tags[end - 1] = base + _END
                for at in range(start + 1, end - 1):
                    tags[at] = base + _INSIDE
        return tags

    def decode(self, tags: Sequence[int]) -> list[tuple[int, int, str]]:
        """The spans of a valid sequence of tags."""
        spans, start = [], 0
        for at, tag in enumerate(tags):
            if tag == OUTSIDE:
                continue
            label, place = self.labels[(tag - 1) // 4], (tag - 1) % 4 + 1
            if place in (_BEGIN, _SINGLE):
                start = at
            if place in (_END, _SINGLE):
                spans.append((start, at + 1, label))
        return spans

    def constraints(self) -> tuple[Floats, Floats, Floats]:
        """What is added to the scores of transitions, first tags and last tags: 0 or forbidden."""
        moves = np.full((self.size, self.size), _FORBIDDEN)
        opens = [OUTSIDE] + [t for t in range(1, self.size) if (t - 1) % 4 + 1 in (_BEGIN, _SINGLE)]
        for tag in range(self.size):
            place = (tag - 1) % 4 + 1 if tag else OUTSIDE
            if place in (_BEGIN, _INSIDE):
                base = (tag - 1) // 4 * 4
                moves[tag, [base + _INSIDE, base + _END]] = 0.0
            else:
                moves[tag, opens] = 0.0
        first = np.full(self.size, _FORBIDDEN)
        first[opens] = 0.0
        last = np.full(self.size, _FORBIDDEN)
        last[[t for t in range(self.size) if not t or (t - 1) % 4 + 1 in (_END, _SINGLE)]] = 0.0
        return moves, first, last


@dataclass(frozen=True)
class Lattice:
    """Scaled forward and backward messages of a batch."""

    emit: Floats  # exp(scores), shifted, constraints on first and last tags included
    move: Floats  # exp(transitions)
    forward: Floats
    backward: Floats
    scale: Floats
    log_z: Floats
    lengths: Ints


def pad(rows: Sequence[Floats]) -> tuple[Floats, Ints]:
    """Stack (length, tags) arrays into one (longest, batch, tags) array, zeros behind each end."""
    lengths = np.array([len(row) for row in rows])
    padded = np.zeros((int(lengths.max()), len(rows), rows[0].shape[1]))
    for index, row in enumerate(rows):
        padded[: len(row), index] = row
    return padded, lengths


def build_lattice(scores: Floats, lengths: Ints, transitions: Floats, scheme: TagScheme) -> Lattice:
    """Run the forward and backward passes. ``transitions`` is (tags, tags), from row to column."""
    moves, first, last = scheme.constraints()
    scores, batch = scores.copy(), np.arange(scores.shape[1])
    scores[0] += first
    scores[lengths - 1, batch] += last
    shift = scores.max(axis=2, keepdims=True)
    emit, move = np.exp(scores - shift), np.exp(transitions + moves)
    size = len(scores)
    forward, backward = np.zeros_like(emit), np.ones_like(emit)
    scale = np.ones(scores.shape[:2])
    for at in range(size):
        alpha = emit[at] if at == 0 else (forward[at - 1] @ move) * emit[at]
        alive = at < lengths
        scale[at, alive] = np.maximum(alpha[alive].sum(axis=1), 1e-300)
        forward[at] = np.where(alive[:, None], alpha / scale[at][:, None], forward[at - 1])
    for at in range(size - 2, -1, -1):
        beta = (emit[at + 1] * backward[at + 1]) @ move.T / scale[at + 1][:, None]
        backward[at] = np.where((at + 1 < lengths)[:, None], beta, 1.0)
    inside = np.arange(size)[:, None] < lengths
    log_z = ((np.log(scale) + shift[:, :, 0]) * inside).sum(axis=0)
    return Lattice(emit, move, forward, backward, scale, log_z, lengths)


def best_paths(
    scores: Floats, lengths: Ints, transitions: Floats, scheme: TagScheme
) -> list[list[int]]:
    """The most likely valid tags of each sequence (Viterbi)."""
    moves, first, last = scheme.constraints()
    moves = moves + transitions
    size, batch, _ = scores.shape
    best = scores[0] + first
    back = np.zeros(scores.shape, dtype=np.int16)
    finals = np.zeros_like(best)
    for at in range(size):
        if at:
            through = best[:, :, None] + moves[None]
            back[at] = through.argmax(axis=1)
            best = np.take_along_axis(through, back[at][:, None, :].astype(int), axis=1)[:, 0]
            best = best + scores[at]
        finals[lengths == at + 1] = best[lengths == at + 1] + last
    paths = []
    for index in range(batch):
        tag = int(finals[index].argmax())
        path = [tag]
        for at in range(int(lengths[index]) - 1, 0, -1):
            tag = int(back[at, index, tag])
            path.append(tag)
        paths.append(path[::-1])
    return paths


def span_probability(
    lattice: Lattice, index: int, span: tuple[int, int, str], scheme: TagScheme
) -> float:
    """The probability that exactly this span, with this label, is in sequence ``index``."""
    start, end, label = span
    tags = scheme.encode([(0, end - start, label)], end - start)
    log_p = float(np.log(lattice.forward[start, index, tags[0]] + 1e-300))
    for at in range(start + 1, end):
        before, tag = tags[at - start - 1], tags[at - start]
        step = lattice.move[before, tag] * lattice.emit[at, index, tag] / lattice.scale[at, index]
        log_p += float(np.log(step + 1e-300))
    log_p += float(np.log(lattice.backward[end - 1, index, tags[-1]] + 1e-300))
    return float(min(1.0, np.exp(log_p)))
