"""The span tagger's two voices as one: scores of the CRF's features and of the network, added up.

Both give scores under a linear-chain CRF with the same tags, so that their weighted sum is one,
too: a product of experts (Hinton 1999, "Products of experts").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from banmian import crf
from banmian.blas import one_thread
from banmian.embeddings import bundled
from banmian.span_crf import GoldText, SpanCrf, TrainSettings
from banmian.span_network import SpanNetwork

CharSpan = tuple[int, int, str, float]
Line = tuple[int, int, int]  # which text, from where, to where

_LONGEST_LINE = 1000  # longer lines are cut at the ends of sentences
_SENTENCE_ENDS = "。！？；"
_LINES_AT_ONCE = 64


@dataclass(frozen=True)
class NetworkSettings:
    """How often the network sees every line (0: there is none), its seed, its share of a score."""

    epochs: int
    seed: int
    share: float


@dataclass(frozen=True)
class SpanModel:
    """A CRF, alone or with a network that has ``share`` (0 to 1) of the scores."""

    crf: SpanCrf
    network: SpanNetwork | None = None
    share: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for two voices that know different tags."""
        if self.network and self.network.transitions.shape != self.crf.transitions.shape:
            raise ValueError("the span tagger's weights are damaged (its parts differ in tags)")

    @classmethod
    def train(
        cls, gold: Sequence[GoldText], settings: TrainSettings, network: NetworkSettings
    ) -> SpanModel:
        """Train on texts in normal form with their spans of characters.

        Raises ModuleNotFoundError where a network is wanted and the extra ``train`` is missing.
        """
        labels = tuple(sorted({label for _, spans in gold for _, _, label in spans}))
        scheme = crf.TagScheme(labels)
        lines = list(tagged_lines(gold, scheme))
        if not network.epochs:
            return cls(SpanCrf.train(lines, scheme, settings))
        from banmian.span_network_training import train_network

        # Each takes one core for 10 to 25 minutes. Spawned, since a fork would copy the threads of jax.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            first = pool.submit(SpanCrf.train, lines, scheme, settings)
            second = train_network(
                lines, scheme, bundled(), epochs=network.epochs, seed=network.seed
            )
            return cls(first.result(), second, network.share)

    def predict(self, texts: Sequence[str]) -> list[list[CharSpan]]:
        """Spans of characters with label and probability, for each text in normal form."""
        found: list[list[CharSpan]] = [[] for _ in texts]
        if not self.crf.scheme.labels:
            return found
        lines = [(i, start, end) for i, text in enumerate(texts) for start, end in lines_of(text)]
        lines.sort(key=lambda line: line[2] - line[1])
        with one_thread():
            for first in range(0, len(lines), _LINES_AT_ONCE):
                batch = lines[first : first + _LINES_AT_ONCE]
                scores = self._emissions([texts[i][start:end] for i, start, end in batch])
                for (i, start, _), spans in zip(batch, self._decode(scores), strict=True):
                    found[i] += [(start + s, start + e, label, p) for s, e, label, p in spans]
        return [sorted(spans) for spans in found]

    def _emissions(self, lines: Sequence[str]) -> list[NDArray[np.float64]]:
        own = [self.crf.emissions(line) for line in lines]
        if self.network is None:
            return own
        other = self.network.emissions(lines)
        return [self._mixed(one, two) for one, two in zip(own, other, strict=True)]

    def _mixed(self, own: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        return (1 - self.share) * own + self.share * other

    def _decode(self, rows: Sequence[NDArray[np.float64]]) -> Iterator[list[CharSpan]]:
        scheme, transitions = self.crf.scheme, self.crf.transitions
        if self.network is not None:
            transitions = self._mixed(transitions, self.network.transitions)
        scores, lengths = crf.pad(rows)
        paths = crf.best_paths(scores, lengths, transitions, scheme)
        lattice = crf.build_lattice(scores, lengths, transitions, scheme)
        for index, path in enumerate(paths):
            yield [
                (*span, crf.span_probability(lattice, index, span, scheme))
                for span in scheme.decode(path)
            ]


def tagged_lines(
    gold: Sequence[GoldText], scheme: crf.TagScheme
) -> Iterator[tuple[str, list[int]]]:
    """The lines of gold texts, each with one tag a character."""
    for text, spans in gold:
        for start, end in lines_of(text):
            inside = [
                (s - start, e - start, label) for s, e, label in spans if start <= s and e <= end
            ]
            yield text[start:end], scheme.encode(inside, end - start)


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
