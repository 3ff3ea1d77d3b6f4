"""A small evaluation for the tests of the report: rules judged on authored articles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from banmian.annotations import read_annotations
from banmian.baselines import rule_tagger
from banmian.evaluation import page_of_its_own
from banmian.figures import METHOD, Judged, summarize

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
CURVE = {
    "schema": "banmian.curve/1",
    "points": [
        {
            "articles": 100 * 2**step,
            "characters": 45000 * 2**step,
            "spans": 1200 * 2**step,
            "held_out_f1": 0.70 + 0.05 * step,
            "pages_f1": 0.60 + 0.02 * step,
            "by_label": {"ORG": {"held_out_f1": 0.7, "pages_f1": 0.6}},
        }
        for step in range(4)
    ],
}


def scored(texts):
    """Rules whose spans have a score, as a model's have."""
    return [
        replace(
            tags,
            spans=tuple(replace(s, score=0.5 + 0.49 / (n + 1)) for n, s in enumerate(tags.spans)),
        )
        for tags in rule_tagger(texts)
    ]


def evaluation(root: Path, *, hostile: bool = False, held_out: bool = False):
    """Figures and results, with a hostile article on request."""
    articles = list(read_annotations([root / "annotations/authored/b05.jsonl"]))[:8]
    if hostile:
        text = f"{articles[0].text}\n“{HOSTILE}”机制开展了12次"
        articles[0] = replace(articles[0], text=text, meta={**articles[0].meta, "key": HOSTILE})
    judged = Judged()
    for article in articles:
        judged.judge(page_of_its_own(article), [article], scored)
    figures = {
        "schema": "banmian.metrics/1",
        "held_out": not hostile,
        "models": "--folds training",
        "method": METHOD,
        **summarize(judged),
    }
    if held_out:
        figures["held_out_batches"] = {
            "batches": ["b05"],
            "articles": len(articles),
            **summarize(judged, "batches"),
        }
    return figures, judged.raw_pages
