"""Fitting a calibration to what a model says of articles that it has not seen, and checking it.

What is reported of the articles that it was fitted to is cross-validated: each batch is calibrated
by what was fitted to the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from banmian.annotations import origin
from banmian.calibration import Calibration, Curve, log_odds
from banmian.characters import normalize
from banmian.reliability import Reliability, reliability
from banmian.tagging import outside_bylines, tags_of
from banmian.types import GENRES, SPAN_LABELS, AnnotatedArticle

if TYPE_CHECKING:
    from spacy.language import Language

# A label with fewer right or wrong spans than this takes the curve of all labels together.
_FEWEST = 25
_PENALTY_INVERSE = 100.0
_TEMPERATURES = (0.2, 5.0)


@dataclass(frozen=True)
class Observed:
    """A score, what it was given to (a label of spans, ``genre`` or ``topics``), and what was true."""

    batch: str
    what: str
    score: float
    right: bool


@dataclass(frozen=True)
class ObservedGenre:
    """The shares of all genres of one article, and the true one."""

    batch: str
    shares: Mapping[str, float]
    genre: str


@dataclass(frozen=True)
class Sample:
    """What a model says, uncalibrated, of annotated articles; topics are those above the threshold."""

    spans: tuple[Observed, ...]
    topics: tuple[Observed, ...]
    genres: tuple[ObservedGenre, ...]

    @property
    def batches(self) -> list[str]:
        """The batches, or pages, that the articles came from."""
        return sorted({genre.batch for genre in self.genres} | {span.batch for span in self.spans})


Checked = dict[str, tuple[Reliability, Reliability]]  # by what was scored: raw, and calibrated


def observe(nlp: Language, articles: Sequence[AnnotatedArticle]) -> Sample:
    """Tag annotated articles without the model's own calibration, if it has one."""
    own = [n for n in nlp.pipe_names if nlp.get_pipe_meta(n).factory == "banmian_calibration"]
    spans, topics, genres = [], [], []
    with nlp.select_pipes(disable=own), nlp.memory_zone():
        docs = nlp.pipe([normalize(article.text) for article in articles], batch_size=16)
        for article, doc in zip(articles, docs, strict=True):
            batch = origin(article)
            tags = outside_bylines(tags_of(doc), article.blocks)
            gold = {(span.start, span.end, span.label) for span in article.spans}
            spans += [
                Observed(batch, s.label, s.score or 0.0, (s.start, s.end, s.label) in gold)
                for s in tags.spans
            ]
            if article.topics:
                topics += [
                    Observed(batch, "topics", score, topic in article.topics)
                    for topic, score in tags.topics
                ]
            if article.genre:
                shares = {genre: doc.cats.get(f"genre:{genre}", 0.0) for genre in GENRES}
                genres.append(ObservedGenre(batch, shares, article.genre))
    return Sample(tuple(spans), tuple(topics), tuple(genres))


def fit(sample: Sample) -> Calibration:
    """Estimate all curves and the temperature; what has too few samples stays as it is."""
    other = _fit_curve(sample.spans) or Curve()
    curves = {
        label: _fit_curve([span for span in sample.spans if span.what == label])
        for label in SPAN_LABELS
    }
    return Calibration(
        {label: curve for label, curve in curves.items() if curve},
        other,
        # Without an intercept no topic crosses the threshold: what is shown stays the same.
        _fit_curve(sample.topics, intercept=False) or Curve(),
        _fit_temperature(sample.genres),
    )


def _fit_curve(observed: Sequence[Observed], *, intercept: bool = True) -> Curve | None:
    """Platt scaling by scikit-learn; None for too few samples, or where the score says nothing."""
    from sklearn.linear_model import LogisticRegression

    right = np.array([one.right for one in observed])
    if min(int(right.sum()), int((~right.astype(bool)).sum())) < _FEWEST:
        return None
    odds = np.array([[log_odds(one.score)] for one in observed])
    model = LogisticRegression(C=_PENALTY_INVERSE, fit_intercept=intercept).fit(odds, right)
    slope = float(model.coef_[0, 0])
    return Curve(slope, float(model.intercept_[0]) if intercept else 0.0) if slope > 0 else None


def _fit_temperature(observed: Sequence[ObservedGenre]) -> float:
    """The temperature under which the true genres are likeliest."""
    from scipy.optimize import minimize_scalar

    if len(observed) < _FEWEST:
        return 1.0

    def surprise(temperature: float) -> float:
        calibrated = Calibration(temperature=float(temperature))
        shares = (calibrated.genres(one.shares)[one.genre] for one in observed)
        return -sum(math.log(max(share, 1e-12)) for share in shares)

    found = minimize_scalar(surprise, bounds=_TEMPERATURES, method="bounded")
    return float(found.x)


def cross_validate(sample: Sample) -> Checked:
    """Reliability before and after, each batch calibrated by a fit to the others.

    Raises ValueError where there is only one batch.
    """
    if len(sample.batches) < 2:
        raise ValueError("calibrating needs articles of at least two batches")
    others = {batch: fit(_without(sample, batch)) for batch in sample.batches}
    return check(sample, others.__getitem__)


def _without(sample: Sample, batch: str) -> Sample:
    return Sample(
        tuple(span for span in sample.spans if span.batch != batch),
        tuple(topic for topic in sample.topics if topic.batch != batch),
        tuple(genre for genre in sample.genres if genre.batch != batch),
    )


def check(sample: Sample, calibration_of: Callable[[str], Calibration]) -> Checked:
    """Reliability before and after; ``calibration_of`` gives the calibration for a batch.

    ``all`` is every span; ``genre`` the genre of each article, ``topics`` each topic shown.
    """
    scored = [
        (s.what, s.right, s.score, calibration_of(s.batch).span(s.what, s.score))
        for s in sample.spans
    ]
    rows = {"all": scored}
    rows |= {label: [row for row in scored if row[0] == label] for label in SPAN_LABELS}
    rows["genre"] = [_genre_row(one, calibration_of(one.batch)) for one in sample.genres]
    rows["topics"] = [
        ("topics", t.right, t.score, calibration_of(t.batch).topics(t.score)) for t in sample.topics
    ]
    return {name: (_reliability(own, 2), _reliability(own, 3)) for name, own in rows.items()}


def _genre_row(one: ObservedGenre, calibration: Calibration) -> tuple[str, bool, float, float]:
    top = max(one.shares, key=lambda genre: one.shares[genre])
    return "genre", top == one.genre, one.shares[top], calibration.genres(one.shares)[top]


def _reliability(rows: Sequence[tuple[str, bool, float, float]], column: int) -> Reliability:
    return reliability([float(row[column]) for row in rows], [row[1] for row in rows])


def checked_as_json(checked: Checked) -> dict[str, Any]:
    """Counts and expected calibration errors, rounded to four places."""
    return {
        name: {"count": after.count, "raw_ece": round(raw.ece, 4), "ece": round(after.ece, 4)}
        for name, (raw, after) in checked.items()
    }
