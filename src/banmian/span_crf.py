"""The span tagger's first voice: a conditional random field over features of characters.

CRFsuite (Okazaki 2007) estimates the weights by stochastic gradient descent with an L2 penalty
(Shalev-Shwartz et al. 2007, "Pegasos"); they are then kept as a plain table (feature, tag, weight), so
that a model folder holds data and nothing else.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banmian import crf
from banmian.arrays import from_strings, pack, to_strings
from banmian.features import line_features

GoldText = tuple[str, Sequence[tuple[int, int, str]]]

# Weights nearer to zero are left out. Of those that L-BFGS had found that were six in ten, worth 0.0002 of the
# exact F1 on held-out batches (training/EXPERIMENTS.md).
_NEGLIGIBLE = 3e-3

# Training ends early where the loss fell by less than this share within so many epochs.
_PERIOD, _NO_GAIN = 5, 1e-7


@dataclass(frozen=True)
class TrainSettings:
    """What CRFsuite is told: the L2 penalty, how often it sees all lines, the rarest feature kept.

    ``runs``: how often it estimates the weights, the lines in another order each time; their mean is kept.
    """

    c2: float
    epochs: int
    min_frequency: int
    runs: int = 1


@dataclass(frozen=True)
class SpanCrf:
    """Weights of features by tag: ``rows[f] : rows[f + 1]`` of ``tags`` and ``weights``."""

    scheme: crf.TagScheme
    features: dict[str, int]
    rows: NDArray[np.int64]
    tags: NDArray[np.uint8]
    weights: NDArray[np.float32]
    transitions: NDArray[np.float64]

    @classmethod
    def empty(cls) -> SpanCrf:
        """One that knows nothing and marks nothing."""
        scheme = crf.TagScheme(())
        none = np.zeros(0)
        return cls(
            scheme,
            {},
            np.zeros(1, np.int64),
            none.astype(np.uint8),
            none.astype(np.float32),
            np.zeros((1, 1)),
        )

    @classmethod
    def train(
        cls, lines: Iterable[tuple[str, list[int]]], scheme: crf.TagScheme, settings: TrainSettings
    ) -> SpanCrf:
        """Train on lines in normal form with one tag a character.

        The order in which lines are seen is drawn from C's ``rand()``, so the first training of a
        process is the same each time. Gradient descent ends somewhere near the best weights; the mean of
        several runs lies nearer (Polyak and Juditsky 1992, on averages of its steps).
        """
        import pycrfsuite

        trainer = pycrfsuite.Trainer(algorithm="l2sgd", verbose=False)
        trainer.set_params(
            {
                "c2": settings.c2,
                "max_iterations": settings.epochs,
                "feature.minfreq": settings.min_frequency,
                "period": _PERIOD,
                "delta": _NO_GAIN,
            }
        )
        for line, tags in lines:
            trainer.append(line_features(line), list(map(str, tags)))
        state: dict[tuple[str, str], float] = defaultdict(float)
        moves: dict[tuple[str, str], float] = defaultdict(float)
        for _ in range(settings.runs):
            info = _estimated(trainer)
            for mean, weights in ((state, info.state_features), (moves, info.transitions)):
                for key, weight in weights.items():
                    mean[key] += weight / settings.runs
        return cls.from_weights(scheme, state, moves)

    @classmethod
    def from_weights(
        cls,
        scheme: crf.TagScheme,
        state: dict[tuple[str, str], float],
        moves: dict[tuple[str, str], float],
    ) -> SpanCrf:
        """From weights by (feature, tag) and by (tag, next tag), tags as strings of digits.

        Features whose weights are all next to nothing are left out.
        """
        transitions = np.zeros((scheme.size, scheme.size))
        for (before, after), weight in moves.items():
            transitions[int(before), int(after)] = weight
        table = sorted(
            (feature, int(tag), weight)
            for (feature, tag), weight in state.items()
            if abs(weight) >= _NEGLIGIBLE
        )
        features: dict[str, int] = {}
        rows = [0]
        for feature, group in groupby(table, key=lambda row: row[0]):
            features[feature] = len(features)
            rows.append(rows[-1] + sum(1 for _ in group))
        return cls(
            scheme,
            features,
            np.array(rows),
            np.array([tag for _, tag, _ in table], dtype=np.uint8),
            np.array([weight for *_, weight in table], dtype=np.float32),
            transitions,
        )

    def emissions(self, line: str) -> NDArray[np.float64]:
        """The scores of tags for each character of a line, (characters, tags)."""
        known = self.features
        pairs = [
            (at, known[feature])
            for at, own in enumerate(line_features(line))
            for feature in own
            if feature in known
        ]
        scores = np.zeros((len(line), self.scheme.size))
        if not pairs:
            return scores
        at, row = np.array(pairs).T
        starts, counts = self.rows[row], self.rows[row + 1] - self.rows[row]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        entries = np.repeat(starts, counts) + offsets
        np.add.at(scores, (np.repeat(at, counts), self.tags[entries]), self.weights[entries])
        return scores

    def to_bytes(self) -> bytes:
        """As a compressed NPZ archive of plain arrays."""
        return pack(
            {
                "labels": from_strings(self.scheme.labels),
                "features": from_strings(self.features),
                "counts": np.diff(self.rows).astype(np.uint8),
                "tags": self.tags,
                "weights": self.weights.astype(np.float16),
                "transitions": self.transitions,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> SpanCrf:
        """The inverse. Raises ValueError for data that is none; no pickle is ever read."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as parts:
                scheme = crf.TagScheme(tuple(to_strings(parts["labels"])))
                names = to_strings(parts["features"])
                counts = parts["counts"].astype(np.int64)
                loaded = cls(
                    scheme,
                    {name: number for number, name in enumerate(names)},
                    np.concatenate([[0], np.cumsum(counts)]),
                    parts["tags"].astype(np.uint8),
                    parts["weights"].astype(np.float32),
                    parts["transitions"].astype(np.float64).reshape(scheme.size, scheme.size),
                )
        except (KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"the span tagger's weights are damaged ({error})") from error
        total = len(loaded.tags)
        if len(names) != len(counts) or loaded.rows[-1] != total or len(loaded.weights) != total:
            raise ValueError("the span tagger's weights are damaged (their tables do not fit)")
        if total and int(loaded.tags.max()) >= scheme.size:
            raise ValueError("the span tagger's weights are damaged (a tag without a label)")
        return loaded


def _estimated(trainer: Any) -> Any:
    """CRFsuite's weights by feature and tag and by tag and next tag, from one run."""
    import pycrfsuite

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.crfsuite")
        trainer.train(file)
        tagger = pycrfsuite.Tagger()
        tagger.open(file)
        try:
            return tagger.info()
        finally:
            tagger.close()
