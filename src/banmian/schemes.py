"""Scores under the four schemes of SemEval 2013, task 9.1 (Segura-Bedmar et al. 2013).

``strict`` wants characters and label, ``exact`` the characters, ``partial`` gives half for some of
the characters, ``ent_type`` wants the label and some of the characters. The counts are those of the
nervaluate package; its spans are of one piece, while ours may be cut by the layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from banmian.scoring import Mention
from banmian.types import SPAN_LABELS

Verdict = Literal["correct", "incorrect", "partial"]


def _strict(gold: Mention, found: Mention) -> Verdict:
    same = gold.places == found.places and gold.label == found.label
    return "correct" if same else "incorrect"


def _exact(gold: Mention, found: Mention) -> Verdict:
    return "correct" if gold.places == found.places else "incorrect"


def _partial(gold: Mention, found: Mention) -> Verdict:
    return "correct" if gold.places == found.places else "partial"


def _ent_type(gold: Mention, found: Mention) -> Verdict:
    return "correct" if gold.label == found.label else "incorrect"


# What a predicted mention is worth that shares characters with a gold one.
SCHEMES: Mapping[str, Callable[[Mention, Mention], Verdict]] = {
    "strict": _strict,
    "exact": _exact,
    "partial": _partial,
    "ent_type": _ent_type,
}


@dataclass(frozen=True)
class SchemeCounts:
    """How many mentions are what; every gold and every predicted one counts once."""

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: SchemeCounts) -> SchemeCounts:
        """Both together."""
        return SchemeCounts(
            self.correct + other.correct,
            self.incorrect + other.incorrect,
            self.partial + other.partial,
            self.missed + other.missed,
            self.spurious + other.spurious,
        )

    def as_row(self) -> dict[str, Any]:
        """For JSON, with precision, recall and F1 rounded to four places."""
        paired = self.correct + self.incorrect + self.partial
        gold, predicted = paired + self.missed, paired + self.spurious
        credit = self.correct + self.partial / 2
        return {
            "precision": round(credit / max(1, predicted), 4),
            "recall": round(credit / max(1, gold), 4),
            "f1": round(2 * credit / max(1, gold + predicted), 4),
            "correct": self.correct,
            "incorrect": self.incorrect,
            "partial": self.partial,
            "missed": self.missed,
            "spurious": self.spurious,
        }


def score_schemes(
    gold: Sequence[Mention], predicted: Sequence[Mention]
) -> dict[str, dict[str, SchemeCounts]]:
    """Counts by scheme and label (``all`` for every label; a label alone sees only its own)."""
    counts: dict[str, dict[str, SchemeCounts]] = {}
    for scheme, judge in SCHEMES.items():
        counts[scheme] = {}
        for label in ("all", *SPAN_LABELS):
            wanted = [m for m in gold if label in ("all", m.label)]
            found = [m for m in predicted if label in ("all", m.label)]
            counts[scheme][label] = _count(wanted, found, judge)
    return counts


def _count(
    gold: Sequence[Mention],
    predicted: Sequence[Mention],
    judge: Callable[[Mention, Mention], Verdict],
) -> SchemeCounts:
    """Each predicted mention, in order, takes the best gold mention that is left."""
    free = sorted(gold, key=lambda m: (m.where, m.places))
    verdicts: list[Verdict] = []
    spurious = 0
    for found in sorted(predicted, key=lambda m: (m.where, m.places)):
        touched = [m for m in free if m.where == found.where and not _apart(m, found)]
        if not touched:
            spurious += 1
            continue
        right = [m for m in touched if judge(m, found) == "correct"]
        taken = min(right, key=lambda m: _distance(m, found)) if right else touched[0]
        verdicts.append(judge(taken, found))
        free.remove(taken)
    return SchemeCounts(
        verdicts.count("correct"),
        verdicts.count("incorrect"),
        verdicts.count("partial"),
        len(free),
        spurious,
    )


def _apart(one: Mention, other: Mention) -> bool:
    return set(one.places).isdisjoint(other.places)


def _distance(one: Mention, other: Mention) -> int:
    """How far the borders of two mentions lie from each other."""
    return abs(one.places[0] - other.places[0]) + abs(one.places[-1] - other.places[-1])
