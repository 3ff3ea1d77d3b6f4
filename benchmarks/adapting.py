"""Whether carrying a model on pays: what it gains on more of the same, what it loses elsewhere.

The model of ``dev`` saw no real page, and nothing of the authored batches b05, b12 and b19 and of
the invented papers in ``annotations/unseen``. It is carried on with the first weeks of one of these
papers, and held against itself on what that paper printed afterwards; the same with the halves of a
batch; and with two of the real pages, on the third. On what is neither learned nor like it (the
other papers and batches) it should lose nothing.

Run it from the repository after ``spacy project run dev``: ``python benchmarks/adapting.py``.
``--priors`` tries priors on the first paper and the first batch alone, so that the others can judge
the choice.
"""

from __future__ import annotations

import argparse
from collections import Counter
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

PAPERS = ("p05", "p06", "p07", "p08")
BATCHES = ("b05", "b12", "b19")
SIZES = (10, 20, 40)  # articles of a paper that are learned; those behind the last judge
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
    papers, batches = articles_of("unseen", PAPERS), articles_of("authored", BATCHES)
    if given.priors:
        for prior in PRIORS:
            report(f"prior {prior:g}: a paper", model, [weeks(papers[0])], prior)
            report(f"prior {prior:g}: a batch", model, [halves(batches[0])], prior)
        return
    recurring([weeks(paper) for paper in papers])
    for size in SIZES:
        parts = [(first[:size], later) for first, later in map(weeks, papers)]
        report(f"a paper's first {size} articles; its last", model, parts)
    parts = [(weeks(paper)[0], joined(without(papers, paper))) for paper in papers]
    report("a paper's first articles; the other papers", model, parts)
    report("a batch's first half; its second half", model, [halves(batch) for batch in batches])
    parts = [(halves(batch)[0], joined(without(batches, batch))) for batch in batches]
    report("a batch's first half; the other batches", model, parts)
    pages = list(gold_by_page(read_annotations([Path("annotations/pages")])).values())
    report("two real pages; the third", model, [(joined(without(pages, p)), p) for p in pages])
    report("all real pages; the batches", model, [(joined(pages), joined(batches))])


def articles_of(folder: str, names: Iterable[str]) -> list[Articles]:
    """The articles of each authored paper or batch, in the order of their file."""
    files = (Path("annotations") / folder / f"{name}.jsonl" for name in names)
    return [list(read_annotations([file])) for file in files]


def recurring(papers: Sequence[tuple[Articles, Articles]]) -> None:
    """Print how many of the later names a paper had printed before."""
    known: Counter[str] = Counter()
    spans: Counter[str] = Counter()
    for first, later in papers:
        names = {(span.label, span.text) for article in first for span in article.spans}
        for span in (span for article in later for span in article.spans):
            spans[span.label] += 1
            known[span.label] += (span.label, span.text) in names
    shares = (
        f"{label} {known[label] / spans[label]:.2f} of {spans[label]}" for label in SPAN_LABELS
    )
    print(f"what stood in the first {SIZES[-1]} articles of its paper: {', '.join(shares)}")


def weeks(paper: Articles) -> tuple[Articles, Articles]:
    """What a paper printed first, and what it printed later."""
    return paper[: SIZES[-1]], paper[SIZES[-1] :]


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
