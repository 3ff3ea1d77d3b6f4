"""Whether carrying a model on pays: what it gains on more of the same, what it loses elsewhere.

The model of ``dev`` saw no real page, and nothing of the authored batches b05, b12 and b19. It is
carried on with the first articles of one of these batches, and held against itself on that batch's
second half; and with two of the real pages, on the third. On what is neither learned nor like it
(the other batches) it should lose nothing.

Run it from the repository after ``spacy project run dev``: ``python benchmarks/adapting.py``.
``--priors`` tries priors on the first batch alone, so that the others can judge the choice.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from banmian.adapting import PRIOR, adapt
from banmian.annotations import read_annotations
from banmian.bootstrap import SEED
from banmian.comparison import Measures, compare, measure
from banmian.evaluation import gold_by_page, model_tagger
from banmian.model import load
from banmian.types import SPAN_LABELS, AnnotatedArticle

BATCHES = ("b05", "b12", "b19")
SIZES = (10, 30, None)  # None: all of the first half
PRIORS = (3.0, 10.0, 30.0, 100.0, 300.0)
SHOWN = ("all", *SPAN_LABELS)

Articles = Sequence[AnnotatedArticle]


def main() -> None:
    """Print, for each thing learned and judged, the model before and after."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=Path("training/dev/model-last"))
    parser.add_argument("--priors", action="store_true")
    given = parser.parse_args()
    model = given.model
    authored = Path("annotations/authored")
    batches = [list(read_annotations([authored / f"{name}.jsonl"])) for name in BATCHES]
    if given.priors:
        for prior in PRIORS:
            report(f"prior {prior:g}", model, [halves(batches[0])], prior)
        return
    for size in SIZES:
        parts = [(first[:size], second) for first, second in map(halves, batches)]
        report(f"{size or 'all'} of a batch's first half; its second half", model, parts)
    parts = [(halves(batch)[0], joined(without(batches, batch))) for batch in batches]
    report("a batch's first half; the other batches", model, parts)
    pages = list(gold_by_page(read_annotations([Path("annotations/pages")])).values())
    report("two real pages; the third", model, [(joined(without(pages, p)), p) for p in pages])
    report("all real pages; the batches", model, [(joined(pages), joined(batches))])


def halves(articles: Articles) -> tuple[Articles, Articles]:
    """The first half and the second."""
    middle = len(articles) // 2
    return articles[:middle], articles[middle:]


def without(groups: Iterable[Articles], one: Articles) -> list[Articles]:
    """All groups but one."""
    return [group for group in groups if group is not one]


def joined(groups: Iterable[Articles]) -> Articles:
    """The articles of all groups."""
    return [article for group in groups for article in group]


def report(
    what: str, model: Path, parts: Iterable[tuple[Articles, Articles]], prior: float = PRIOR
) -> None:
    """Carry the model on with each part's first articles; hold it against itself on the second."""
    before: Measures = {name: [] for name in SHOWN}
    after: Measures = {name: [] for name in SHOWN}
    old = model_tagger(load(model))
    for learned, judged in parts:
        nlp = load(model)
        adapt(nlp, learned, prior=prior)
        for counts, tagger in ((before, old), (after, model_tagger(nlp))):
            own = measure(judged, tagger)
            for name in SHOWN:
                counts[name] += own[name]
    differences = compare(before, after, np.random.default_rng(SEED))
    print(f"{what} ({len(before['all'])} articles)")
    for name in SHOWN:
        d = differences[name]
        figures = f"{d.old:.3f} {d.new:.3f} {d.gain:+.3f} [{d.low:+.3f}, {d.high:+.3f}]"
        print(f"    {name:<10} {figures} of {d.support}", flush=True)


if __name__ == "__main__":
    main()
