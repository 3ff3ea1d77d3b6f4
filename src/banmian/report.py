"""The report of an evaluation as one HTML page that a person reads: figures, charts, errors, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

from markupsafe import Markup

from banmian import charts
from banmian.errors import Error, worst_errors
from banmian.evaluation import ArticleResult
from banmian.files import FileError, read_bytes
from banmian.marks import Segment, marked
from banmian.templating import asset, environment
from banmian.types import SPAN_LABELS

LABEL_NAMES = {
    "all": "all labels",
    "INITIATIVE": "INITIATIVE 举措名称",
    "ORG": "ORG 组织机构",
    "SLOGAN": "SLOGAN 口号",
    "INDICATOR": "INDICATOR 数字指标",
}
_SURE = 0.9
_CURVE_SCHEMA = "banmian.curve/1"
# No address at all, no script; charts carry their style in attributes.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class MarkedArticle:
    """An article with its gold and predicted spans, for the page."""

    key: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class MarkedError:
    """An error with its context, for the page."""

    error: Error
    segments: tuple[Segment, ...]


def read_curve(path: Path) -> dict[str, Any] | None:
    """The learning curve of ``banmian build curve``; None where there is none. Raises FileError."""
    if not path.exists():
        return None
    try:
        curve = json.loads(read_bytes(path))
    except ValueError as error:
        raise FileError(f"{path}: is not JSON ({error})") from error
    if not isinstance(curve, dict) or curve.get("schema") != _CURVE_SCHEMA:
        raise FileError(f"{path}: is no learning curve (schema {_CURVE_SCHEMA})")
    return curve


def render(
    figures: Mapping[str, Any],
    results: Sequence[ArticleResult],
    curve: Mapping[str, Any] | None = None,
) -> str:
    """The page: complete in itself, to be opened from a file; it loads and runs nothing.

    ``figures`` are those of ``banmian evaluate``, ``results`` the model's on the raw pages. All
    text of the pages is untrusted and escaped. Raises ChartError where matplotlib is missing.
    """
    charts.require()
    points = sorted((curve or {}).get("points", ()), key=lambda point: int(point["articles"]))
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            policy=_POLICY,
            style=Markup(asset("report.css")),  # noqa: S704 - our own file
            figures=figures,
            raw=figures["raw_pages"],
            batches=figures.get("held_out_batches"),
            series=_series(figures),
            labels=LABEL_NAMES,
            failings=list(failings(figures)),
            charts=_charts(figures, points),
            errors=[
                MarkedError(e, tuple(marked(e.result, e.start, e.end)))
                for e in worst_errors(results)
            ],
            pages=_pages(results),
            points=points,
            slopes={key: slope(points, key) for key in ("held_out_f1", "pages_f1")},
        )
    )


def _series(figures: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What was measured, by name: exact and overlapping scores."""
    series = {
        "raw pages": figures["raw_pages"],
        "gold articles": figures["gold_articles"],
        "held-out batches": figures.get("held_out_batches", {}).get("gold_articles"),
        "plain rules": figures["rules"],
        "jieba's nt": figures.get("jieba"),
    }
    return {name: own for name, own in series.items() if own}


def _charts(figures: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> dict[str, Markup]:
    raw = figures["raw_pages"]
    drawn = {
        "scores": charts.scores({name: own["exact"] for name, own in _series(figures).items()}),
        "outcomes": charts.outcomes(raw["confusion"]),
        "reliability": charts.reliability(raw["reliability"]["spans"]["bins"], "pages"),
    }
    if batches := figures.get("held_out_batches"):
        bins = batches["gold_articles"]["reliability"]["spans"]["bins"]
        drawn["held_out_reliability"] = charts.reliability(bins, "batches")
    if points:
        drawn["curve"] = charts.learning_curve(points)
    return drawn


def _pages(results: Sequence[ArticleResult]) -> dict[str, list[MarkedArticle]]:
    pages: dict[str, list[MarkedArticle]] = {}
    for result in results:
        if result.tags:  # the rest of a page shows among the errors
            article = MarkedArticle(result.key, tuple(marked(result)))
            pages.setdefault(result.where, []).append(article)
    return pages


def slope(points: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """F1 gained with the last doubling of the training articles; None for fewer than two points.

    Where the last step was no doubling, its gain is scaled to one.
    """
    if len(points) < 2:
        return None
    before, last = points[-2:]
    doublings = log2(last["articles"] / before["articles"])
    return float(last[key] - before[key]) / doublings if doublings else None


def failings(figures: Mapping[str, Any]) -> Iterator[str]:
    """Sentences that say plainly where the model fails, from the figures alone."""
    raw = figures["raw_pages"]
    exact, confusion = raw["exact"], raw["confusion"]
    labels = [label for label in SPAN_LABELS if exact[label]["gold"]]
    if not labels:
        return
    worst = min(labels, key=lambda label: exact[label]["f1"])
    row = exact[worst]
    yield (
        f"{worst} is its weakest label (F1 {row['f1']:.3f}): {row['gold'] - row['hits']} of {row['gold']} "
        f"are not found exactly, and {row['predicted'] - row['hits']} of {row['predicted']} marks are not exactly right."
    )
    faults = {
        kind: confusion["all"][kind]
        for kind in confusion["all"]
        if kind not in ("right", "taken_for")
    }
    kind, count = max(faults.items(), key=lambda item: item[1])
    if count:
        in_label = max(labels, key=lambda label: confusion[label][kind])
        yield (
            f"The commonest fault is “{kind}”: {count} of {sum(faults.values())} faults, "
            f"{confusion[in_label][kind]} of them {in_label}."
        )
    sure = [part for part in raw["reliability"]["spans"]["bins"] if part["low"] >= _SURE]
    if sure and (wrong := round(sum(p["count"] * (1 - p["share_right"]) for p in sure))):
        yield (
            f"Being sure does not make it right: {wrong} of {sum(p['count'] for p in sure)} "
            f"spans that it scores {_SURE} or more are wrong."
        )
    page, own = min(raw["pages"].items(), key=lambda item: item[1]["exact"]["all"]["f1"])
    best = max(own["exact"]["all"]["f1"] for own in raw["pages"].values())
    yield f"Pages differ: F1 {own['exact']['all']['f1']:.3f} on {page}, {best:.3f} on the best one."
    perfect = figures["gold_articles"]["exact"]["all"]["f1"]
    yield (
        f"Cleaning costs {perfect - exact['all']['f1']:.3f} F1: with the annotated articles in instead of the "
        f"raw page it is {perfect:.3f}. The rest is the tagging’s."
    )
    batches = figures.get("held_out_batches")
    authored = batches["gold_articles"]["exact"]["all"]["f1"] if batches else 0.0
    if authored > perfect:
        yield (
            f"On held-out articles that were written for training F1 is {authored:.3f}, on real ones "
            f"{perfect:.3f}: what it learned there carries over only in part."
        )
    if interval := exact["all"]["interval"]:
        low, high = interval
        yield (
            f"{raw['genre']['articles']} articles are few: other articles like these may well give an F1 "
            f"anywhere from {low:.3f} to {high:.3f}, and papers of another house style a lower one."
        )
