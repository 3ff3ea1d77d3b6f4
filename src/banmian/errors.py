"""The errors that most deserve a look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from banmian.confusion import Outcome, align
from banmian.evaluation import ArticleResult
from banmian.marks import offsets_of
from banmian.scoring import Mention

MOST = 50
_CONTEXT = 30
_LONGEST = 160


@dataclass(frozen=True)
class Error:
    """An outcome that is not right, its weight, and where its context lies in the article.

    ``times`` is how often it occurs: the same words, marked wrong in the same way.
    """

    result: ArticleResult
    outcome: Outcome
    weight: float
    start: int
    end: int
    times: int

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.outcome.kind,
            "weight": round(self.weight, 4),
            "times": self.times,
            "article": self.result.key,
            "gold": _span(self.outcome.gold),
            "predicted": _span(self.outcome.predicted),
            "context": self.result.text[self.start : self.end],
        }


def _span(m: Mention | None) -> dict[str, Any] | None:
    return {"label": m.label, "text": m.text, "score": m.score} if m else None


def worst_errors(results: Iterable[ArticleResult], most: int = MOST) -> list[Error]:
    """The errors that are least to be expected, the worst first.

    A wrong or spurious span weighs its score: the surer, the worse. A missed span weighs the share
    of its label's spans that are found: to miss one of a label that is nearly always found is
    worse. What goes wrong several times in the same way stands once, where it weighs most; of equal
    weights the more frequent comes first.
    """
    outcomes = [(r, outcome) for r in results for outcome in align(r.gold, r.predicted)]
    found = _found(outcome for _, outcome in outcomes)
    alike: dict[Any, list[tuple[ArticleResult, Outcome]]] = defaultdict(list)
    for result, outcome in outcomes:
        if outcome.kind != "right":
            alike[_words(outcome.gold), _words(outcome.predicted)].append((result, outcome))
    errors = []
    for same in alike.values():
        result, outcome = max(same, key=lambda pair: _weight(pair[1], found))
        start, end = _window(result, outcome)
        errors.append(Error(result, outcome, _weight(outcome, found), start, end, len(same)))
    return sorted(errors, key=lambda error: (-error.weight, -error.times))[:most]


def _words(m: Mention | None) -> tuple[str, str] | None:
    return (m.label, m.text) if m else None


def _found(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """The share of each label's gold spans that are right."""
    by_label: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.gold:
            by_label[outcome.gold.label].append(outcome.kind == "right")
    return {label: sum(right) / len(right) for label, right in by_label.items()}


def _weight(outcome: Outcome, found: Mapping[str, float]) -> float:
    if outcome.predicted:
        return outcome.predicted.score or 0.0
    return found[outcome.gold.label] if outcome.gold else 0.0


def _window(result: ArticleResult, outcome: Outcome) -> tuple[int, int]:
    """The span, and some text on either side of it within its line or block."""
    own = outcome.gold or outcome.predicted
    offsets = offsets_of(result, own) if own else []
    if not offsets:
        return 0, 0
    first, last = offsets[0], min(offsets[-1], offsets[0] + _LONGEST)
    before = result.text.rfind("\n", 0, first) + 1
    behind = result.text.find("\n", last)
    behind = len(result.text) if behind < 0 else behind
    return max(before, first - _CONTEXT), min(behind, last + 1 + _CONTEXT)
