"""banmian build curve"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from banmian.cli.common import fail, say


def curve(
    corpus: Annotated[Path, typer.Argument(help="A training set, as `build corpus` makes it.")],
    held_out: Annotated[Path, typer.Argument(help="Annotated articles that are not in it.")],
    pages: Annotated[Path, typer.Option(help="Annotated articles of real pages.")] = Path(
        "annotations/pages"
    ),
    config: Annotated[Path, typer.Option(help="The training config.")] = Path("configs/news.cfg"),
    points: Annotated[
        int,
        typer.Option(min=1, help="How many trainings, each on half of the next one's articles."),
    ] = 5,
    seed: Annotated[int, typer.Option(help="Of the shuffle.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="How many to train at once.")] = 1,
    out: Annotated[Path, typer.Option("--out", "-o", help="The points, as JSON.")] = Path(
        "training/curve.json"
    ),
) -> None:
    """Learning curve: exact F1 of span taggers trained on 1/16, 1/8, 1/4, 1/2 and all articles.

    Measured on the held-out articles and on the real pages, gold articles in. Refuses a training
    set that holds either.

    Example: `banmian build curve corpus/dev corpus/dev-held-out --jobs 2`
    """
    from banmian.annotations import origin, page_id, read_annotations
    from banmian.files import write_json
    from banmian.learning_curve import SCHEMA, Plan, points_of
    from banmian.model import trained_on, trained_on_batches

    if not (corpus / "train.spacy").is_file():
        raise fail(f"{corpus}: is no training set (it has no train.spacy)")
    articles = list(read_annotations([held_out, pages]))
    seen = {origin(article) for article in articles} & trained_on_batches(corpus)
    seen |= {page_id(a) for a in articles if a.meta.get("page")} & trained_on(corpus)
    if seen:
        raise fail(f"{corpus}: holds {', '.join(sorted(seen))}; measure on what is not in it")
    found: list[dict[str, Any]] = []
    for point in points_of(Plan(config, corpus, held_out, pages, seed), points, jobs):
        say(
            f"{point['articles']} articles: held-out F1 {point['held_out_f1']:.3f}, "
            f"real pages {point['pages_f1']:.3f}"
        )
        found.append(point)
    found.sort(key=lambda point: int(point["articles"]))
    write_json(out, {"schema": SCHEMA, "seed": seed, "points": found})
    _show(found)


def _show(points: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="exact F1, gold articles in")
    for heading in ("articles", "characters", "spans", "held-out batches", "real pages"):
        table.add_column(heading, justify="right")
    for point in points:
        counts = (f"{point[key]:,}" for key in ("articles", "characters", "spans"))
        table.add_row(*counts, *(f"{point[key]:.3f}" for key in ("held_out_f1", "pages_f1")))
    Console().print(table)
