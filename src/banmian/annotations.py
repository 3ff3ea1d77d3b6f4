"""Annotated articles in the form of doccano's JSONL exports. No network.

A row holds ``text``, ``entities`` ([start, end, label]), ``cats`` (the genre, the topics) and
everything else under ``meta``: ``key`` (the article's own name), ``blocks`` ([role, start, end]) and,
for an article from a real page, ``page``, ``page_sha256``, ``article`` and ``source``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from banmian.characters import normalize
from banmian.files import FileError, read_jsonl, sha256, write_jsonl
from banmian.types import GENRES, ROLES, SPAN_LABELS, TOPICS, AnnotatedArticle, Block, Run, Span


def read_annotations(paths: Iterable[Path]) -> Iterator[AnnotatedArticle]:
    """Read doccano JSONL files; a folder stands for its ``*.jsonl`` files.

    Raises FileError, naming file and line, for a row that is none.
    """
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        for file in files:
            for number, row in read_jsonl(file):
                try:
                    yield from_row(row)
                except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
                    raise FileError(f"{file}, line {number}: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the key {error.args[0]!r} is missing"
    return f"is no doccano row ({error})"


def from_row(row: dict[str, Any]) -> AnnotatedArticle:
    """Read one row. Raises KeyError, TypeError, ValueError or IndexError where it is none."""
    text = row["text"]
    if not isinstance(text, str):
        raise TypeError("text is not a string")
    entities = ((int(start), int(end), str(label)) for start, end, label in row.get("entities", ()))
    spans = tuple(
        Span(start, end, label, text[start:end]) for start, end, label in sorted(entities)
    )
    for span in spans:
        if span.label not in SPAN_LABELS:
            raise ValueError(f"unknown label {span.label!r}")
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"span [{span.start}, {span.end}) lies outside the text")
    cats = [str(cat) for cat in row.get("cats", ())]
    unknown = [cat for cat in cats if cat not in GENRES and cat not in TOPICS]
    if unknown:
        raise ValueError(f"unknown category {unknown[0]!r}")
    meta = dict(row.get("meta", {}))
    blocks = tuple(
        Block(str(role), int(start), int(end)) for role, start, end in meta.pop("blocks", ())
    )
    if any(block.role not in ROLES for block in blocks):
        raise ValueError("unknown role of a block")
    if any(not 0 <= block.start < block.end <= len(text) for block in blocks):
        raise ValueError("a block lies outside the text")
    return AnnotatedArticle(
        id=int(row.get("id", 0)),
        text=text,
        spans=spans,
        genre=next((cat for cat in cats if cat in GENRES), None),
        topics=tuple(cat for cat in cats if cat in TOPICS),
        blocks=blocks or (Block("paragraph", 0, len(text)),),
        meta=meta,
    )


def to_row(article: AnnotatedArticle) -> dict[str, Any]:
    """The row of an article, keys in doccano's order."""
    blocks = [[block.role, block.start, block.end] for block in article.blocks]
    return {
        "id": article.id,
        "text": article.text,
        "meta": {**article.meta, "blocks": blocks},
        "entities": [[span.start, span.end, span.label] for span in article.spans],
        "cats": [*([article.genre] if article.genre else []), *article.topics],
        "Comments": [],
    }


def read_passes(paths: Iterable[Path]) -> dict[str, list[AnnotatedArticle]]:
    """Annotations by annotator: ``meta.annotator`` names him, else the name of the file.

    Raises FileError as ``read_annotations`` does, and where one annotator has an article twice.
    """
    files = [
        file
        for path in paths
        for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    ]
    stems = [file.stem for file in files]
    passes: dict[str, list[AnnotatedArticle]] = {}
    seen: set[tuple[str, tuple[str, str]]] = set()
    for file in files:
        name = file.stem if stems.count(file.stem) == 1 else str(file)
        passes.setdefault(name, [])
        for article in read_annotations([file]):
            annotator = str(article.meta.get("annotator") or name)
            if (annotator, identity(article)) in seen:
                raise FileError(f"{file}: {annotator} has the article {key_of(article)} twice")
            seen.add((annotator, identity(article)))
            passes.setdefault(annotator, []).append(article)
    return {name: articles for name, articles in passes.items() if articles}


def key_of(article: AnnotatedArticle) -> str:
    """What an article is called: ``meta.key``, else its page and number, else by its text."""
    if article.meta.get("key"):
        return str(article.meta["key"])
    if origin(article):
        return f"{origin(article)}#{article.meta.get('article', article.id)}"
    return f"text {sha256(article.text.encode('utf-8', 'replace'))[:12]}"


def identity(article: AnnotatedArticle) -> tuple[str, str]:
    """What makes two annotations those of one article: its page or batch, and its text."""
    return str(article.meta.get("page_sha256") or origin(article)), article.text


def write_annotations(path: Path, articles: Sequence[AnnotatedArticle]) -> None:
    """Write a file of annotations, all or nothing."""
    write_jsonl(path, map(to_row, articles))


def in_normal_form(article: AnnotatedArticle) -> AnnotatedArticle:
    """The article with its text, and that of its spans, as cleaning would write it."""
    text = normalize(article.text)
    spans = tuple(replace(span, text=text[span.start : span.end]) for span in article.spans)
    return replace(article, text=text, spans=spans)


def source_runs(article: AnnotatedArticle) -> tuple[Run, ...]:
    """Where an annotated article stands on its page; empty for an authored one."""
    return tuple(Run(*map(int, run)) for run in article.meta.get("source", ()))


def origin(article: AnnotatedArticle) -> str:
    """What an article must be held out together with: its page, or its batch."""
    return str(article.meta.get("page") or article.meta.get("batch") or article.meta.get("key", ""))


def page_id(article: AnnotatedArticle) -> str:
    """The hash by which models remember a page: of its bytes, or else of its name."""
    return str(article.meta.get("page_sha256") or sha256(str(article.meta["page"]).encode("utf-8")))
