"""The span tagger's conditional random field: training by CRFsuite, decoding in numpy.

CRFsuite (Okazaki 2007) estimates the weights by L-BFGS; they are then kept as a plain table
(feature, tag, weight), so that a model folder holds data and nothing else.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banmian import crf
from banmian.arrays import from_strings, to_strings
from banmian.features import line_features

CharSpan = tuple[int, int, str, float]
GoldText = tuple[str, Sequence[tuple[int, int, str]]]

_LONGEST_LINE = 1000  # longer lines are cut at the ends of sentences
_SENTENCE_ENDS = "。！？；"
_LINES_AT_ONCE = 64


@dataclass(frozen=True)
class TrainSettings:
    """What CRFsuite is told: L1 and L2 penalties, iterations, the rarest feature kept."""

    c1: float
    c2: float
    max_iterations: int
    min_frequency: int


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
    def train(cls, gold: Sequence[GoldText], settings: TrainSettings) -> SpanCrf:
        """Train on texts in normal form with their spans of characters."""
        import pycrfsuite

        labels = tuple(sorted({label for _, spans in gold for _, _, label in spans}))
        scheme = crf.TagScheme(labels)
        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.set_params(
            {
                "c1": settings.c1,
                "c2": settings.c2,
                "max_iterations": settings.max_iterations,
                "feature.minfreq": settings.min_frequency,
            }
        )
        for text, spans in gold:
            for start, end in lines_of(text):
                inside = [
                    (s - start, e - start, label)
                    for s, e, label in spans
                    if start <= s and e <= end
                ]
                tags = scheme.encode(inside, end - start)
                trainer.append(line_features(text[start:end]), list(map(str, tags)))
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "model.crfsuite")
            trainer.train(file)
            tagger = pycrfsuite.Tagger()
            tagger.open(file)
            try:
                info = tagger.info()
            finally:
                tagger.close()
        return cls._from_weights(scheme, info.state_features, info.transitions)

    @classmethod
    def _from_weights(
        cls,
        scheme: crf.TagScheme,
        state: dict[tuple[str, str], float],
        moves: dict[tuple[str, str], float],
    ) -> SpanCrf:
        transitions = np.zeros((scheme.size, scheme.size))
        for (before, after), weight in moves.items():
            transitions[int(before), int(after)] = weight
        table = sorted((feature, int(tag), weight) for (feature, tag), weight in state.items())
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

    def predict(self, texts: Sequence[str]) -> list[list[CharSpan]]:
        """Spans of characters with label and probability, for each text in normal form."""
        found: list[list[CharSpan]] = [[] for _ in texts]
        if not self.scheme.labels:
            return found
        lines = [(i, start, end) for i, text in enumerate(texts) for start, end in lines_of(text)]
        lines.sort(key=lambda line: line[2] - line[1])
        for first in range(0, len(lines), _LINES_AT_ONCE):
            batch = lines[first : first + _LINES_AT_ONCE]
            rows = [self.emissions(texts[i][start:end]) for i, start, end in batch]
            for (i, start, _), spans in zip(batch, self._decode(rows), strict=True):
                found[i] += [(start + s, start + e, label, p) for s, e, label, p in spans]
        return [sorted(spans) for spans in found]

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

    def _decode(self, rows: Sequence[NDArray[np.float64]]) -> Iterator[list[CharSpan]]:
        scores, lengths = crf.pad(rows)
        paths = crf.best_paths(scores, lengths, self.transitions, self.scheme)
        lattice = crf.build_lattice(scores, lengths, self.transitions, self.scheme)
        for index, path in enumerate(paths):
            yield [
                (*span, crf.span_probability(lattice, index, span, self.scheme))
                for span in self.scheme.decode(path)
            ]

    def to_bytes(self) -> bytes:
        """As a compressed NPZ archive of plain arrays."""
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            labels=from_strings(self.scheme.labels),
            features=from_strings(self.features),
            counts=np.diff(self.rows).astype(np.uint8),
            tags=self.tags,
            weights=self.weights.astype(np.float16),
            transitions=self.transitions,
        )
        return stream.getvalue()

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


def lines_of(text: str) -> Iterable[tuple[int, int]]:
    """Where the lines of a text stand; a very long one is cut behind the end of a sentence."""
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        while end - start > _LONGEST_LINE:
            window = text[start : start + _LONGEST_LINE]
            cut = max(map(window.rfind, _SENTENCE_ENDS)) + 1 or _LONGEST_LINE
            yield start, start + cut
            start += cut
        if start < end:
            yield start, end
        start = end + 1
