"""What a text is about, as a point in few dimensions, so that texts compare that share no word.

Latent semantic analysis (Deerwester et al. 1990) of pairs of characters; that it tells where one
subject ends and the next begins better than shared words alone is due to Choi, Wiemer-Hastings and
Moore (2001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banmian.ngrams import Codes, ngrams

Floats = NDArray[np.float64]

SIZE = 32
_RARE = 5  # pairs in fewer articles have no vector
_STEPS = 16  # of the stored integers to one standard deviation: they reach to eight


@dataclass(frozen=True)
class Topics:
    """A vector for each pair of characters that is not rare, by its hash: int8 (pairs, size)."""

    pairs: Codes  # in order
    vectors: NDArray[np.int8]

    @classmethod
    def train(cls, texts: Sequence[str]) -> Topics:
        """Train on articles of which nothing but their words is left (``likeness.worded``)."""
        from scipy.sparse import csr_matrix, diags
        from sklearn.decomposition import TruncatedSVD

        owners, found = ngrams(texts, 2)
        pairs, columns = np.unique(found, return_inverse=True)
        table = csr_matrix((np.ones(len(owners)), (owners, columns)), (len(texts), len(pairs)))
        holders = np.bincount(table.indices, minlength=len(pairs))
        often = holders >= _RARE
        pairs, table = pairs[often], table[:, often]
        if min(table.shape) <= SIZE + 1:  # too little to learn from
            return cls(pairs, np.zeros((len(pairs), 1), dtype=np.int8))
        weights = np.log(len(texts) / holders[often])
        table.data = np.log1p(table.data)
        table = table @ diags(weights)
        lengths = np.sqrt(table.multiply(table).sum(axis=1)).A1
        table = diags(1 / np.maximum(lengths, 1e-9)) @ table
        model = TruncatedSVD(SIZE + 1, algorithm="arpack", random_state=0).fit(table)
        # The first component is how common a pair is; strong ones would outweigh all others.
        vectors = model.components_[1:].T / np.sqrt(model.singular_values_[1:])
        return cls(pairs, _quantize(vectors * weights[:, None]))

    def of(self, pairs: Codes) -> Floats:
        """(pairs, size): their vectors, zeros for what is rare."""
        if not len(self.pairs):
            return np.zeros((len(pairs), self.vectors.shape[1]))
        at = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        return np.asarray(self.vectors[at] * (self.pairs[at] == pairs)[:, None], dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As plain arrays."""
        return {"pairs": self.pairs, "vectors": self.vectors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Topics:
        """The inverse. Raises KeyError where one is missing, ValueError where they do not fit."""
        pairs, vectors = arrays["pairs"].astype(np.uint64), arrays["vectors"].astype(np.int8)
        if vectors.ndim != 2 or len(vectors) != len(pairs):
            raise ValueError("the vectors of topics do not fit")
        return cls(pairs, vectors)


def _quantize(vectors: Floats) -> NDArray[np.int8]:
    limit = np.iinfo(np.int8).max
    steps = np.rint(vectors / vectors.std() * _STEPS)
    return np.asarray(np.clip(steps, -limit, limit), dtype=np.int8)
