"""The figures of an evaluation, as JSON values: scores with intervals, confusion, calibration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from banmian import bootstrap
from banmian.articles import clean_page
from banmian.baselines import rule_tagger
from banmian.bootstrap import ROUNDS, SEED, Floats, resample
from banmian.confusion import Outcome, align, confusion
from banmian.errors import worst_errors
from banmian.evaluation import ArticleResult, Tagger, evaluate_gold_articles, evaluate_page
from banmian.reliability import Reliability, reliability
from banmian.schemes import SCHEMES, SchemeCounts, score_schemes
from banmian.scoring import Counts, score_spans, total
from banmian.types import SPAN_LABELS, AnnotatedArticle, Page

FEWEST_ARTICLES = 5  # draws from fewer say little about other articles
METHOD = {
    "interval": "95 %, percentile bootstrap over articles",
    "rounds": ROUNDS,
    "seed": SEED,
    "fewest_articles": FEWEST_ARTICLES,
}
_LABELS = ("all", *SPAN_LABELS)


@dataclass
class Judged:
    """Results on the same articles: of the model, of the model with perfect articles in, of peers."""

    raw_pages: list[ArticleResult] = field(default_factory=list)
    gold_articles: list[ArticleResult] = field(default_factory=list)
    rules: list[ArticleResult] = field(default_factory=list)
    jieba: list[ArticleResult] = field(default_factory=list)

    def judge(
        self,
        page: Page,
        gold: Sequence[AnnotatedArticle],
        tagger: Tagger,
        jieba: Tagger | None = None,
    ) -> None:
        """Add what all of them find on a page; jieba where it is installed."""
        cleaned = clean_page(page)
        self.raw_pages += evaluate_page(cleaned, gold, tagger)
        self.gold_articles += evaluate_gold_articles(page, gold, tagger)
        self.rules += evaluate_page(cleaned, gold, rule_tagger)
        if jieba:
            self.jieba += evaluate_page(cleaned, gold, jieba)


def summarize(judged: Judged, parts: str = "pages") -> dict[str, Any]:
    """All figures of some articles, as JSON values.

    ``parts`` names what the articles come from: ``pages``, or ``batches``.
    """
    figures = {
        "raw_pages": {
            **_model_figures(judged.raw_pages, parts),
            "errors": [error.as_row() for error in worst_errors(judged.raw_pages)],
        },
        "gold_articles": _model_figures(judged.gold_articles, parts),
        "rules": _scores(judged.rules),
    }
    if judged.jieba:
        spans = _spans(judged.jieba, _draws(judged.jieba))
        figures["jieba"] = {scheme: {"ORG": rows["ORG"]} for scheme, rows in spans.items()}
    return figures


def _model_figures(results: Sequence[ArticleResult], parts: str) -> dict[str, Any]:
    outcomes = [outcome for r in results for outcome in align(r.gold, r.predicted)]
    return {
        **_scores(results),
        "schemes": _schemes(results),
        "confusion": confusion(outcomes),
        "reliability": _reliability(results, outcomes),
        parts: {part: _scores(own) for part, own in _grouped(results, lambda r: r.origin).items()},
        "genres": {
            genre: {"articles": len(own), **_spans(own, _draws(own))}
            for genre, own in _grouped(results, lambda r: r.genre).items()
            if genre
        },
    }


def _grouped(
    results: Sequence[ArticleResult], key: Callable[[ArticleResult], str | None]
) -> dict[str | None, list[ArticleResult]]:
    groups: dict[str | None, list[ArticleResult]] = defaultdict(list)
    for result in results:
        groups[key(result)].append(result)
    return groups


def _draws(results: Sequence[ArticleResult]) -> Floats:
    return resample(len(results), np.random.default_rng(SEED))


def _scores(results: Sequence[ArticleResult]) -> dict[str, Any]:
    draws = _draws(results)
    genres = [_genre(result) for result in results]
    right = total(genres)
    return {
        **_spans(results, draws),
        "genre": {
            "accuracy": round(right.recall, 4),
            "articles": right.gold,
            "interval": _interval(genres, draws),
        },
        "topics": _row([_topics(result) for result in results], draws),
    }


def _spans(results: Sequence[ArticleResult], draws: Floats) -> dict[str, dict[str, Any]]:
    """Rows by scheme (exact, overlap) and label."""
    scored = [score_spans(result.gold, result.predicted) for result in results]
    return {
        scheme: {label: _row([own[scheme][label] for own in scored], draws) for label in _LABELS}
        for scheme in ("exact", "overlap")
    }


def _row(counts: Sequence[Counts], draws: Floats) -> dict[str, Any]:
    return {**total(counts).as_row(), "interval": _interval(counts, draws)}


def _interval(counts: Sequence[Counts], draws: Floats) -> list[float] | None:
    """Between which values 95 % of the resampled F1 lie; None where there are too few articles."""
    if len(counts) < FEWEST_ARTICLES:
        return None
    return [round(end, 4) for end in bootstrap.interval(counts, draws)]


def _genre(result: ArticleResult) -> Counts:
    known = int(result.genre is not None)
    right = result.tags is not None and result.tags.genre[0] == result.genre
    return Counts(int(right), known, known)


def _topics(result: ArticleResult) -> Counts:
    if not (result.topics and result.tags):
        return Counts(0, len(result.topics), 0)
    found = {label for label, _ in result.tags.topics}
    return Counts(len(found & result.topics), len(result.topics), len(found))


def _schemes(results: Sequence[ArticleResult]) -> dict[str, Any]:
    scored = [score_schemes(result.gold, result.predicted) for result in results]
    return {
        scheme: {
            label: sum((own[scheme][label] for own in scored), SchemeCounts()).as_row()
            for label in _LABELS
        }
        for scheme in SCHEMES
    }


def _reliability(results: Sequence[ArticleResult], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Scores against what came true: of spans (and by label), of the genre, of the topics given."""
    spans = [
        (o.predicted.label, o.predicted.score, o.kind == "right")
        for o in outcomes
        if o.predicted and o.predicted.score is not None
    ]
    tagged = [(r, r.tags) for r in results if r.tags is not None]
    genres = [(t.genre[1], t.genre[0] == r.genre) for r, t in tagged if r.genre]
    topics = [(p, label in r.topics) for r, t in tagged if r.topics for label, p in t.topics]
    return {
        "spans": _reliable([(score, right) for _, score, right in spans]),
        "by_label": {
            label: _reliable([(score, right) for own, score, right in spans if own == label])
            for label in SPAN_LABELS
        },
        "genre": _reliable(genres),
        "topics": _reliable(topics),
    }


def _reliable(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    found: Reliability = reliability([score for score, _ in pairs], [right for _, right in pairs])
    return {
        "ece": round(found.ece, 4),
        "count": found.count,
        "bins": [
            {key: round(value, 4) for key, value in asdict(part).items()} for part in found.bins
        ],
    }
