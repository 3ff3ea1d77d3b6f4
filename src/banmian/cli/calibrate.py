"""banmian build calibrate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banmian.cli.common import fail

if TYPE_CHECKING:
    from banmian.calibration_fit import Checked


def calibrate(
    model: Annotated[Path, typer.Argument(help="A trained model folder, as of corpus/dev.")],
    held_out: Annotated[
        list[Path], typer.Argument(help="Annotated articles that it was not trained on.")
    ],
    pages: Annotated[
        Path | None,
        typer.Option(
            help="Annotated articles of real pages, to check on; nothing is fitted to them."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The calibration, as JSON.")] = Path(
        "training/calibration.json"
    ),
) -> None:
    """Fit the scores of spans, genre and topics to how often they are right on held-out articles.

    The calibration is written to OUT, for the training of other models (`build train --set
    paths.calibration=OUT`), and into MODEL. ECE is the expected calibration error, of ten bins.

    Example: `banmian build calibrate training/dev/model-last corpus/dev-held-out`
    """
    from banmian.annotations import origin, page_id, read_annotations
    from banmian.calibration_fit import check, checked_as_json, cross_validate, fit, observe
    from banmian.files import write_json
    from banmian.model import ModelError, load, trained_on, trained_on_batches

    articles = list(read_annotations(held_out))
    real = list(read_annotations([pages])) if pages else []
    seen = {origin(article) for article in articles} & trained_on_batches(model)
    seen |= {page_id(a) for a in [*articles, *real] if a.meta.get("page")} & trained_on(model)
    if seen:
        raise fail(f"{model}: was trained on {', '.join(sorted(seen))}; give it what it never saw")
    try:
        nlp = load(model)
        if "calibration" not in nlp.pipe_names:
            raise fail(f"{model}: has no component for calibration; train it with configs/news.cfg")
        sample = observe(nlp, articles)
        measured = {"held_out": cross_validate(sample)}
    except (ModelError, ValueError) as error:
        raise fail(str(error)) from error
    calibration = fit(sample)
    if real:
        measured["pages"] = check(observe(nlp, real), lambda _: calibration)
    row: dict[str, Any] = calibration.as_json() | {
        "fitted_on": {
            "batches": sample.batches,
            "articles": len(articles),
            "spans": len(sample.spans),
        },
        "measured": {name: checked_as_json(checked) for name, checked in measured.items()},
    }
    for path in (out, model / "calibration" / "calibration.json"):
        write_json(path, row)
    for name, checked in measured.items():
        _show(_TITLES[name], checked)


_TITLES = {
    "held_out": "expected calibration error, held-out batches (each by a fit to the others)",
    "pages": "the same, real pages (nothing fitted to them), gold articles in",
}


def _show(title: str, checked: Checked) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for heading in ("score of", "count", "share right", "mean score", "ECE", "raw ECE"):
        table.add_column(heading, justify="left" if heading == "score of" else "right")
    for name, (raw, after) in checked.items():
        count = max(1, after.count)
        right = sum(part.share_right * part.count for part in after.bins) / count
        mean = sum(part.mean_score * part.count for part in after.bins) / count
        figures = (right, mean, after.ece, raw.ece)
        table.add_row(name, str(after.count), *(f"{figure:.3f}" for figure in figures))
    Console().print(table)
