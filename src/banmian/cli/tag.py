"""banmian tag"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from banmian.calibration import MIN_SCORE
from banmian.cli.common import SOME_FAILED, load_model, output_stream, pages_among, progress, say


def tag(
    pages: Annotated[
        list[str], typer.Argument(help="Files, folders, glob patterns, or - for standard input.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the rows; standard output if not given."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A model folder of your own instead of the bundled model.")
    ] = None,
    min_score: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out spans with a lower score.")
    ] = MIN_SCORE,
) -> None:
    """Tag pages: articles, spans, genre and topics as JSON Lines.

    Example: `banmian tag seeds/ -o rows.jsonl`

    Example: `cat page.txt | banmian tag - | jq .headline`

    Exit status: 0 all well, 1 a failure of the program, 2 wrong usage, 3 some page failed.
    """
    from banmian.files import dumps
    from banmian.model import name_of
    from banmian.tagging import tag_pages

    started = perf_counter()
    found = pages_among(pages)
    nlp = load_model(model)
    counts: Counter[str] = Counter()
    with output_stream(output) as stream, progress() as bar:
        task = bar.add_task("tagging", total=len(found))
        for rows in tag_pages(nlp, found, model=name_of(nlp), min_score=min_score):
            for row in rows:
                stream.write(dumps(row) + "\n")
                _count(row, counts)
            bar.advance(task)
    if output is not None:
        _show_summary(counts, perf_counter() - started, output)
    if counts["failures"]:
        raise typer.Exit(SOME_FAILED)


def _count(row: dict[str, Any], counts: Counter[str]) -> None:
    kind = row["schema"].split(".")[1].split("/")[0]
    counts[{"article": "articles", "page": "pages", "failure": "failures"}[kind]] += 1
    if kind == "failure":
        say(f"{row['page']}: {row['error']}")
    counts.update(span["label"] for span in row.get("spans", ()))


def _show_summary(counts: Counter[str], seconds: float, output: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from banmian.types import SPAN_LABELS

    table = Table(title=f"{counts['pages']} pages tagged in {seconds:.1f} s, rows in {output}")
    for heading in ("articles", *SPAN_LABELS, "failed pages"):
        table.add_column(heading, justify="right")
    table.add_row(
        str(counts["articles"]),
        *(str(counts[label]) for label in SPAN_LABELS),
        str(counts["failures"]),
    )
    Console(stderr=True).print(table)
