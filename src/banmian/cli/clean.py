"""banmian clean"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banmian.cli.common import SOME_FAILED, WRONG_USAGE, fail, output_stream, pages_among, say
from banmian.types import Article, Block, CleanPage, Failure

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


class Format(StrEnum):
    """How clean articles are written."""

    markdown = "markdown"
    jsonl = "jsonl"
    text = "text"  # the page itself: what offsets count in, also for a PDF


def clean(
    pages: Annotated[
        list[str], typer.Argument(help="Files, folders, glob patterns, or - for standard input.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File instead of standard output.")
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="How to write the articles; if not given, Markdown, or laid out on a terminal.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            help="Write one HTML file that shows, for each page, what went where. The articles are"
            " then written only if -o is given (-o - for standard output)."
        ),
    ] = None,
) -> None:
    """Show a page as clean articles, without tagging.

    Example: `banmian clean seeds/000_8315504b7e07acee.txt`

    Example: `banmian clean seeds/ --html pages.html`
    """
    if html is not None and html == output:
        raise fail("--html and -o name the same file", WRONG_USAGE)
    found = pages_among(pages)
    cleaned: list[CleanPage] = []
    failures: list[Failure] = []
    asked = (output, form, html) != (None, None, None)
    on_terminal = not asked and sys.stdout.isatty()
    console = _console() if on_terminal else None
    unwritten = on_terminal or (html is not None and output is None)
    with nullcontext() if unwritten else output_stream(output) as stream:
        for result in _clean_pages(found):
            if isinstance(result, Failure):
                failures.append(result)
                say(f"{result.page}: {result.error}")
            elif html is not None:
                cleaned.append(result)
            if stream is not None:
                stream.writelines(_written(result, form))
            elif console is not None and isinstance(result, CleanPage):
                show_page(result, console)
    if html is not None:
        _write_html(html, cleaned, failures)
    if failures:
        raise typer.Exit(SOME_FAILED)


def _clean_pages(found: list[tuple[str, str]]) -> Iterator[CleanPage | Failure]:
    from banmian.articles import clean_page
    from banmian.pages import read_page

    for name, path in found:
        page = read_page(name, path)
        yield page if isinstance(page, Failure) else clean_page(page)


def _write_html(path: Path, cleaned: list[CleanPage], failures: list[Failure]) -> None:
    from banmian.clean_view import clean_view

    with output_stream(path) as stream:
        stream.write(clean_view(cleaned, failures))
    if str(path) != "-":
        say(f"{path}: {len(cleaned)} pages, {sum(len(page.articles) for page in cleaned)} articles")


def _written(result: CleanPage | Failure, form: Format | None) -> Iterator[str]:
    """A page as Markdown or as rows; a page that failed has no Markdown."""
    from banmian.files import dumps
    from banmian.rows import failure_row, page_row, text_fields

    if form is Format.text:
        if isinstance(result, CleanPage):
            yield result.page.text
        return
    if form is not Format.jsonl:
        if isinstance(result, CleanPage):
            yield from map(_as_markdown, result.articles)
        return
    if isinstance(result, Failure):
        yield dumps(failure_row(result)) + "\n"
        return
    for number, article in enumerate(result.articles, 1):
        row = {
            "schema": "banmian.clean/1",
            "page": result.page.name,
            "article": number,
            **text_fields(article),
        }
        yield dumps(row) + "\n"
    row = page_row(result.page, len(result.articles), result.furniture, result.duplicates)
    yield dumps(row) + "\n"


_MARK_OF_ROLE = {
    "kicker": "*{}*",
    "headline": "# {}",
    "subtitle": "*{}*",
    "byline": "*{}*",
    "subhead": "## {}",
    "caption": "> {}",
}


def _as_markdown(article: Article) -> str:
    blocks = (
        _MARK_OF_ROLE.get(block.role, "{}").format(article.text[block.start : block.end])
        for block in article.blocks
    )
    return "\n\n".join(blocks) + "\n\n---\n\n"


_MEASURE = 88  # columns: 44 characters of Chinese
_STYLE_OF_ROLE = {
    "kicker": "dim",
    "headline": "bold cyan",
    "subtitle": "italic",
    "byline": "dim",
    "subhead": "bold",
    "caption": "dim italic",
}
# Escape sequences and marks that turn the direction would let a page rewrite the terminal.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def show_page(cleaned: CleanPage, console: Console) -> None:
    """Lay a page's articles out for a reader at a terminal."""
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    width = min(console.width, _MEASURE)
    console.print(Rule(Text(_safe(cleaned.page.name), style="bold"), style="dim"), width=width)
    for number, article in enumerate(cleaned.articles, 1):
        console.print()
        for block, before in zip(article.blocks, (None, *article.blocks), strict=False):
            above = int(before is not None and block.role != before.role)
            left = 4 if block.role == "caption" else 2
            console.print(Padding(_laid_out(article, block), (above, 0, 0, left)), width=width)
        source = f"article {number} of {len(cleaned.articles)}"
        console.print(Text(source, style="dim"), justify="right", width=width)
    left_out = f"{len(cleaned.furniture)} stretches of furniture, {len(cleaned.duplicates)} duplicates left out; --html shows them"
    console.print(Rule(Text(left_out, style="dim"), characters="·", style="dim"), width=width)


def _laid_out(article: Article, block: Block) -> Text:
    """A block as styled text; a joint inside it shows as ⟩⟨ with its confidence."""
    from rich.text import Text

    style = _STYLE_OF_ROLE.get(block.role, "")
    laid_out = Text("　　" if block.role == "paragraph" else "")
    at = block.start
    for joint in sorted(article.joints):
        if at < joint.at < block.end:
            laid_out.append(_safe(article.text[at : joint.at]), style)
            laid_out.append(f"⟩{joint.confidence:.0%}⟨", "magenta")
            at = joint.at
    laid_out.append(_safe(article.text[at : block.end]), style)
    return laid_out


def _safe(text: str) -> str:
    return _UNSAFE.sub("\ufffd", text)
