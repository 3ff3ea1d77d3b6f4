"""Scores that mean something: of what is given 0.8, about 80 % is right.

Spans and topics by Platt scaling (Platt 1999) of the log-odds of the raw score, genre by one
temperature (Guo et al. 2017). All of it rises with the raw score, so no order changes. The numbers
are fitted in ``calibration_fit`` and kept as plain JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "banmian.calibration/1"
# To leave out spans scored below half of the F1 that can be had is best for F1, where scores are
# probabilities (Lipton, Elkan and Naryanaswamy 2014); held out, F1 is about 0.91.
MIN_SCORE = 0.45
_SMALLEST = 1e-6  # raw scores are kept this far from 0 and 1, where log-odds have no end


def log_odds(score: float) -> float:
    """ln(p / (1 - p)), finite for every score in 0..1."""
    inside = min(max(score, _SMALLEST), 1 - _SMALLEST)
    return math.log(inside / (1 - inside))


@dataclass(frozen=True)
class Curve:
    """The probability of being right: the logistic function of ``slope`` log-odds + ``intercept``."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, score: float) -> float:
        """The calibrated score of a raw one in 0..1."""
        if self == _UNCHANGED:
            return score
        raised = self.slope * log_odds(score) + self.intercept
        return (1 + math.tanh(raised / 2)) / 2  # the logistic function, which cannot overflow


_UNCHANGED = Curve()


@dataclass(frozen=True)
class Calibration:
    """Curves by label of span (``other`` for labels without their own), of topics; a temperature."""

    spans: Mapping[str, Curve] = field(default_factory=dict)
    other: Curve = _UNCHANGED
    topics: Curve = _UNCHANGED
    temperature: float = 1.0

    def span(self, label: str, score: float) -> float:
        """The calibrated score of a span."""
        return self.spans.get(label, self.other)(score)

    def genres(self, shares: Mapping[str, float]) -> dict[str, float]:
        """Shares of genres that sum to 1, made more or less equal; the greatest stays it."""
        if self.temperature == 1:
            return dict(shares)
        raised = {name: share ** (1 / self.temperature) for name, share in shares.items()}
        total = sum(raised.values()) or 1.0
        return {name: share / total for name, share in raised.items()}

    def as_json(self) -> dict[str, Any]:
        """As JSON values; the inverse is ``from_json``."""
        return {
            "schema": SCHEMA,
            "spans": {label: _row(curve) for label, curve in self.spans.items()},
            "any_label": _row(self.other),
            "topics": _row(self.topics),
            "genre_temperature": self.temperature,
        }

    @classmethod
    def from_json(cls, data: bytes) -> Calibration:
        """Read it back; keys beside its own do not matter. Raises ValueError for what is none."""
        try:
            row = _of_schema(json.loads(data))
            return cls(
                {str(label): _curve(own) for label, own in row["spans"].items()},
                _curve(row["any_label"]),
                _curve(row["topics"]),
                _positive(row["genre_temperature"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"the calibration is damaged ({error})") from error


def _of_schema(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if row["schema"] != SCHEMA:
        raise ValueError(f"its schema is {row['schema']!r}, not {SCHEMA}")
    return row


def _row(curve: Curve) -> dict[str, float]:
    return {"slope": curve.slope, "intercept": curve.intercept}


def _curve(row: Mapping[str, Any]) -> Curve:
    intercept = float(row["intercept"])
    if not math.isfinite(intercept):
        raise ValueError("an intercept is no number")
    return Curve(_positive(row["slope"]), intercept)


def _positive(value: Any) -> float:
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{number} where a number above 0 belongs")
    return number
