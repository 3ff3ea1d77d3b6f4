"""banmian annotations"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from banmian.cli.common import SOME_FAILED, fail, say

app = typer.Typer(help="Check, compare and convert annotations.", no_args_is_help=True)


@app.command("check")
def check(
    paths: Annotated[list[Path], typer.Argument(help="doccano JSONL files, or folders of them.")],
    doubts: Annotated[bool, typer.Option(help="Also list what a person should look at.")] = False,
) -> None:
    """Check annotations against what of the guidelines a program can see.

    Example: `banmian annotations check annotations/authored --doubts`

    Exit status 3 where there is an error.
    """
    from banmian.annotations import in_normal_form, read_annotations
    from banmian.checks import check_article
    from banmian.corpus import name_of

    articles = list(read_annotations(paths))
    errors = 0
    for article in articles:
        for finding in check_article(in_normal_form(article)):
            errors += finding.kind == "error"
            if finding.kind == "error" or doubts:
                typer.echo(f"{finding.kind}: {name_of(article)}: {finding.message}")
    spans = sum(len(article.spans) for article in articles)
    say(f"{len(articles)} articles, {spans} spans, {errors} errors")
    if errors:
        raise typer.Exit(SOME_FAILED)


@app.command("agreement")
def agreement(
    first: Annotated[Path, typer.Argument(help="One annotator's pass.")],
    second: Annotated[Path, typer.Argument(help="The other's, over the same texts.")],
    list_differences: Annotated[
        bool, typer.Option("--list", help="List the spans that only one has.")
    ] = False,
) -> None:
    """Show how far two passes agree.

    Example: `banmian annotations agreement annotations/second-pass/seeds-a.jsonl annotations/second-pass/seeds-b.jsonl --list`
    """
    from rich.console import Console
    from rich.table import Table

    from banmian.agreement import compare
    from banmian.annotations import read_annotations

    try:
        result = compare(list(read_annotations([first])), list(read_annotations([second])))
    except ValueError as error:
        raise fail(str(error)) from error
    figures = result.figures
    table = Table(title="agreement (F1 of one pass against the other)")
    for heading in ("label", "exact F1", "overlap F1", "first", "second"):
        table.add_column(heading, justify="left" if heading == "label" else "right")
    for label, row in figures["exact"].items():
        overlap: dict[str, Any] = figures["overlap"][label]
        table.add_row(
            label,
            f"{row['f1']:.3f}",
            f"{overlap['f1']:.3f}",
            str(row["gold"]),
            str(row["predicted"]),
        )
    console = Console()
    console.print(table)
    console.print(
        f"genre {figures['genre']['agreement']:.3f} of {figures['genre']['articles']} articles, "
        f"topics F1 {figures['topics']['f1']:.3f}, role {figures['roles']['agreement']:.3f} of "
        f"{figures['roles']['characters']} characters"
    )
    if list_differences:
        for side, mentions in (("first", result.only_first), ("second", result.only_second)):
            for m in mentions:
                typer.echo(f"{side} only: {m.label} {m.text!r} ({m.where} at {m.places[0]})")


@app.command("import")
def import_marked_text(
    marked: Annotated[Path, typer.Argument(help="A file of marked text.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The doccano JSONL file to write.")],
    page: Annotated[
        Path | None,
        typer.Option(help="The page that the file transcribes; traces every character."),
    ] = None,
    layout: Annotated[
        Path | None, typer.Option(help="With --page: where to write the page's row.")
    ] = None,
) -> None:
    """Turn marked text into doccano JSONL: authored articles, or the transcript of a page.

    Example: `banmian annotations import batch.txt -o annotations/authored/batch.jsonl`

    Example: `banmian annotations import page.txt --page seeds/PAGE -o gold.jsonl`
    """
    from banmian.annotations import write_annotations
    from banmian.files import read_bytes, write_jsonl
    from banmian.markup import MarkupError, parse

    try:
        parsed = parse(read_bytes(marked).decode("utf-8"))
    except (MarkupError, UnicodeDecodeError) as error:
        raise fail(f"{marked}: {error}") from error
    if page is None:
        articles = [
            replace(
                article,
                meta={
                    "key": f"{marked.stem}-{article.id:03}",
                    "batch": marked.stem,
                    "kind": "authored",
                    **article.meta,
                },
            )
            for article in parsed.articles
        ]
        write_annotations(out, articles)
        say(f"{out}: {len(articles)} articles")
        return
    from banmian.pages import read_page
    from banmian.transcripts import page_gold
    from banmian.types import Failure

    read = read_page(page.name, str(page))
    if isinstance(read, Failure):
        raise fail(f"{page}: {read.error}")
    gold, row, problems = page_gold(read, parsed)
    for problem in problems:
        say(f"{marked}: {problem}")
    if problems:
        raise typer.Exit(SOME_FAILED)
    write_annotations(out, gold)
    if layout:
        write_jsonl(layout, [row])
    say(f"{out}: {len(gold)} articles, every character of {page.name} traced")
