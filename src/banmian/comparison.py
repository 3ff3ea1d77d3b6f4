"""Whether one model is better than another on the same articles, and how sure that is.

The difference of two scores with a percentile interval from a paired bootstrap over articles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from banmian.bootstrap import ROUNDS, Floats, f1, percentiles, resample, table
from banmian.characters import normalize
from banmian.scoring import Counts
from banmian.types import SPAN_LABELS, AnnotatedArticle

if TYPE_CHECKING:
    from banmian.evaluation import Tagger
    from banmian.tagging import Tags

Measures = dict[str, list[Counts]]  # by measure, the counts of each article

JUDGE = "all"  # the measure that decides: exact F1 over all labels
FEWEST = 10  # articles to judge by; of fewer a percentile interval is too narrow


@dataclass(frozen=True)
class Difference:
    """A score of the old model and of the new, and a 95 % interval for new less old."""

    old: float
    new: float
    low: float
    high: float
    support: int
    articles: int

    @property
    def gain(self) -> float:
        """New less old."""
        return self.new - self.old

    @property
    def better(self) -> bool:
        """Whether the whole interval lies above zero, and enough articles say so."""
        return self.low > 0 and self.articles >= FEWEST

    def as_row(self) -> dict[str, Any]:
        """For JSON, rounded to four places."""
        keys = ("old", "new", "gain", "low", "high")
        return {**{key: round(getattr(self, key), 4) for key in keys}, "support": self.support}


def measure(articles: Sequence[AnnotatedArticle], tagger: Tagger) -> Measures:
    """Count, for each article, what a model gets right.

    ``all`` and each label: exact spans. ``genre``: right or not. ``topics``: topics.
    """
    from banmian.tagging import outside_bylines

    measures: Measures = {name: [] for name in (JUDGE, *SPAN_LABELS, "genre", "topics")}
    tags = tagger([normalize(article.text) for article in articles])
    for article, found in zip(articles, tags, strict=True):
        for name, counts in _counts(article, outside_bylines(found, article.blocks)).items():
            measures[name].append(counts)
    return measures


def _counts(article: AnnotatedArticle, tags: Tags) -> dict[str, Counts]:
    gold = {(s.start, s.end, s.label) for s in article.spans}
    found = {(s.start, s.end, s.label) for s in tags.spans}
    counts = {JUDGE: Counts(len(gold & found), len(gold), len(found))}
    for label in SPAN_LABELS:
        own, marked = ({span for span in spans if span[2] == label} for spans in (gold, found))
        counts[label] = Counts(len(own & marked), len(own), len(marked))
    known = int(article.genre is not None)
    counts["genre"] = Counts(int(tags.genre[0] == article.genre), known, known)
    topics, chosen = set(article.topics), {topic for topic, _ in tags.topics}
    counts["topics"] = Counts(len(topics & chosen), len(topics), len(chosen) if topics else 0)
    return counts


def compare(
    old: Mapping[str, Sequence[Counts]],
    new: Mapping[str, Sequence[Counts]],
    rng: np.random.Generator,
    *,
    rounds: int = ROUNDS,
) -> dict[str, Difference]:
    """Compare two models by every measure; article n of one is article n of the other.

    The same resampled articles serve all measures. Raises ValueError for no articles.
    """
    size = len(old[JUDGE])
    if not size:
        raise ValueError("no articles to compare on")
    draws = resample(size, rng, rounds=rounds)
    return {name: _difference(old[name], new[name], draws) for name in old}


def _difference(old: Sequence[Counts], new: Sequence[Counts], draws: Floats) -> Difference:
    before, after = table(old), table(new)
    low, high = percentiles(f1(draws @ after) - f1(draws @ before))
    (one,), (two,) = (f1(counts.sum(axis=0, keepdims=True)) for counts in (before, after))
    support = int(before[:, 1].sum())
    return Difference(float(one), float(two), low, high, support, len(old))
