"""How much more annotation helps: span taggers trained on nested parts of the same articles."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian.annotations import read_annotations
from banmian.comparison import JUDGE, measure
from banmian.scoring import total
from banmian.types import SPAN_LABELS, AnnotatedArticle

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

SCHEMA = "banmian.curve/1"


@dataclass(frozen=True)
class Plan:
    """What to train with (a config, a training set) and what to measure on (annotations)."""

    config: Path
    corpus: Path
    held_out: Path
    pages: Path
    seed: int


def sizes(total: int, points: int) -> list[int]:
    """All articles, half of them, a quarter and so on: ``points`` numbers, the smallest first."""
    return sorted({max(1, total >> halvings) for halvings in range(points)})


def points_of(plan: Plan, points: int, jobs: int) -> Iterator[dict[str, Any]]:
    """Train and measure on each part, ``jobs`` at a time; yields points as they are done."""
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        # The longest first, so that no core is idle at the end.
        counts = sizes(len(_examples(plan, _span_pipeline(plan.config))), points)[::-1]
        for done in as_completed([pool.submit(measure_point, plan, count) for count in counts]):
            yield done.result()


def measure_point(plan: Plan, articles: int) -> dict[str, Any]:
    """Train on the first so many of the shuffled articles; exact F1, gold articles in."""
    nlp = _span_pipeline(plan.config)
    examples = _examples(plan, nlp)[:articles]
    nlp.initialize(lambda: examples)
    figures = {
        name: _f1(list(read_annotations([path])), nlp)
        for name, path in (("held_out_f1", plan.held_out), ("pages_f1", plan.pages))
    }
    return {
        "articles": len(examples),
        "characters": sum(len(eg.reference.text) for eg in examples),
        "spans": sum(len(eg.reference.ents) for eg in examples),
        **{name: by_label[JUDGE] for name, by_label in figures.items()},
        "by_label": {
            label: {name: by_label[label] for name, by_label in figures.items()}
            for label in SPAN_LABELS
        },
    }


def _span_pipeline(config: Path) -> Language:
    from spacy.util import load_config, load_model_from_config

    # Scores and categories do not change which spans are marked.
    return load_model_from_config(
        load_config(config), auto_fill=True, exclude=["categories", "calibration"]
    )


def _examples(plan: Plan, nlp: Language) -> list[Example]:
    from spacy.training import Corpus

    examples = list(Corpus(plan.corpus / "train.spacy")(nlp))
    random.Random(plan.seed).shuffle(examples)  # noqa: S311 - a sample, no secret
    return examples


def _f1(articles: Sequence[AnnotatedArticle], nlp: Language) -> dict[str, float]:
    from banmian.evaluation import model_tagger

    measures = measure(articles, model_tagger(nlp))
    return {name: round(total(measures[name]).f1, 4) for name in (JUDGE, *SPAN_LABELS)}
