"""How much a paragraph's beginning is like that of an article's first paragraph.

A logistic regression over hashed characters and pairs of characters; scikit-learn estimates the
weights, here they are only added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from banmian.ngrams import ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

_READ = 40  # characters of a beginning
_BUCKETS = 1 << 13
_INVERSE_PENALTY = 0.5  # so strong that beginnings seen in training score like unseen ones


@dataclass(frozen=True)
class Leads:
    """A weight for each bucket of n-grams, and the score of a text without any."""

    weights: Floats
    bias: float

    @classmethod
    def train(cls, keys: Sequence[str], leads: Sequence[bool]) -> Leads:
        """Train on paragraphs in normal form without blanks; ``leads`` says which begin an article."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=500)
        model.fit(_counted(keys), list(leads))
        return cls(model.coef_[0], float(model.intercept_[0]))

    def scores(self, keys: Sequence[str]) -> Floats:
        """The log odds for each of some texts in normal form without blanks."""
        return np.asarray(_counted(keys) @ self.weights + self.bias)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As plain arrays."""
        return {"weights": self.weights.astype(np.float32), "bias": np.array(self.bias)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Leads:
        """The inverse. Raises KeyError where one is missing, ValueError where they do not fit."""
        weights = arrays["weights"].astype(np.float64)
        if weights.shape != (_BUCKETS,):
            raise ValueError("the weights of leads do not fit")
        return cls(weights, float(arrays["bias"]))


def _counted(keys: Sequence[str]) -> csr_matrix:
    """(texts, buckets): n-grams of the beginnings, each row of length one."""
    from scipy.sparse import csr_matrix

    heads = [key[:_READ] for key in keys]
    rows, buckets = np.hstack(
        [
            (owners, hashes % np.uint64(_BUCKETS))
            for owners, hashes in (ngrams(heads, 1), ngrams(heads, 2))
        ]
    ).astype(np.int64)
    table = csr_matrix((np.ones(len(rows)), (rows, buckets)), shape=(len(keys), _BUCKETS))
    lengths = np.sqrt(table.multiply(table).sum(axis=1)).A1
    return csr_matrix(table.multiply(1 / np.maximum(lengths, 1)[:, None]))
