"""How good an extraction is against gold: precision, recall, F1, exact and overlapping.

Mentions are compared by the characters of the page that they stand on, so a span that layout cut
in pieces counts as found only where every piece is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from banmian.cleaning import to_page
from banmian.types import SPAN_LABELS, Page, Run, Span


@dataclass(frozen=True)
class Mention:
    """A span by its place: on which page (or article), on which characters, with which label.

    ``score`` is the model's, None for gold and for rules.
    """

    where: str
    places: tuple[int, ...]
    label: str
    text: str
    score: float | None = None


def mention(page: Page, source: Sequence[Run], span: Span) -> Mention:
    """A span of an article by its places on the page; blanks do not count."""
    places = (
        at
        for start, end in to_page(source, span.start, span.end)
        for at in range(start, end)
        if not page.text[at].isspace()
    )
    return Mention(page.name, tuple(places), span.label, span.text, span.score)


@dataclass(frozen=True)
class Counts:
    """Found, wanted and returned."""

    hits: int
    gold: int
    predicted: int

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            self.hits + other.hits, self.gold + other.gold, self.predicted + other.predicted
        )

    @property
    def precision(self) -> float:
        """Share of what was returned that is right."""
        return self.hits / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of what is wanted that was returned."""
        return self.hits / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.gold + self.predicted
        return 2 * self.hits / both if both else 0.0

    def as_row(self) -> dict[str, Any]:
        """For JSON, rounded to four places."""
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "hits": self.hits,
            "gold": self.gold,
            "predicted": self.predicted,
        }


NOTHING = Counts(0, 0, 0)


def total(counts: Iterable[Counts]) -> Counts:
    """All together; nothing for none."""
    return sum(counts, NOTHING)


def score_spans(
    gold: Sequence[Mention], predicted: Sequence[Mention]
) -> dict[str, dict[str, Counts]]:
    """Counts by scheme (``exact``, ``overlap``) and label (``all`` for every label).

    Exact: the same characters and the same label. Overlap: the same label and at least one
    common character, each gold mention and each predicted one used once.
    """
    result: dict[str, dict[str, Counts]] = {"exact": {}, "overlap": {}}
    for label in ("all", *SPAN_LABELS):
        wanted = [m for m in gold if label in ("all", m.label)]
        found = [m for m in predicted if label in ("all", m.label)]
        exact = sum((Counter(map(_key, wanted)) & Counter(map(_key, found))).values())
        result["exact"][label] = Counts(exact, len(wanted), len(found))
        result["overlap"][label] = Counts(_overlaps(wanted, found), len(wanted), len(found))
    return result


def _key(m: Mention) -> tuple[str, tuple[int, ...], str]:
    return m.where, m.places, m.label


def _overlaps(gold: Sequence[Mention], predicted: Sequence[Mention]) -> int:
    """Pair mentions one to one, those that share most characters first."""
    at_place: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for index, m in enumerate(predicted):
        for place in m.places:
            at_place[m.where, m.label, place].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for number, m in enumerate(gold):
        for place in m.places:
            for index in at_place[m.where, m.label, place]:
                shared[number, index] += 1
    used_gold, used_predicted = set[int](), set[int]()
    for (number, index), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if number not in used_gold and index not in used_predicted:
            used_gold.add(number)
            used_predicted.add(index)
    return len(used_gold)


def score_topics(gold: Sequence[set[str]], predicted: Sequence[set[str]]) -> Counts:
    """Micro-averaged counts over the topics of all articles."""
    hits = sum(len(g & p) for g, p in zip(gold, predicted, strict=True))
    return Counts(hits, sum(map(len, gold)), sum(map(len, predicted)))


def as_rows(scores: Mapping[str, Mapping[str, Counts]]) -> dict[str, Any]:
    """Counts of ``score_spans`` as JSON values."""
    return {
        scheme: {label: counts.as_row() for label, counts in by_label.items()}
        for scheme, by_label in scores.items()
    }
