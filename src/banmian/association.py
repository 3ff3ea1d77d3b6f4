"""How strongly the characters on the two sides of a joint belong together.

Counts of single characters and of the 2-, 3- and 4-grams that cross a joint, from running text;
from them pointwise mutual information (Church and Hanks 1990), smoothed, of what stands on the left
with what stands on the right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banmian.ngrams import Codes, hashed, ngrams

REACH = 2  # characters on each side of a joint
FEATURES = 8
_RARE = 2  # n-grams seen less often are not kept

Floats = NDArray[np.float64]
Table = tuple[NDArray[np.uint32], NDArray[np.uint16]]  # hashes in order, and their counts


@dataclass(frozen=True)
class Association:
    """Counts of n-grams of one to four characters; n-grams are held by a hash of 32 bits."""

    tables: tuple[Table, ...]
    characters: int  # how many were counted

    @classmethod
    def count(cls, paragraphs: Iterable[str]) -> Association:
        """Count the n-grams of paragraphs in normal form, blanks aside."""
        texts = ["".join(paragraph.split()) for paragraph in paragraphs]
        tables = []
        for size in range(1, 2 * REACH + 1):
            keys, counts = np.unique(_shortened(ngrams(texts, size)[1]), return_counts=True)
            often = counts >= (1 if size == 1 else _RARE)
            limit = np.iinfo(np.uint16).max
            tables.append((keys[often], np.minimum(counts[often], limit).astype(np.uint16)))
        return cls(tuple(tables), sum(map(len, texts)))

    def features(self, before: Sequence[str], behind: Sequence[str]) -> Floats:
        """(joints, FEATURES) for texts in normal form without blanks; their ends at the joint count.

        Mutual information of 1+1, 2+1, 1+2 and 2+2 characters, then how common each side is.
        """
        left, right = _sides(before, behind)
        one_left, one_right = self._seen([left[:, 0]]), self._seen([right[:, 0]])
        two_left = self._seen([left[:, 1], left[:, 0]])
        two_right = self._seen([right[:, 0], right[:, 1]])
        crossing = (
            (self._seen([left[:, 0], right[:, 0]]), one_left, one_right),
            (self._seen([left[:, 1], left[:, 0], right[:, 0]]), two_left, one_right),
            (self._seen([left[:, 0], right[:, 0], right[:, 1]]), one_left, two_right),
            (self._seen([left[:, 1], left[:, 0], right[:, 0], right[:, 1]]), two_left, two_right),
        )
        information = [self._information(*seen) for seen in crossing]
        common = [np.log1p(seen) for seen in (one_left, one_right, two_left, two_right)]
        return np.stack([*information, *common], axis=1)

    def borders(
        self, texts: Sequence[str], marks: Sequence[tuple[str, str]]
    ) -> tuple[Floats, Floats]:
        """How well texts stand behind the first of two marks, and before the second.

        Both (texts, 2 for each pair of marks): mutual information of the mark and the character
        next to it, and the two next to it.
        """
        left, right = _sides(texts, texts)
        before, behind = (
            np.repeat(np.array([*map(ord, side)], dtype=np.uint64), len(texts))
            for side in zip(*marks, strict=True)
        )
        opens, closes = [], []
        for windows in ([right[:, 0]], [right[:, 0], right[:, 1]]):
            inside, seen = self._repeated(windows, len(marks))
            crossing = self._seen([before, *inside])
            opens.append(self._information(crossing, self._seen([before]), seen))
        for windows in ([left[:, 0]], [left[:, 1], left[:, 0]]):
            inside, seen = self._repeated(windows, len(marks))
            crossing = self._seen([*inside, behind])
            closes.append(self._information(crossing, seen, self._seen([behind])))
        shape = (2 * len(marks), len(texts))
        return np.stack(opens).reshape(shape).T, np.stack(closes).reshape(shape).T

    def _repeated(self, windows: Sequence[Codes], times: int) -> tuple[list[Codes], Floats]:
        return [np.tile(codes, times) for codes in windows], np.tile(self._seen(windows), times)

    def _information(self, both: Floats, one: Floats, other: Floats) -> Floats:
        """Pointwise mutual information, smoothed, of what was seen together and alone."""
        total = max(1, self.characters)
        return np.asarray(np.log((both + 0.2) / ((one + 1) * (other + 1) / total + 0.2)))

    def _seen(self, windows: Sequence[Codes]) -> Floats:
        keys, counts = self.tables[len(windows) - 1]
        if not len(keys):
            return np.zeros(len(windows[0]))
        wanted = _shortened(hashed(windows))
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, counts[at], 0).astype(np.float64)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As plain arrays."""
        arrays: dict[str, NDArray[np.generic]] = {"characters": np.array(self.characters)}
        for size, (keys, counts) in enumerate(self.tables, 1):
            arrays[f"keys_{size}"], arrays[f"counts_{size}"] = keys, counts
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Association:
        """The inverse. Raises KeyError where one is missing."""
        tables = tuple(
            (arrays[f"keys_{size}"].astype(np.uint32), arrays[f"counts_{size}"].astype(np.uint16))
            for size in range(1, 2 * REACH + 1)
        )
        return cls(tables, int(arrays["characters"]))


def _shortened(hashes: Codes) -> NDArray[np.uint32]:
    return (hashes >> np.uint64(32)).astype(np.uint32)


def _sides(before: Sequence[str], behind: Sequence[str]) -> tuple[Codes, Codes]:
    """The characters next to each joint, nearest first, as code points; 0 where there is none."""
    return _codes([text[: -REACH - 1 : -1] for text in before]), _codes(
        [text[:REACH] for text in behind]
    )


def _codes(texts: Sequence[str]) -> Codes:
    padded = np.array(texts, dtype=f"U{REACH}")
    return padded.view(np.uint32).reshape(len(texts), REACH).astype(np.uint64)
