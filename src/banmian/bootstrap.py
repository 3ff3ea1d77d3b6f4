"""How sure a score is: percentile intervals from a bootstrap over articles.

Articles are drawn with replacement and the score is computed anew of each draw, since the spans of
one article are not independent (Efron and Tibshirani 1993; for language tools Koehn 2004,
Berg-Kirkpatrick, Burkett and Klein 2012).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from banmian.scoring import Counts

Floats = NDArray[np.float64]

ROUNDS = 2000
SEED = 0
_TAIL = 2.5  # per cent of the draws on either side of a 95 % interval


def resample(size: int, rng: np.random.Generator, *, rounds: int = ROUNDS) -> Floats:
    """How often each of ``size`` articles is drawn in each round, (rounds, size)."""
    return rng.multinomial(size, np.full(size, 1 / size), size=rounds).astype(np.float64)


def table(counts: Sequence[Counts]) -> Floats:
    """Hits, gold, predicted of each article, (articles, 3)."""
    return np.array([(c.hits, c.gold, c.predicted) for c in counts], dtype=np.float64)


def f1(sums: Floats) -> Floats:
    """F1 of rows of hits, gold, predicted; 0 where there is neither gold nor prediction."""
    both = sums[:, 1] + sums[:, 2]
    return np.asarray(2 * sums[:, 0] / np.where(both > 0, both, 1), dtype=np.float64)


def percentiles(values: Floats) -> tuple[float, float]:
    """The two values between which the middle 95 % lie."""
    low, high = np.percentile(values, [_TAIL, 100 - _TAIL])
    return float(low), float(high)


def interval(counts: Sequence[Counts], draws: Floats) -> tuple[float, float]:
    """The interval of the F1 over all articles; ``draws`` as ``resample`` gives them."""
    return percentiles(f1(draws @ table(counts)))
