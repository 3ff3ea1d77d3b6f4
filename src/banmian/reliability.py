"""Whether scores mean what they say: of what was given 0.8, is 80 % right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bin:
    """Results scored from ``low`` up to, but not at, ``high`` (the last bin takes 1 too)."""

    low: float
    high: float
    mean_score: float
    share_right: float
    count: int


@dataclass(frozen=True)
class Reliability:
    """The bins that hold anything, lowest first, and the expected calibration error over them."""

    bins: tuple[Bin, ...]
    ece: float

    @property
    def count(self) -> int:
        """How many results stand behind it."""
        return sum(part.count for part in self.bins)


def reliability(scores: Sequence[float], right: Sequence[bool], bins: int = 10) -> Reliability:
    """Scores against what came true, in ``bins`` of equal width over 0..1.

    The expected calibration error is the mean distance between score and share right, weighted by
    the bins' counts (Guo et al. 2017, "On Calibration of Modern Neural Networks"); 0 for no scores.
    Raises ValueError where the lengths differ or a score is not within 0..1.
    """
    by_bin: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for score, was_right in zip(scores, right, strict=True):
        if not 0 <= score <= 1:
            raise ValueError(f"a score of {score} is not within 0..1")
        by_bin[min(int(score * bins), bins - 1)].append((score, was_right))
    held = tuple(
        Bin(
            number / bins,
            (number + 1) / bins,
            sum(score for score, _ in part) / len(part),
            sum(was_right for _, was_right in part) / len(part),
            len(part),
        )
        for number, part in enumerate(by_bin)
        if part
    )
    distance = sum(part.count * abs(part.mean_score - part.share_right) for part in held)
    return Reliability(held, distance / max(1, len(scores)))
