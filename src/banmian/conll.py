"""Annotations in CoNLL's columns: a character a line, its BIO tag behind a tab.

Each article begins with ``# newdoc`` and ``# banmian = {…}``, which holds what has no column: id,
categories, meta. Blanks, what cannot be printed and the backslash are written as escapes that begin
with one, as in Python; a blank line follows each line of the text. So an article comes back to the
code point.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from banmian.annotations import from_row, key_of, to_row
from banmian.files import FileError, parse_object
from banmian.types import AnnotatedArticle

_HEADER = "# banmian = "
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_LONG = {escape: char for char, escape in _SHORT.items()}
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt\\])")
_TAG = re.compile(r"O|[BIESLU]-\S+")


class ConllError(ValueError):
    """Columns that are none, or an article that has no place in them; the message says where."""


def write_conll(articles: Iterable[AnnotatedArticle]) -> Iterator[str]:
    """Yield the lines of a file, each with its newline.

    Raises ConllError, naming the article, where spans overlap.
    """
    for article in articles:
        tags = _tags(article)
        row = to_row(article)
        header = {key: row[key] for key in ("id", "cats", "meta")}
        yield f"# newdoc\n{_HEADER}{json.dumps(header)}\n"
        for char, tag in zip(article.text, tags, strict=True):
            yield f"{_escape(char)}\t{tag}\n"
            if char == "\n":
                yield "\n"
        yield "\n"


def _tags(article: AnnotatedArticle) -> list[str]:
    tags = ["O"] * len(article.text)
    end = 0
    for span in sorted(article.spans, key=lambda span: span.start):
        if span.start < end:
            raise ConllError(
                f"{key_of(article)}: {span.label} {span.text!r} overlaps the span before it; "
                "BIO tags cannot say so"
            )
        end = span.end
        tags[span.start : end] = [f"I-{span.label}"] * (end - span.start)
        tags[span.start] = f"B-{span.label}"
    return tags


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable() and not char.isspace():
        return char
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"


def _unescape(token: str) -> str:
    return _ESCAPE.sub(lambda m: _LONG.get(m[0]) or chr(int(f"0x{m[0][2:]}", 0)), token)


@dataclass
class _Draft:
    """An article while its lines are read."""

    header: dict[str, Any] | None = None
    text: str = ""
    entities: list[list[Any]] = field(default_factory=list)
    open: bool = False  # whether the last entity may go on
    line_ended: bool = False
    first_line: int = 0

    def add(self, token: str, tag: str) -> None:
        """Take one line's token and tag."""
        if self.line_ended and self.text and not self.text.endswith("\n"):
            self.text += "\n"
            self.open = False
        self.line_ended = False
        start = len(self.text)
        self.text += _unescape(token) if self.header is not None else token
        kind, _, label = tag.partition("-")
        goes_on = self.open and kind in "IEL" and self.entities[-1][2] == label
        if goes_on:
            self.entities[-1][1] = len(self.text)
        elif kind != "O":
            self.entities.append([start, len(self.text), label])
        self.open = kind in ("B", "I")


def read_conll(text: str) -> Iterator[AnnotatedArticle]:
    """Read columns: ours, or others' with a token first and a BIO, BIOES or BILOU tag last.

    In others', ``# newdoc`` or ``-DOCSTART-`` begins an article; without either each block of lines
    is one. Sentences of an article are joined by newlines. Raises ConllError, naming the line.
    """
    lines = text.split("\n")
    marked = any(line.startswith(("# newdoc", "-DOCSTART-")) for line in lines)
    draft = _Draft()
    for number, line in enumerate(lines, 1):
        bare = line.rstrip("\r ")
        if bare.startswith(("# newdoc", "-DOCSTART-")):
            yield from _finished(draft)
            draft = _Draft(first_line=number)
        elif not bare:
            draft.line_ended = True
            if not marked:
                yield from _finished(draft)
                draft = _Draft(first_line=number + 1)
        elif bare.startswith(_HEADER):
            try:
                draft.header = parse_object(bare.removeprefix(_HEADER), f"line {number}, header")
            except FileError as error:
                raise ConllError(str(error)) from error
        elif not _is_comment(bare):
            columns = bare.split("\t") if "\t" in bare else bare.split()
            if len(columns) < 2 or not columns[0] or not _TAG.fullmatch(columns[-1]):
                raise ConllError(f"line {number}: no token and BIO tag, but {bare[:30]!r}")
            draft.add(columns[0], columns[-1])
    yield from _finished(draft)


def _is_comment(line: str) -> bool:
    """Whether a line that begins with # is no token # with its tag."""
    return (
        line.startswith("#")
        and "\t" not in line
        and not _TAG.fullmatch(line.rsplit(maxsplit=1)[-1])
    )


def _finished(draft: _Draft) -> Iterator[AnnotatedArticle]:
    if not draft.text and draft.header is None:
        return
    row = {**(draft.header or {}), "text": draft.text, "entities": draft.entities}
    try:
        draft.text.encode("utf-8")  # half a surrogate pair is no character
        article = from_row(row)
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError) as error:
        raise ConllError(f"the article at line {draft.first_line}: {error}") from error
    yield article
