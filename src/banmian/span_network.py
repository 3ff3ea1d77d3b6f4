"""The span tagger's second voice: a small convolutional network over the characters of a line.

Vectors of characters and pairs (``embeddings``) and small tables of what a character is and where
it stands go through gated convolutions of growing reach (Dauphin et al. 2017; dilated as in
Strubell et al. 2017) to scores of tags under a linear-chain CRF. It is trained by
``span_network_training``; here it is only multiplied, in numpy.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banmian import features
from banmian.arrays import pack
from banmian.embeddings import Embeddings
from banmian.lexicon import longest_words

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

REACHES = (1, 2, 4)  # how far each convolution looks to each side
WIDTH = 128
COMMON = 1200  # so many of the commonest characters also have a vector learned from annotations
COMMON_SIZE = 32
_PLACES = ["S", *(f"{place}{size}" for place in "BME" for size in (2, 3, 4))]
_TYPES = "nqQ_dhao，。、；：！？"
_FAR = 6  # distances to quotes are counted up to here
_LONG = 20  # lengths of quotes up to here
_LONG_LINE = 80
# Sizes of the small tables and of their vectors: place in a listed word, type, distance behind the
# opening quote, before the closing one, length of the quoted string, length of the line.
TABLES = ((len(_PLACES) + 1, 16), (len(_TYPES) + 1, 8), (8, 8), (8, 8), (12, 8), (10, 8))
_SMALLEST_VARIANCE = 1e-5
_CHARACTERS_AT_ONCE = 4000


@dataclass(frozen=True)
class Batch:
    """Lines side by side, zeros behind their ends.

    ``characters`` and ``pairs`` are numbers of vectors (lines, longest), ``places`` rows of the
    small tables (tables, lines, longest), ``lengths`` characters (lines,).
    """

    characters: Ints
    pairs: Ints
    places: Ints
    lengths: Ints


def read_line(line: str, embeddings: Embeddings) -> Ints:
    """What the network sees of a line in normal form: (2 + tables, length) numbers."""
    size = len(line)
    words = np.zeros(size, np.int32)
    for start, end in longest_words(line):
        for at in range(start, end):
            words[at] = _PLACES.index(features.word_place(at, start, end)) + 1
    types = [_TYPES.find(features.type_of(char)) + 1 for char in line]
    quoted = features.innermost_quotes(line)
    opened = [0 if q is None else 1 + min(at - q.start, _FAR) for at, q in enumerate(quoted)]
    closed = [0 if q is None else 1 + min(q.end - at, _FAR) for at, q in enumerate(quoted)]
    lengths = [0 if q is None else 1 + min(q.end - q.start, _LONG) // 2 for q in quoted]
    line_length = [1 + min(size, _LONG_LINE) // 10] * size
    return np.array(
        [*embeddings.numbers(line), words, types, opened, closed, lengths, line_length], np.int32
    )


def stack(lines: Sequence[Ints], longest: int) -> Batch:
    """Pad lines as ``read_line`` reads them to ``longest`` characters."""
    padded = np.zeros((2 + len(TABLES), len(lines), longest), np.int32)
    for index, line in enumerate(lines):
        padded[:, index, : line.shape[1]] = line
    lengths = np.array([line.shape[1] for line in lines], np.int32)
    return Batch(padded[0], padded[1], padded[2:], lengths)


@dataclass(frozen=True)
class SpanNetwork:
    """The network's weights by name, and the vectors it stands on."""

    embeddings: Embeddings
    weights: dict[str, Floats]
    tables: tuple[Floats, Floats]

    @classmethod
    def of(cls, embeddings: Embeddings, weights: Mapping[str, NDArray[np.floating]]) -> SpanNetwork:
        """Raises ValueError for weights of another make."""
        own = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        wanted = shapes(embeddings.size, own["out_bias"].size if "out_bias" in own else 0)
        if {name: value.shape for name, value in own.items()} != wanted:
            raise ValueError("the span network's weights are damaged (their tables do not fit)")
        return cls(embeddings, own, embeddings.tables())

    @property
    def transitions(self) -> NDArray[np.float64]:
        """Scores of one tag behind another, (tags, tags)."""
        return self.weights["transitions"].astype(np.float64)

    def emissions(self, lines: Sequence[str]) -> list[NDArray[np.float64]]:
        """The scores of tags for each character of each line, (characters, tags)."""
        read = [read_line(line, self.embeddings) for line in lines]
        scores: list[NDArray[np.float64]] = [np.zeros((0, 0))] * len(lines)
        for chosen in _together([line.shape[1] for line in read]):
            batch = stack([read[i] for i in chosen], max(read[i].shape[1] for i in chosen))
            for index, found in zip(chosen, self._forward(batch), strict=True):
                scores[index] = found[: read[index].shape[1]].astype(np.float64)
        return scores

    def _forward(self, batch: Batch) -> Floats:
        weights, (characters, pairs) = self.weights, self.tables
        own = np.minimum(batch.characters, COMMON + 1)
        pair = pairs[batch.pairs]
        before = np.zeros_like(pair)
        before[:, 1:] = pair[:, :-1]
        seen = [characters[batch.characters], weights["common"][own], pair, before]
        seen += [weights[f"table_{i}"][row] for i, row in enumerate(batch.places)]
        hidden = np.concatenate(seen, axis=2) @ weights["in"] + weights["in_bias"]
        inside = (np.arange(hidden.shape[1]) < batch.lengths[:, None])[:, :, None]
        for number, reach in enumerate(REACHES):
            scaled = _normalized(hidden) * weights[f"scale_{number}"] + weights[f"shift_{number}"]
            hidden = hidden + self._convolve(scaled * inside, number, reach)
        scores: Floats = _gelu(hidden) @ weights["out"] + weights["out_bias"]
        return scores

    def _convolve(self, hidden: Floats, number: int, reach: int) -> Floats:
        """A gated convolution over three characters, ``reach`` apart."""
        length, kernel = hidden.shape[1], self.weights[f"kernel_{number}"]
        padded = np.pad(hidden, ((0, 0), (reach, reach), (0, 0)))
        taps = [padded[:, k * reach : k * reach + length] @ kernel[k] for k in range(3)]
        value, gate = np.split(sum(taps) + self.weights[f"bias_{number}"], 2, axis=2)
        gated: Floats = value / (1 + np.exp(-gate))
        return gated

    def to_bytes(self) -> bytes:
        """As a compressed NPZ archive of plain arrays, weights in half precision."""
        own = {name: value.astype(np.float16) for name, value in self.weights.items()}
        return pack({**self.embeddings.to_arrays(), **own})

    @classmethod
    def from_bytes(cls, data: bytes) -> SpanNetwork:
        """The inverse. Raises ValueError for data that is none; no pickle is ever read."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            embeddings = Embeddings.from_arrays(arrays)
        except (KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"the span network's weights are damaged ({error})") from error
        vectors = embeddings.to_arrays()
        return cls.of(embeddings, {k: v for k, v in arrays.items() if k not in vectors})


def shapes(size: int, tags: int) -> dict[str, tuple[int, ...]]:
    """The weights by name: vectors of ``size`` numbers in, scores of ``tags`` out."""
    seen = 3 * size + COMMON_SIZE + sum(length for _, length in TABLES)
    found: dict[str, tuple[int, ...]] = {"common": (COMMON + 2, COMMON_SIZE)}
    found |= {f"table_{number}": rows for number, rows in enumerate(TABLES)}
    found |= {"in": (seen, WIDTH), "in_bias": (WIDTH,)}
    for number, _ in enumerate(REACHES):
        found[f"kernel_{number}"] = (3, WIDTH, 2 * WIDTH)
        found[f"bias_{number}"] = (2 * WIDTH,)
        found |= {f"scale_{number}": (WIDTH,), f"shift_{number}": (WIDTH,)}
    return {**found, "out": (WIDTH, tags), "out_bias": (tags,), "transitions": (tags, tags)}


def _together(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of lines of like length, so many that a batch stays in the processor's cache."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > _CHARACTERS_AT_ONCE:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _normalized(hidden: Floats) -> Floats:
    """Layer normalization (Ba et al. 2016) without its scale and shift."""
    centred = hidden - hidden.mean(axis=2, keepdims=True)
    variance = np.square(centred).mean(axis=2, keepdims=True)
    normal: Floats = centred / np.sqrt(variance + _SMALLEST_VARIANCE)
    return normal


def _gelu(values: Floats) -> Floats:
    """The Gaussian error linear unit by its tanh approximation (Hendrycks and Gimpel 2016)."""
    inner = np.sqrt(2 / np.pi) * (values + 0.044715 * values**3)
    unit: Floats = (0.5 * values * (1 + np.tanh(inner))).astype(np.float32)
    return unit
