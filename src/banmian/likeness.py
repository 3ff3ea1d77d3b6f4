"""How alike the blocks of a page are: by the pairs of characters that they share, and by topic.

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
from banmian.topics import Topics

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
        texts = [worded(key) for key in keys]
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
class Bags:
    """Sets of pairs of characters, one a row, and what each is about.

    ``table`` (sets, pairs) holds 1 where a set has a pair, ``topics`` (sets, size) a vector each.
    """

    table: csr_matrix
    topics: Floats

    def __getitem__(self, rows: slice | Sequence[int] | NDArray[np.int64]) -> Bags:
        """Some of them."""
        return Bags(self.table[rows], self.topics[rows])


@dataclass(frozen=True)
class Words:
    """Which pairs of characters stand in which text of a page, and how much each says.

    Pairs are weighed in two ways: by their inverse document frequency over the texts, and by that
    and their rarity anywhere, which makes names count most.
    """

    texts: Bags
    weightings: tuple[Floats, Floats]

    @classmethod
    def of(cls, keys: Sequence[str], rarity: Rarity, topics: Topics) -> Words:
        """Those of texts in normal form without blanks."""
        from scipy.sparse import csr_matrix

        texts = worded("\n".join(key[:_CONTEXT] for key in keys)).split("\n")
        rows, found = ngrams(texts, 2)
        pairs, columns = np.unique(found, return_inverse=True)
        table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(keys), len(pairs)))
        table.data[:] = 1.0
        seen = np.bincount(table.indices, minlength=len(pairs))
        here = np.log((len(keys) + 1) / seen)
        weightings = here, here * rarity.weights(pairs) ** 2
        return cls(Bags(table, table @ topics.of(pairs)), weightings)

    def together(self, groups: Sequence[Sequence[int]]) -> Bags:
        """Some texts together, a row for each group of their numbers."""
        from scipy.sparse import csr_matrix

        ends = np.cumsum([0, *map(len, groups)])
        numbers = np.array([number for group in groups for number in group], dtype=np.int64)
        chosen = csr_matrix(
            (np.ones(len(numbers)), numbers, ends), shape=(len(groups), len(self.texts.topics))
        )
        found = chosen @ self.texts.table
        found.data[:] = 1.0
        return Bags(found, chosen @ self.texts.topics)

    def compare(self, one: Bags, other: Bags) -> Comparison:
        """Each row of the one with the same row of the other."""
        both = one.table.multiply(other.table)
        likeness, coverage = [], []
        for weights in self.weightings:
            squares = weights**2
            lengths = np.sqrt((one.table @ squares) * (other.table @ squares))
            likeness.append(_ratio(both @ squares, lengths))
            coverage.append(_ratio(both @ weights, one.table @ weights))
        return Comparison(likeness, coverage, _cosine(one.topics, other.topics))


@dataclass(frozen=True)
class Comparison:
    """How alike sets of pairs of characters are, two by two; an array has one value for each two.

    ``likeness`` holds their cosines and ``coverage`` the share of the first's pairs that the second
    has too, each by both weightings; ``topics`` is the cosine of what they are about.
    """

    likeness: list[Floats]
    coverage: list[Floats]
    topics: Floats


def _cosine(one: Floats, other: Floats) -> Floats:
    """Of each row of the one and the same row of the other."""
    squares = np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other)
    return _ratio(np.einsum("ij,ij->i", one, other), np.sqrt(squares))


def worded(text: str) -> str:
    """A text of which nothing but its words is left, lines kept."""
    return _NO_WORDS.sub("", text)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
