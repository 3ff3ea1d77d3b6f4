"""Vectors of characters and of pairs of neighbouring characters, learned from raw text.

Pairs stand beside characters as in Zhang and Yang (2018, "Chinese NER Using Lattice LSTM", section
3.1). The vectors are learned by word2vec (Mikolov et al. 2013) and kept as small integers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banmian.arrays import from_strings, to_strings

Ints = NDArray[np.int32]
BUNDLED = Path(__file__).parent / "data" / "embeddings.npz"
PADDING, UNKNOWN = 0, 1
_KNOWN_FROM = 2
_STEPS = 32  # of the stored integers to one standard deviation: they reach to four
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class Embeddings:
    """Units (characters or pairs) by number from 2 on, and their vectors as int8 (units, size)."""

    characters: dict[str, int]
    pairs: dict[str, int]
    character_vectors: NDArray[np.int8]
    pair_vectors: NDArray[np.int8]

    @classmethod
    def from_vectors(
        cls,
        characters: Iterable[str],
        character_vectors: NDArray[np.floating],
        pairs: Iterable[str],
        pair_vectors: NDArray[np.floating],
    ) -> Embeddings:
        """Keep real vectors (units, size), commonest units first, as small integers."""
        return cls(
            _numbered(characters),
            _numbered(pairs),
            _quantize(character_vectors),
            _quantize(pair_vectors),
        )

    @property
    def size(self) -> int:
        """The length of a vector."""
        return int(self.character_vectors.shape[1])

    def numbers(self, line: str) -> tuple[Ints, Ints]:
        """The numbers of a line's characters and of the pairs that begin at them, (length,) each.

        All digits count as one. The last character begins no pair.
        """
        plain = _DIGIT.sub("0", line)
        characters = [self.characters.get(char, UNKNOWN) for char in plain]
        pairs = [self.pairs.get(plain[at : at + 2], UNKNOWN) for at in range(len(plain) - 1)]
        return np.array(characters, np.int32), np.array([*pairs, PADDING], np.int32)

    def tables(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors by number, zeros for padding and for what is not known."""
        return _table(self.character_vectors), _table(self.pair_vectors)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As plain arrays."""
        return {
            "characters": from_strings(self.characters),
            "pairs": from_strings(self.pairs),
            "character_vectors": self.character_vectors,
            "pair_vectors": self.pair_vectors,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Embeddings:
        """The inverse. Raises KeyError for a missing one, ValueError where they do not fit."""
        loaded = cls(
            _numbered(to_strings(arrays["characters"])),
            _numbered(to_strings(arrays["pairs"])),
            arrays["character_vectors"].astype(np.int8),
            arrays["pair_vectors"].astype(np.int8),
        )
        sizes = (len(loaded.characters), loaded.size), (len(loaded.pairs), loaded.size)
        if (loaded.character_vectors.shape, loaded.pair_vectors.shape) != sizes:
            raise ValueError("the vectors of characters are damaged (their tables do not fit)")
        return loaded


@cache
def bundled() -> Embeddings:
    """The vectors in the package, learned from official documents (`banmian build embeddings`)."""
    with BUNDLED.open("rb") as file:
        return Embeddings.from_arrays(dict(np.load(file, allow_pickle=False)))


def _numbered(units: Iterable[str]) -> dict[str, int]:
    return {unit: number for number, unit in enumerate(units, _KNOWN_FROM)}


def _quantize(vectors: NDArray[np.floating]) -> NDArray[np.int8]:
    steps = np.round(vectors / vectors.std() * _STEPS)
    quantized: NDArray[np.int8] = np.clip(steps, -127, 127).astype(np.int8)
    return quantized


def _table(vectors: NDArray[np.int8]) -> NDArray[np.float32]:
    table = np.zeros((len(vectors) + _KNOWN_FROM, vectors.shape[1]), np.float32)
    table[_KNOWN_FROM:] = vectors.astype(np.float32) / (2 * _STEPS)
    return table
