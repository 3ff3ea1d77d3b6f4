"""What exactly goes wrong: each gold span and each predicted one under one kind of outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from banmian.scoring import Mention
from banmian.types import SPAN_LABELS

# In the order of a table; all but the last are outcomes of gold spans.
KINDS = ("right", "wrong border", "wrong label", "wrong border and label", "missed", "spurious")


@dataclass(frozen=True)
class Outcome:
    """A gold span with what was predicted for it, or one of them that has no partner."""

    gold: Mention | None
    predicted: Mention | None

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        if self.gold is None:
            return "spurious"
        if self.predicted is None:
            return "missed"
        border = self.gold.places != self.predicted.places
        label = self.gold.label != self.predicted.label
        return {
            (False, False): "right",
            (True, False): "wrong border",
            (False, True): "wrong label",
            (True, True): "wrong border and label",
        }[border, label]


def align(gold: Sequence[Mention], predicted: Sequence[Mention]) -> list[Outcome]:
    """Pair gold and predicted spans one to one, by place on the page.

    Pairs with the same characters come first, then those with the same label, then those that
    share most characters. Gold spans come in their order, spurious ones after them.
    """
    pairs = sorted(
        (a.places != b.places, a.label != b.label, -shared, number, index)
        for number, a in enumerate(gold)
        for index, b in enumerate(predicted)
        if a.where == b.where and (shared := len(set(a.places) & set(b.places)))
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for *_, number, index in pairs:
        if number not in partner and index not in taken:
            partner[number] = index
            taken.add(index)
    outcomes = [
        Outcome(m, predicted[partner[number]] if number in partner else None)
        for number, m in enumerate(gold)
    ]
    return outcomes + [Outcome(None, m) for i, m in enumerate(predicted) if i not in taken]


def confusion(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Counts of kinds by label (and ``all``), as JSON values.

    A label's row counts its gold spans; ``spurious`` what was predicted with it and stands on no
    gold span; ``taken_for`` the wrong labels that its gold spans were given.
    """
    rows: dict[str, Counter[str]] = {label: Counter() for label in ("all", *SPAN_LABELS)}
    taken_for: dict[str, Counter[str]] = {label: Counter() for label in rows}
    for outcome in outcomes:
        own = outcome.gold or outcome.predicted
        if own is None:
            continue
        for label in ("all", own.label):
            rows[label][outcome.kind] += 1
            if "label" in outcome.kind and outcome.predicted:
                taken_for[label][outcome.predicted.label] += 1
    return {
        label: {**{kind: row[kind] for kind in KINDS}, "taken_for": dict(taken_for[label])}
        for label, row in rows.items()
    }
