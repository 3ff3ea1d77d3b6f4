"""The span tagger of a trained model carried on with new annotations, from the weights that it has.

Maximum a posteriori adaptation (Chelba and Acero 2006, "Adaptation of maximum entropy capitalizer:
little data can help a lot"): the likelihood of the new annotations under a Gaussian prior around
the old weights, which so stand for all that they were estimated on. Features that only the new
annotations have begin at zero. The network beside the features stays as it is, and its scores are
taken into account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from banmian import crf
from banmian.annotations import in_normal_form
from banmian.blas import one_thread
from banmian.components import SpanTagger
from banmian.features import line_features
from banmian.span_crf import GoldText, SpanCrf
from banmian.span_model import SpanModel, tagged_lines
from banmian.types import AnnotatedArticle

if TYPE_CHECKING:
    from spacy.language import Language

Floats = NDArray[np.float64]

# How firmly weights are held where they were, the inverse of the prior's variance; chosen by
# `python benchmarks/adapting.py --priors`.
PRIOR = 30.0
_ITERATIONS = 40
_RAREST = 2  # how often a feature must stand in the new texts that the model does not know
_LINES_AT_ONCE = 64


def adapt(nlp: Language, articles: Iterable[AnnotatedArticle], *, prior: float = PRIOR) -> None:
    """Carry a loaded model's spans on with articles; genre, topics and the rest of it stay.

    Raises ValueError for a label that the model does not know.
    """
    own = map(in_normal_form, articles)
    gold = [(a.text, [(s.start, s.end, s.label) for s in a.spans]) for a in own]
    for _, component in nlp.pipeline:
        if isinstance(component, SpanTagger):
            component.model = adapt_spans(component.model, gold, prior)


def adapt_spans(old: SpanModel, gold: Sequence[GoldText], prior: float = PRIOR) -> SpanModel:
    """The model that explains gold texts, in normal form, and is not far from the old one.

    Raises ValueError for a label that the old one does not know.
    """
    unknown = {label for _, spans in gold for *_, label in spans} - set(old.crf.scheme.labels)
    if unknown:
        raise ValueError(f"the model does not know the label {', '.join(sorted(unknown))}")
    with one_thread():
        return _carried_on(old, gold, prior)


def _carried_on(old: SpanModel, gold: Sequence[GoldText], prior: float) -> SpanModel:
    lines = _read(old, gold)
    weights, moves = _weights_of(old.crf, lines.names), old.crf.transitions
    size = weights.size

    def loss(change: Floats) -> tuple[float, Floats]:
        """The negative logarithm of likelihood and prior, and its gradient."""
        emit, move = change[:size].reshape(weights.shape), change[size:].reshape(moves.shape)
        value, *gradients = _likelihood(lines, weights + emit, moves + move, old.crf.scheme)
        gradient = np.concatenate([part.ravel() for part in gradients]) + prior * change
        return value + prior / 2 * float(change @ change), gradient

    start = np.zeros(size + moves.size)
    options = {"maxiter": _ITERATIONS}
    change = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    weights = weights + change[:size].reshape(weights.shape)
    moves = moves + change[size:].reshape(moves.shape)
    return replace(old, crf=_with_weights(old.crf, lines.names, weights, moves))


@dataclass(frozen=True)
class _Lines:
    """Lines below each other: a row a character, a column a feature; and their gold tags.

    Line n has the rows ``starts[n] : starts[n + 1]``; short lines come first. ``voice`` is the share
    that the features have in a score; ``scores`` and ``moves`` are what the network adds.
    """

    rows: csr_matrix
    names: list[str]
    tags: NDArray[np.int64]
    starts: NDArray[np.int64]
    voice: float
    scores: Floats
    moves: Floats


def _read(old: SpanModel, gold: Sequence[GoldText]) -> _Lines:
    found = sorted(tagged_lines(gold, old.crf.scheme), key=lambda line: len(line[0]))
    texts = [line for line, _ in found]
    characters = [own for line in texts for own in line_features(line)]
    counts = Counter(feature for own in characters for feature in own)
    known = old.crf.features
    names = [name for name, count in counts.items() if name in known or count >= _RAREST]
    column = {name: number for number, name in enumerate(names)}
    columns = [[column[name] for name in own if name in column] for own in characters]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([number for own in columns for number in own], dtype=np.int64)
    scores = np.zeros((len(characters), old.crf.scheme.size))
    moves = np.zeros_like(old.crf.transitions)
    if old.network is not None:
        scores = old.share * np.concatenate(old.network.emissions(texts))
        moves = old.share * old.network.transitions
    return _Lines(
        csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(characters), len(names))),
        names,
        np.array([tag for _, tags in found for tag in tags], dtype=np.int64),
        np.cumsum([0, *map(len, texts)]),
        1 - old.share if old.network is not None else 1.0,
        scores,
        moves,
    )


def _weights_of(old: SpanCrf, names: Sequence[str]) -> Floats:
    """The old weights of features, (features, tags); zero where there are none."""
    weights = np.zeros((len(names), old.scheme.size))
    for number, name in enumerate(names):
        row = old.features.get(name)
        if row is not None:
            entries = slice(old.rows[row], old.rows[row + 1])
            weights[number, old.tags[entries]] = old.weights[entries]
    return weights


def _likelihood(
    lines: _Lines, weights: Floats, moves: Floats, scheme: crf.TagScheme
) -> tuple[float, Floats, Floats]:
    """The negative log-likelihood of the gold tags, and its gradient by weights and by moves."""
    scores = lines.voice * np.asarray(lines.rows @ weights) + lines.scores
    moves = lines.voice * moves + lines.moves
    expected, expected_moves, log_z = np.zeros_like(scores), np.zeros_like(moves), 0.0
    for first in range(0, len(lines.starts) - 1, _LINES_AT_ONCE):
        starts = lines.starts[first : first + _LINES_AT_ONCE + 1]
        padded, lengths = crf.pad([scores[a:b] for a, b in pairwise(starts)])
        lattice = crf.build_lattice(padded, lengths, moves, scheme)
        inside = np.arange(len(padded))[:, None] < lengths
        tags = lattice.forward * lattice.backward
        expected[starts[0] : starts[-1]] = tags.transpose(1, 0, 2)[inside.T]
        ahead = lattice.emit[1:] * lattice.backward[1:] / lattice.scale[1:, :, None]
        behind = lattice.forward[:-1] * inside[1:, :, None]
        expected_moves += np.einsum("tbi,tbj->ij", behind, ahead, optimize=True) * lattice.move
        log_z += float(lattice.log_z.sum())
    at = np.arange(len(lines.tags))
    moved = np.setdiff1d(at, lines.starts)  # no move leads to a line's first tag
    before, after = lines.tags[moved - 1], lines.tags[moved]
    value = log_z - float(scores[at, lines.tags].sum()) - float(moves[before, after].sum())
    expected[at, lines.tags] -= 1
    np.subtract.at(expected_moves, (before, after), 1)
    return value, lines.voice * np.asarray(lines.rows.T @ expected), lines.voice * expected_moves


def _with_weights(old: SpanCrf, names: Sequence[str], weights: Floats, moves: Floats) -> SpanCrf:
    """The old field with other weights of some features, and with other moves."""
    renewed = set(names)
    table = {
        (name, str(tag)): float(weight)
        for name, row in old.features.items()
        if name not in renewed
        for tag, weight in zip(
            old.tags[old.rows[row] : old.rows[row + 1]],
            old.weights[old.rows[row] : old.rows[row + 1]],
            strict=True,
        )
    }
    for number, tag in np.argwhere(weights):
        table[names[number], str(tag)] = float(weights[number, tag])
    transitions = {(str(a), str(b)): float(moves[a, b]) for a, b in np.argwhere(moves)}
    return SpanCrf.from_weights(old.scheme, table, transitions)
