"""banmian doccano next"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banmian.cli.common import (
    SOME_FAILED,
    WRONG_USAGE,
    fail,
    load_model,
    pages_among,
    progress,
    say,
)

if TYPE_CHECKING:
    from banmian.selection import Selection


def next_pages(
    pages: Annotated[list[str], typer.Argument(help="Files, folders or glob patterns.")],
    count: Annotated[int, typer.Option(min=1, help="How many pages to choose.")] = 5,
    model: Annotated[
        Path | None, typer.Option(help="A model folder of your own instead of the bundled model.")
    ] = None,
    annotated: Annotated[
        Path, typer.Option(help="Annotations; the pages in them, and copies, are left out.")
    ] = Path("annotations"),
    again: Annotated[
        bool, typer.Option("--again", help="Do not leave out what is annotated already.")
    ] = False,
    spread: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="How much unlike pages count against unsure ones."),
    ] = 0.4,
    null: Annotated[
        bool, typer.Option("--null", "-0", help="End each path with NUL, for `xargs -0`.")
    ] = False,
) -> None:
    """Choose which pages to annotate next: least sure first, spread over topics, no copies.

    The paths go to standard output, what speaks for them to standard error.

    Example: `banmian doccano next pages/ --count 5 | xargs banmian doccano push`

    Exit status 3 where some page could not be read.
    """
    from banmian.pages import STANDARD_INPUT, read_page
    from banmian.selection import choose, look_at, read_annotated
    from banmian.types import Failure

    if STANDARD_INPUT in pages:
        raise fail("pages are chosen among files, not from standard input", WRONG_USAGE)
    found = pages_among(pages)
    done, texts = (set[str](), list[str]()) if again else read_annotated(annotated)
    nlp = load_model(model)
    candidates, failed, skipped = [], 0, 0
    with progress() as bar:
        for name, path in bar.track(found, description="looking"):
            page = read_page(name, path)
            if isinstance(page, Failure):
                say(f"{name}: {page.error}")
                failed += 1
            elif page.sha256 in done:
                skipped += 1
            else:
                try:
                    candidates.append(look_at(nlp, page, path))
                except (ValueError, MemoryError, ArithmeticError, RecursionError) as error:
                    say(f"{name}: {(str(error) or type(error).__name__).splitlines()[0]}")
                    failed += 1
    selection = choose(candidates, count, spread=spread, annotated=texts)
    _show(selection, skipped, annotated)
    for candidate in selection.chosen:
        sys.stdout.write(candidate.path + ("\0" if null else "\n"))
    if failed:
        raise typer.Exit(SOME_FAILED)


def _show(selection: Selection, skipped: int, annotated: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from banmian.types import TOPICS

    table = Table(title="to annotate next")
    for heading in ("page", "topics"):
        table.add_column(heading, overflow="fold")
    for heading in ("doubt", "articles", "spans"):
        table.add_column(heading, justify="right")
    for chosen in selection.chosen:
        shares = sorted(zip(chosen.topics, TOPICS, strict=True), reverse=True)
        topics = ", ".join(topic for share, topic in shares[:2] if share > 0)
        table.add_row(
            Text(chosen.name),
            topics,
            f"{chosen.doubt:.3f}",
            str(chosen.articles),
            str(chosen.spans),
        )
    if selection.chosen:
        Console(stderr=True).print(table)
    for copy, of in selection.copies:
        say(f"{copy.name}: left out, most of it stands in {of}")
    if skipped:
        say(f"{skipped} left out: they are in {annotated} (--again takes them too)")
    if not selection.chosen:
        say("no page is left to annotate")
