"""banmian evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banmian.cli.common import WRONG_USAGE, fail, progress, say

if TYPE_CHECKING:
    from rich.table import Table

    from banmian.evaluation import Tagger
    from banmian.figures import Judged
    from banmian.types import AnnotatedArticle


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
    held_out: Annotated[
        list[Path] | None,
        typer.Option(
            help="Also judge FOLDS/dev/model-last (or --model) on authored articles of batches that it never saw; may be given again."
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
    html: Annotated[
        Path | None, typer.Option(help="Write a report with charts, errors and pages, as HTML.")
    ] = None,
    curve: Annotated[
        Path, typer.Option(help="With --html: the learning curve to draw, where it exists.")
    ] = Path("training/curve.json"),
) -> None:
    """Measure a model on annotated pages: raw page in, spans out, against gold.

    With `--folds` each page is judged by the model that never saw it (leave one page out), next to
    what plain rules and jieba reach. With `--layout` the cleaning is measured: on the real pages, none of
    which it was trained on, and on pages simulated from batches that it was not trained on.

    Examples: `banmian evaluate annotations/pages --folds training -o training/metrics.json --html training/report.html`,
    `banmian evaluate annotations/pages --model training/dev/model-last --held-out corpus/dev-held-out`,
    `banmian evaluate annotations/pages --layout -o training/layout-metrics.json`
    """
    if layout:
        from banmian.cli.evaluate_layout import evaluate_layout

        evaluate_layout(gold, pages, authored, simulated, output, document)
        return
    from banmian.annotations import read_annotations
    from banmian.evaluation import gold_by_page
    from banmian.figures import METHOD, summarize
    from banmian.files import atomic_writer, write_json
    from banmian.report import read_curve, render

    if model and folds:
        raise fail("give --model or --folds, not both", WRONG_USAGE)
    if html:
        _require_charts()
    by_page = gold_by_page(read_annotations(gold))
    if not by_page:
        raise fail("the gold holds no article of a real page (meta.page)", WRONG_USAGE)
    dev = folds / "dev" / "model-last" if folds else model
    unseen = _unseen(held_out, dev) if held_out else []
    judged, seen = _judge_pages(by_page, pages, model, folds)
    figures: dict[str, Any] = {
        "schema": "banmian.metrics/1",
        "held_out": not seen,
        "models": _arguments(
            ("--folds", folds), ("--model", model), *(("--held-out", p) for p in held_out or ())
        ),
        "method": METHOD,
        **summarize(judged),
    }
    if unseen:
        figures["held_out_batches"] = _judge_held_out(unseen, dev)
    _show(figures)
    if seen:
        say(
            f"NOT HELD OUT: the model was trained on {', '.join(seen)}; these figures say how well it remembers"
        )
    if output:
        write_json(output, figures)
    if html:
        with atomic_writer(html) as stream:
            stream.write(render(figures, judged.raw_pages, read_curve(curve)))


def _arguments(*named: tuple[str, Path | None]) -> str:
    """What was judged by what, as a command line has it."""
    return " ".join(f"{name} {path}" for name, path in named if path)


def _require_charts() -> None:
    from banmian.charts import ChartError, require

    try:
        require()
    except ChartError as error:
        raise fail(str(error), WRONG_USAGE) from error


def _judge_pages(
    by_page: dict[str, list[AnnotatedArticle]],
    pages: Path,
    model: Path | None,
    folds: Path | None,
) -> tuple[Judged, list[str]]:
    """The results on real pages, and those of them that their model was trained on."""
    from banmian.evaluation import read_gold_page
    from banmian.figures import Judged
    from banmian.model import trained_on
    from banmian.training import fold_name

    judged, seen, jieba = Judged(), [], _jieba()
    with progress() as bar:
        for name, articles in bar.track(by_page.items(), description="evaluating"):
            page = read_gold_page(pages, name, articles)
            folder = folds / fold_name(name) / "model-last" if folds else model
            if page.sha256 in trained_on(folder):
                seen.append(name)
            judged.judge(page, articles, _tagger(folder), jieba)
    return judged, seen


def _unseen(held_out: list[Path], folder: Path | None) -> list[AnnotatedArticle]:
    """The articles to judge a model by, none of which it may have seen."""
    from banmian.annotations import origin, read_annotations
    from banmian.model import trained_on_batches

    articles, where = list(read_annotations(held_out)), ", ".join(map(str, held_out))
    if not articles:
        raise fail(f"no annotated articles in {where}", WRONG_USAGE)
    named, known = folder or "the bundled model", trained_on_batches(folder)
    if not known:
        raise fail(f"{named} does not say which batches it was trained on; train it again")
    seen = sorted({origin(article) for article in articles} & known)
    if seen:
        raise fail(f"{where}: holds {', '.join(seen)}, which {named} was trained on", WRONG_USAGE)
    return articles


def _judge_held_out(articles: list[AnnotatedArticle], folder: Path | None) -> dict[str, Any]:
    from banmian.annotations import origin
    from banmian.evaluation import page_of_its_own
    from banmian.figures import Judged, summarize

    judged, tagger, jieba = Judged(), _tagger(folder), _jieba()
    with progress() as bar:
        for article in bar.track(articles, description="held-out articles"):
            judged.judge(page_of_its_own(article), [article], tagger, jieba)
    batches = sorted({origin(article) for article in articles})
    return {"batches": batches, "articles": len(articles), **summarize(judged, "batches")}


def _tagger(folder: Path | None) -> Tagger:
    from banmian.evaluation import model_tagger
    from banmian.model import ModelError, load

    try:
        return model_tagger(load(folder))
    except ModelError as error:
        raise fail(str(error)) from error


def _jieba() -> Tagger | None:
    from banmian.baselines import BaselineError, jieba_tagger

    try:
        jieba_tagger([""])
    except BaselineError as error:
        say(str(error))
        return None
    return jieba_tagger


def _show(figures: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    raw = figures["raw_pages"]
    console.print(_table("raw pages in", raw))
    console.print(_table("gold articles in (no layout errors)", figures["gold_articles"]))
    console.print(_table("plain rules, raw pages in", figures["rules"]))
    if "jieba" in figures:
        console.print(f"jieba's nt tags, raw pages in: ORG F1 {_f1(figures['jieba'], 'ORG')}")
    genre = raw["genre"]
    console.print(
        f"genre accuracy {genre['accuracy']:.3f} [{_interval(genre)}] over {genre['articles']} articles, "
        f"topics F1 {raw['topics']['f1']:.3f}; "
        f"calibration error of span scores {raw['reliability']['spans']['ece']:.3f}"
    )
    if batches := figures.get("held_out_batches"):
        named = f"{batches['articles']} held-out articles of {', '.join(batches['batches'])}"
        console.print(_table(f"{named}, gold articles in", batches["gold_articles"]))
        console.print(f"the same, each as a page of its own: F1 {_f1(batches['raw_pages'], 'all')}")


def _f1(scores: dict[str, Any], label: str) -> str:
    row = scores["exact"][label]
    return f"{row['f1']:.3f} [{_interval(row)}]"


def _interval(row: dict[str, Any]) -> str:
    return "-".join(f"{end:.3f}" for end in row["interval"]) if row["interval"] else "too few"


def _table(title: str, scores: dict[str, Any]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)  # fits a narrow terminal
    table.add_column("label", no_wrap=True)
    for heading in ("precision", "recall", "F1", "95 % int.", "overlap", "gold", "found"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, exact in scores["exact"].items():
        table.add_row(
            label,
            *(f"{exact[key]:.3f}" for key in ("precision", "recall", "f1")),
            _interval(exact),
            f"{scores['overlap'][label]['f1']:.3f}",
            str(exact["gold"]),
            str(exact["predicted"]),
        )
    table.caption = "F1: exact; overlap: F1 of at least one common character"
    return table
