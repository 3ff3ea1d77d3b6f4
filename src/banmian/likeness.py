"""How alike the blocks of a page are in their words, by the pairs of characters that they share.

A set of pairs is a row of a sparse table, so that all blocks of a page are compared at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from banmian.ngrams import Codes, ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

_NO_WORDS = re.compile(r"[^\w\n]|_")
_CONTEXT = 400  # characters of a block that count in comparing words
_RARE = 3  # what stands in fewer articles is as rare as what stands in none


@dataclass(frozen=True)
class Rarity:
    """In how many articles each pair of characters stands that is not rare, by its hash."""

    pairs: Codes  # in order
    counts: NDArray[np.uint16]
    articles: int

    @classmethod
    def count(cls, keys: Iterable[str]) -> Rarity:
        """Count over articles in normal form without blanks."""
        texts = [_worded(key) for key in keys]
        owners, found = ngrams(texts, 2)
        pairs, numbers = np.unique(found, return_inverse=True)
        once = np.unique(numbers * len(texts) + owners)
        counts = np.bincount(once // len(texts), minlength=len(pairs))
        often = counts >= _RARE
        return cls(pairs[often], counts[often].astype(np.uint16), len(texts))

    def weights(self, pairs: Codes) -> Floats:
        """How much each pair says wherever it is met: 1 for a rare one, 0 for one in every article."""
        at = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        seen = np.where(self.pairs[at] == pairs, self.counts[at], _RARE - 1)
        return np.asarray(np.log(self.articles / seen) / np.log(self.articles / (_RARE - 1)))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As plain arrays."""
        return {"pairs": self.pairs, "counts": self.counts, "articles": np.array(self.articles)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Rarity:
        """The inverse. Raises KeyError where one is missing."""
        return cls(
            arrays["pairs"].astype(np.uint64),
            arrays["counts"].astype(np.uint16),
            int(arrays["articles"]),
        )


@dataclass(frozen=True)
class Words:
    """Which pairs of characters stand in which text of a page, and how much each says.

    ``table`` (texts, pairs) holds 1 where a text has a pair. Pairs are weighed in two ways: by
    their inverse document frequency over the texts, and by that and their rarity anywhere, which
    makes names count most.
    """

    table: csr_matrix
    weightings: tuple[Floats, Floats]

    @classmethod
    def of(cls, keys: Sequence[str], rarity: Rarity) -> Words:
        """Those of texts in normal form without blanks."""
        from scipy.sparse import csr_matrix

        texts = _worded("\n".join(key[:_CONTEXT] for key in keys)).split("\n")
        rows, found = ngrams(texts, 2)
        pairs, columns = np.unique(found, return_inverse=True)
        table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(keys), len(pairs)))
        table.data[:] = 1.0
        seen = np.bincount(table.indices, minlength=len(pairs))
        here = np.log((len(keys) + 1) / seen)
        return cls(table, (here, here * rarity.weights(pairs) ** 2))

    def together(self, groups: Sequence[Sequence[int]]) -> csr_matrix:
        """The pairs of some texts together, a row for each group of their numbers."""
        from scipy.sparse import csr_matrix

        ends = np.cumsum([0, *map(len, groups)])
        numbers = np.array([number for group in groups for number in group], dtype=np.int64)
        chosen = csr_matrix(
            (np.ones(len(numbers)), numbers, ends), shape=(len(groups), self.table.shape[0])
        )
        found = chosen @ self.table
        found.data[:] = 1.0
        return found

    def likeness(self, one: csr_matrix, other: csr_matrix) -> list[Floats]:
        """The cosine of each row of one table and the same row of the other, by each weighting."""
        both = one.multiply(other)
        squares = [weights**2 for weights in self.weightings]
        return [_ratio(both @ w, np.sqrt((one @ w) * (other @ w))) for w in squares]

    def coverage(self, one: csr_matrix, other: csr_matrix) -> list[Floats]:
        """The share of each row's pairs, by each weighting, that the other table's row has too."""
        both = one.multiply(other)
        return [_ratio(both @ weights, one @ weights) for weights in self.weightings]


def _worded(text: str) -> str:
    return _NO_WORDS.sub("", text)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
