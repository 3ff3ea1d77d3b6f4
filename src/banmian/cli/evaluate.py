"""banmian evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banmian.cli.common import WRONG_USAGE, fail, progress, say

if TYPE_CHECKING:
    from rich.table import Table

    from banmian.evaluation import Tagger


def evaluate(
    gold: Annotated[
        list[Path], typer.Argument(help="Annotated articles of real pages, doccano JSONL.")
    ],
    pages: Annotated[Path, typer.Option(help="The folder with the raw pages.")] = Path("seeds"),
    model: Annotated[
        Path | None, typer.Option(help="A model folder instead of the bundled model.")
    ] = None,
    folds: Annotated[
        Path | None,
        typer.Option(
            help="A folder with one model a page, FOLDS/without-PAGE/model-last, trained without it."
        ),
    ] = None,
    layout: Annotated[
        bool, typer.Option("--layout", help="Measure the cleaning instead of the model.")
    ] = False,
    authored: Annotated[
        Path, typer.Option(help="With --layout: articles to simulate pages from.")
    ] = Path("annotations/authored"),
    simulated: Annotated[
        int, typer.Option(min=0, help="With --layout: how many pages to simulate.")
    ] = 200,
    document: Annotated[
        Path | None, typer.Option(help="With --layout: a Markdown file whose table to renew.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all figures as JSON.")
    ] = None,
) -> None:
    """Measure a model on annotated pages: raw page in, spans out, against gold.

    With `--folds` each page is judged by the model that never saw it (leave one page out), next to
    what plain rules reach. With `--layout` the cleaning is measured: on the real pages, none of
    which it was trained on, and on pages simulated from batches that it was not trained on.

    Examples: `banmian evaluate annotations/pages --folds training -o training/metrics.json`,
    `banmian evaluate annotations/pages --layout -o training/layout-metrics.json`
    """
    if layout:
        from banmian.cli.evaluate_layout import evaluate_layout

        evaluate_layout(gold, pages, authored, simulated, output, document)
        return
    from banmian.annotations import read_annotations
    from banmian.evaluation import (
        evaluate_gold_articles,
        evaluate_page,
        gold_by_page,
        read_gold_page,
        rule_tagger,
        summarize,
    )
    from banmian.files import write_json

    if model and folds:
        raise fail("give --model or --folds, not both", WRONG_USAGE)
    by_page = gold_by_page(read_annotations(gold))
    if not by_page:
        raise fail("the gold holds no article of a real page (meta.page)", WRONG_USAGE)
    raw, perfect, baseline, seen = [], [], [], []
    with progress() as bar:
        for name, articles in bar.track(by_page.items(), description="evaluating"):
            page = read_gold_page(pages, name, articles)
            tagger, trained_on = _tagger(name, model, folds)
            if page.sha256 in trained_on:
                seen.append(name)
            raw.append(evaluate_page(page, articles, tagger))
            perfect.append(evaluate_gold_articles(page, articles, tagger))
            baseline.append(evaluate_page(page, articles, rule_tagger))
    figures: dict[str, Any] = {
        "schema": "banmian.metrics/1",
        "held_out": not seen,
        "raw_pages": summarize(raw),
        "gold_articles": summarize(perfect),
        "rules": summarize(baseline),
    }
    _show(figures)
    if seen:
        say(
            f"NOT HELD OUT: the model was trained on {', '.join(seen)}; these figures say how well it remembers"
        )
    if output:
        write_json(output, figures)


def _tagger(page: str, model: Path | None, folds: Path | None) -> tuple[Tagger, set[str]]:
    from banmian.evaluation import model_tagger
    from banmian.model import ModelError, load, trained_on
    from banmian.training import fold_name

    folder = folds / fold_name(page) / "model-last" if folds else model
    try:
        return model_tagger(load(folder)), trained_on(folder)
    except ModelError as error:
        raise fail(str(error)) from error


def _show(figures: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    for key, title in (
        ("raw_pages", "raw pages in"),
        ("gold_articles", "gold articles in (no layout errors)"),
        ("rules", "plain rules, raw pages in"),
    ):
        console.print(_table(title, figures[key]))
    scores = figures["raw_pages"]
    console.print(
        f"genre accuracy {scores['genre']['accuracy']:.3f} over {scores['genre']['articles']} articles, "
        f"topics F1 {scores['topics']['f1']:.3f}"
    )


def _table(title: str, scores: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("label")
    for heading in ("precision", "recall", "F1", "overlap F1", "gold", "found"):
        table.add_column(heading, justify="right")
    for label, exact in scores["exact"].items():
        table.add_row(
            label,
            *(f"{exact[key]:.3f}" for key in ("precision", "recall", "f1")),
            f"{scores['overlap'][label]['f1']:.3f}",
            str(exact["gold"]),
            str(exact["predicted"]),
        )
    return table
