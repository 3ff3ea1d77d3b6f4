"""banmian annotations import, banmian annotations export"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from banmian.cli.common import SOME_FAILED, WRONG_USAGE, fail, say
from banmian.types import AnnotatedArticle


class Source(StrEnum):
    """What annotations are read from."""

    marked = "marked"
    doccano = "doccano"
    conll = "conll"
    spacy = "spacy"


class Target(StrEnum):
    """What annotations are written as."""

    doccano = "doccano"
    conll = "conll"
    spacy = "spacy"


class Offsets(StrEnum):
    """What the offsets of a doccano file count."""

    utf16 = "utf-16"
    code_points = "code-points"


_SUFFIXES = {
    ".jsonl": "doccano",
    ".zip": "doccano",
    ".conll": "conll",
    ".bio": "conll",
    ".spacy": "spacy",
}


def import_annotations(
    path: Annotated[Path, typer.Argument(help="The file to read.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of annotations to write.")],
    source: Annotated[
        Source | None,
        typer.Option(
            "--from",
            help="What it is; if not given, its name says it: .jsonl or .zip (doccano's export), "
            ".conll or .bio, .spacy (DocBin), else marked text.",
        ),
    ] = None,
    offsets: Annotated[
        Offsets,
        typer.Option(
            help="What the offsets of doccano's file count where it does not say so itself."
        ),
    ] = Offsets.utf16,
    page: Annotated[
        Path | None,
        typer.Option(help="The page that marked text transcribes; traces every character."),
    ] = None,
    layout: Annotated[
        Path | None, typer.Option(help="With --page: where to write the page's row.")
    ] = None,
) -> None:
    """Turn doccano's export, CoNLL, a DocBin or marked text into a file of annotations.

    Example: `banmian annotations import admin.zip -o annotations/mine.jsonl`

    Example: `banmian annotations import batch.txt -o annotations/authored/batch.jsonl`

    Example: `banmian annotations import page.txt --page seeds/PAGE -o gold.jsonl`
    """
    from banmian.annotations import write_annotations

    kind = source or Source(_SUFFIXES.get(path.suffix.lower(), "marked"))
    if page and kind is not Source.marked:
        raise fail("--page goes with marked text only", WRONG_USAGE)
    if page:
        _import_transcript(path, out, page, layout)
        return
    articles = _read(path, kind, offsets)
    if not articles:
        raise fail(f"{path}: holds no articles")
    write_annotations(out, articles)
    people = {str(a.meta["annotator"]) for a in articles if a.meta.get("annotator")}
    say(f"{out}: {len(articles)} articles{' of ' if people else ''}{', '.join(sorted(people))}")


def _read(path: Path, kind: Source, offsets: Offsets) -> list[AnnotatedArticle]:
    from banmian.files import read_bytes

    if kind is Source.doccano:
        from banmian.doccano_files import read_export

        return list(read_export(path, utf16=offsets is Offsets.utf16))
    data = read_bytes(path)
    try:
        if kind is Source.spacy:
            from banmian.docbins import from_docbin

            return list(from_docbin(data))
        if kind is Source.conll:
            from banmian.conll import read_conll

            return list(read_conll(data.decode("utf-8-sig")))
        return _marked(path, data)
    except ValueError as error:
        raise fail(f"{path}: {error}") from error


def _marked(path: Path, data: bytes) -> list[AnnotatedArticle]:
    from banmian.markup import parse

    own = {"batch": path.stem, "kind": "authored"}
    return [
        replace(article, meta={"key": f"{path.stem}-{article.id:03}", **own, **article.meta})
        for article in parse(data.decode("utf-8")).articles
    ]


def _import_transcript(marked: Path, out: Path, page: Path, layout: Path | None) -> None:
    from banmian.annotations import write_annotations
    from banmian.files import read_bytes, write_jsonl
    from banmian.markup import MarkupError, parse
    from banmian.pages import read_page
    from banmian.transcripts import page_gold
    from banmian.types import Failure

    try:
        parsed = parse(read_bytes(marked).decode("utf-8"))
    except (MarkupError, UnicodeDecodeError) as error:
        raise fail(f"{marked}: {error}") from error
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


def export(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Annotations (.jsonl, or folders of them), or pages, which are tagged."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    target: Annotated[
        Target | None,
        typer.Option(
            "--to",
            help="As what; if not given, its name says it: .jsonl (to import into doccano), .conll "
            "or .bio, .spacy (DocBin).",
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A model folder of your own, for pages.")
    ] = None,
) -> None:
    """Write annotations, or pages as the model tags them, for doccano, as CoNLL or as a DocBin.

    `banmian annotations import` reads all three back.

    Example: `banmian annotations export pages/ -o to-import.jsonl`

    Example: `banmian annotations export annotations/mine.jsonl -o mine.conll`

    Exit status 3 where a page failed.
    """
    from banmian.annotations import read_annotations
    from banmian.cli.drafts import read_drafts
    from banmian.files import atomic_writer, write_bytes

    found = _SUFFIXES.get(out.suffix.lower())
    if target is None and (found is None or out.suffix.lower() == ".zip"):
        raise fail(f"{out}: say with --to what to write", WRONG_USAGE)
    kind = target or Target(str(found))
    annotated = [Path(path) for path in paths if _holds_annotations(path)]
    pages = [path for path in paths if not _holds_annotations(path)]
    articles = list(read_annotations(annotated))
    drafts, failed = read_drafts(pages, model) if pages else ([], False)
    articles += drafts
    if not articles:
        raise fail(f"no annotated articles in {', '.join(paths)}")
    try:
        if kind is Target.spacy:
            from banmian.docbins import to_docbin

            write_bytes(out, to_docbin(articles))
        else:
            with atomic_writer(out) as stream:
                stream.writelines(_lines(articles, kind))
    except ValueError as error:
        raise fail(str(error)) from error
    say(f"{out}: {len(articles)} articles")
    if failed:
        raise typer.Exit(SOME_FAILED)


def _holds_annotations(path: str) -> bool:
    given = Path(path)
    return given.suffix.lower() == ".jsonl" or (given.is_dir() and any(given.glob("*.jsonl")))


def _lines(articles: list[AnnotatedArticle], kind: Target) -> Iterator[str]:
    if kind is Target.conll:
        from banmian.conll import write_conll

        yield from write_conll(articles)
    else:
        from banmian.doccano_rows import to_doccano

        # doccano guesses the encoding of a file: ASCII leaves it nothing to guess.
        yield from (json.dumps(to_doccano(article)) + "\n" for article in articles)
