"""Likely errors of annotation: where models that did not see an article disagree with it surely.

Cross-validated predictions against given labels, as in confident learning (Northcutt, Jiang and
Chuang 2021), for spans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from banmian.annotations import in_normal_form, origin
from banmian.span_crf import TrainSettings
from banmian.span_model import CharSpan, NetworkSettings, SpanModel
from banmian.types import AnnotatedArticle

_SETTINGS = TrainSettings(c2=0.2, epochs=20, min_frequency=2)
_NO_NETWORK = NetworkSettings(0, 0, 0.0)


@dataclass(frozen=True)
class Suspect:
    """A span that a model marks and the annotation does not, or the other way round.

    ``score`` is how sure the model is: of the span it marks, or that nothing like the annotated
    span is there.
    """

    article: AnnotatedArticle
    start: int
    end: int
    label: str
    kind: str  # "unmarked", "marked", "label" or "border"
    score: float
    text: str
    note: str


def find_suspects(
    articles: Sequence[AnnotatedArticle], *, folds: int = 5, jobs: int = 1
) -> list[Suspect]:
    """Suspicious spans, the surest first; articles of one origin are predicted together.

    Raises ValueError where there are fewer origins than two.
    """
    from sklearn.model_selection import GroupKFold

    articles = [in_normal_form(article) for article in articles]
    groups = [origin(article) for article in articles]
    count = min(folds, len(set(groups)))
    if count < 2:
        raise ValueError("annotations of at least two pages or batches are needed")
    splits = list(GroupKFold(n_splits=count).split(np.zeros(len(articles)), groups=groups))
    tasks = [([articles[i] for i in train], [articles[i] for i in test]) for train, test in splits]
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        predictions = list(pool.map(_predict, tasks))
    suspects = [
        suspect
        for (_, held_out), found in zip(tasks, predictions, strict=True)
        for article, spans in zip(held_out, found, strict=True)
        for suspect in disagreements(article, spans)
    ]
    return sorted(suspects, key=lambda suspect: -suspect.score)


def _predict(
    task: tuple[list[AnnotatedArticle], list[AnnotatedArticle]],
) -> list[list[CharSpan]]:
    train, held_out = task
    gold = [(a.text, [(s.start, s.end, s.label) for s in a.spans]) for a in train]
    return SpanModel.train(gold, _SETTINGS, _NO_NETWORK).predict(
        [article.text for article in held_out]
    )


def disagreements(article: AnnotatedArticle, predicted: Sequence[CharSpan]) -> Iterator[Suspect]:
    """Where a prediction and the annotation of one article part."""
    given = {(span.start, span.end): span.label for span in article.spans}
    bylines = [block for block in article.blocks if block.role == "byline"]
    for start, end, label, score in predicted:
        unmarked_by_rule = any(block.start <= start < block.end for block in bylines)
        if given.get((start, end)) == label or unmarked_by_rule:
            continue
        crossing = [s for s in article.spans if s.start < end and start < s.end]
        text = article.text[start:end]
        if (start, end) in given:
            yield Suspect(article, start, end, label, "label", score, text, given[start, end])
        elif crossing:
            note = " / ".join(f"{s.label} {s.text}" for s in crossing)
            yield Suspect(article, start, end, label, "border", score, text, note)
        else:
            yield Suspect(article, start, end, label, "unmarked", score, text, "")
    for span in article.spans:
        if not any(start < span.end and span.start < end for start, end, *_ in predicted):
            yield Suspect(article, span.start, span.end, span.label, "marked", 0.5, span.text, "")
