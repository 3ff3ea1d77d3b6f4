"""banmian clean"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from banmian.cli.common import SOME_FAILED, WRONG_USAGE, fail, output_stream, say
from banmian.types import Article


class Format(StrEnum):
    """How clean articles are written."""

    markdown = "markdown"
    jsonl = "jsonl"


def clean(
    pages: Annotated[
        list[str], typer.Argument(help="Files, folders, glob patterns, or - for standard input.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File instead of standard output.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How to write the articles.")
    ] = Format.markdown,
) -> None:
    """Show a page as clean articles, without tagging.

    Example: `banmian clean seeds/000_8315504b7e07acee.txt`
    """
    from banmian.articles import clean_page
    from banmian.files import dumps
    from banmian.pages import find_pages, read_page
    from banmian.tagging import failure_row, page_row
    from banmian.types import Failure

    found = list(find_pages(pages))
    if not found:
        raise fail(f"no pages (.txt, .md) in {', '.join(pages)}", WRONG_USAGE)
    failed = False
    with output_stream(output) as stream:
        for name, path in found:
            page = read_page(name, path)
            if isinstance(page, Failure):
                failed = True
                say(f"{name}: {page.error}")
                if form is Format.jsonl:
                    stream.write(dumps(failure_row(page)) + "\n")
                continue
            cleaned = clean_page(page)
            if form is Format.jsonl:
                for number, article in enumerate(cleaned.articles, 1):
                    row = {
                        "schema": "banmian.clean/1",
                        "page": name,
                        "article": number,
                        "text": article.text,
                        "blocks": [
                            {"role": b.role, "start": b.start, "end": b.end} for b in article.blocks
                        ],
                        "source": [list(run) for run in article.source],
                    }
                    stream.write(dumps(row) + "\n")
                stream.write(dumps(page_row(cleaned)) + "\n")
            else:
                stream.writelines(_as_markdown(article) for article in cleaned.articles)
    if failed:
        raise typer.Exit(SOME_FAILED)


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
