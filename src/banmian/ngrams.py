"""N-grams of characters as hashes, in arrays: of many texts at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)


def ngrams(texts: Sequence[str], size: int) -> tuple[NDArray[np.int64], Codes]:
    """Each n-gram of the texts: the number of its text, and its hash. No text has a line end."""
    codes = np.array([*map(ord, "\n".join(texts))], dtype=np.uint64)
    ends = codes == ord("\n")
    count = max(0, len(codes) - size + 1)
    inside = ~np.any([ends[at : at + count] for at in range(size)], axis=0)
    hashes = hashed([codes[at : at + count] for at in range(size)])
    return np.cumsum(ends)[:count][inside], hashes[inside]


def hashed(windows: Sequence[Codes]) -> Codes:
    """A hash of 64 bits for each n-gram; ``windows`` are its characters, as code points."""
    key = np.full(len(windows[0]), len(windows), dtype=np.uint64) * _MULTIPLIER
    for window in windows:
        key = (key ^ window) * _MULTIPLIER
        key ^= key >> np.uint64(29)
    return key
