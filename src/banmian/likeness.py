"""How alike the blocks of a page are in their words, by the pairs of characters that they share.

A set of pairs is a row of a sparse table, so that all blocks of a page are compared at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from banmian.ngrams import ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

_NO_WORDS = re.compile(r"[^\w\n]|_")
_CONTEXT = 400  # characters of a block that count in comparing words


@dataclass(frozen=True)
class Words:
    """Which pairs of characters stand in which text of a page, and how much each says.

    ``table`` (texts, pairs) holds 1 where a text has a pair; pairs are weighed by their inverse
    document frequency over the texts.
    """

    table: csr_matrix
    weights: Floats

    @classmethod
    def of(cls, keys: Sequence[str]) -> Words:
        """Those of texts in normal form without blanks."""
        from scipy.sparse import csr_matrix

        texts = _NO_WORDS.sub("", "\n".join(key[:_CONTEXT] for key in keys)).split("\n")
        rows, found = ngrams(texts, 2)
        pairs, columns = np.unique(found, return_inverse=True)
        table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(keys), len(pairs)))
        table.data[:] = 1.0
        seen = np.bincount(table.indices, minlength=len(pairs))
        return cls(table, np.log((len(keys) + 1) / seen))

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

    def likeness(self, one: csr_matrix, other: csr_matrix) -> Floats:
        """The cosine of each row of one table and the same row of the other."""
        squares = self.weights**2
        shared = one.multiply(other) @ squares
        sizes = np.sqrt((one @ squares) * (other @ squares))
        return _ratio(shared, sizes)

    def coverage(self, one: csr_matrix, other: csr_matrix) -> Floats:
        """The share of each row's pairs, by weight, that the other table's row has too."""
        return _ratio(one.multiply(other) @ self.weights, one @ self.weights)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
