"""Marked text: a plain-text form in which people write and annotate articles.

An article begins with a header line, then holds one line for each block::

    === genre: news | topics: governance, public_service | desk: hotline
    H: 老街口有了“板凳会”
    P: 每周三晚，{O:青杨社区}的“{I:板凳会}”准时开场，{N:3个月}议成{N:17件}事。

Spans stand between braces behind the letter of their label. A file may end in a
``=== furniture`` section whose ``F:`` and ``D:`` lines hold what of a page belongs to no
article and what repeats another passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from banmian.types import GENRES, TOPICS, AnnotatedArticle, Block, Span

ROLE_OF_LETTER = {
    "K": "kicker",
    "H": "headline",
    "S": "subtitle",
    "B": "byline",
    "U": "subhead",
    "P": "paragraph",
    "C": "caption",
}
LABEL_OF_LETTER = {"O": "ORG", "I": "INITIATIVE", "S": "SLOGAN", "N": "INDICATOR"}
LETTER_OF_ROLE = {role: letter for letter, role in ROLE_OF_LETTER.items()}
LETTER_OF_LABEL = {label: letter for letter, label in LABEL_OF_LETTER.items()}

_MARK = re.compile(r"\{([OISN]):([^{}]*)\}")
_LINE = re.compile(r"([KHSBUPCFD]): ?(.*)")


class MarkupError(ValueError):
    """A line of marked text that does not follow the form; the message names the line."""


@dataclass(frozen=True)
class MarkedText:
    """What a file of marked text holds."""

    articles: tuple[AnnotatedArticle, ...]
    furniture: tuple[str, ...]
    duplicates: tuple[str, ...]


def parse(source: str) -> MarkedText:
    """Read marked text.

    Raises MarkupError, with the line's number, where the form is not kept.
    """
    articles: list[AnnotatedArticle] = []
    furniture: list[str] = []
    duplicates: list[str] = []
    for first_line, header, lines in _sections(source):
        if header == {"furniture": ""}:
            for number, letter, content in lines:
                if letter not in "FD":
                    raise MarkupError(f"line {number}: only F: and D: lines stand in furniture")
                (furniture if letter == "F" else duplicates).append(content)
        else:
            articles.append(_article(len(articles) + 1, first_line, header, lines))
    return MarkedText(tuple(articles), tuple(furniture), tuple(duplicates))


def render(article: AnnotatedArticle) -> str:
    """Write an article as marked text; ``parse`` gives the same article back."""
    header = [f"genre: {article.genre or ''}", f"topics: {', '.join(article.topics)}"]
    header += [
        f"{key}: {value}" for key, value in article.meta.items() if isinstance(value, str | int)
    ]
    lines = ["=== " + " | ".join(header)]
    for block in article.blocks:
        pieces, position = [], block.start
        for span in article.spans:
            if block.start <= span.start and span.end <= block.end:
                pieces.append(article.text[position : span.start])
                pieces.append(f"{{{LETTER_OF_LABEL[span.label]}:{span.text}}}")
                position = span.end
        pieces.append(article.text[position : block.end])
        lines.append(f"{LETTER_OF_ROLE[block.role]}: {''.join(pieces)}")
    return "\n".join(lines) + "\n"


def _sections(
    source: str,
) -> Iterator[tuple[int, dict[str, str], list[tuple[int, str, str]]]]:
    header: dict[str, str] | None = None
    first_line = 0
    lines: list[tuple[int, str, str]] = []
    for number, raw in enumerate(source.split("\n"), 1):
        line = raw.strip(" \t\r\ufeff")
        if not line:
            continue
        if line.startswith("==="):
            if header is not None:
                yield first_line, header, lines
            header, first_line, lines = _header(line), number, []
            continue
        match = _LINE.fullmatch(line)
        if header is None:
            raise MarkupError(f"line {number}: text before the first === header")
        if match is None:
            raise MarkupError(
                f"line {number}: expected a block such as 'P: …', found {line[:20]!r}"
            )
        lines.append((number, match[1], match[2]))
    if header is not None:
        yield first_line, header, lines


def _header(line: str) -> dict[str, str]:
    pairs = (field.partition(":") for field in line.removeprefix("===").split("|"))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}


def _article(
    number: int, first_line: int, header: dict[str, str], lines: list[tuple[int, str, str]]
) -> AnnotatedArticle:
    genre = header.get("genre", "")
    topics = tuple(t.strip() for t in re.split("[,，]", header.get("topics", "")) if t.strip())
    if genre not in GENRES:
        raise MarkupError(f"line {first_line}: genre {genre!r} is none of {', '.join(GENRES)}")
    if not 1 <= len(topics) <= 3 or not set(topics) <= set(TOPICS):
        raise MarkupError(f"line {first_line}: topics must be one to three of {', '.join(TOPICS)}")
    text, blocks, spans = "", [], []
    for line_number, letter, content in lines:
        if letter not in ROLE_OF_LETTER:
            raise MarkupError(f"line {line_number}: {letter}: stands only in the furniture section")
        if text:
            text += "\n"
        start = len(text)
        plain, found = _unmark(content, line_number)
        if not plain:
            raise MarkupError(f"line {line_number}: an empty block")
        spans += [Span(start + s, start + e, label, plain[s:e]) for s, e, label in found]
        text += plain
        blocks.append(Block(ROLE_OF_LETTER[letter], start, len(text)))
    if not blocks:
        raise MarkupError(f"line {first_line}: an article without text")
    meta = {key: value for key, value in header.items() if key not in ("genre", "topics")}
    return AnnotatedArticle(number, text, tuple(spans), genre, topics, tuple(blocks), meta)


def _unmark(content: str, line_number: int) -> tuple[str, list[tuple[int, int, str]]]:
    plain, spans, position = "", [], 0
    for match in _MARK.finditer(content):
        plain += content[position : match.start()]
        if not match[2]:
            raise MarkupError(f"line {line_number}: an empty span")
        spans.append((len(plain), len(plain) + len(match[2]), LABEL_OF_LETTER[match[1]]))
        plain += match[2]
        position = match.end()
    plain += content[position:]
    if "{" in plain or "}" in plain:
        raise MarkupError(f"line {line_number}: a brace that is part of no span mark")
    return plain, spans
