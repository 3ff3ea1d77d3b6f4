"""Lines of a page, and the clean text of a stretch of it, with the way back to the page.

A clean text is held as the stretches of the page that it comes from, so that joining, cutting and
dropping blanks can never lose the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from banmian.characters import is_wide, normalize
from banmian.types import Run

Blanks = Literal["drop", "couplet", "keep"]
Stretch = tuple[int, int]

_LINE = re.compile(r"[^\n\r\f\v\x1c-\x1e\x85\u2028\u2029]+")
_MARKDOWN_MARK = re.compile(r"[ \t]*(#{1,6}|[-*>])(?=[ \t])")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"
_WORD = re.compile(rf"[^\s{_INVISIBLE}]+")
_BLANK = re.compile(r"\s")
TERMINALS = frozenset("。！？!?…；;")
_CLOSERS = frozenset("”’」』）)\"'》】")


@dataclass(frozen=True)
class Line:
    """A physical line: ``page[start:end]`` without blanks at its ends and without its mark.

    ``mark`` is the Markdown mark that stood before it, at ``mark_at``; ``gap`` is the number of
    empty lines before it, ``indent`` that of the blanks it begins with.
    """

    start: int
    end: int
    text: str
    mark: str
    mark_at: int
    gap: int
    indent: int


def split_lines(page_text: str) -> list[Line]:
    """The lines of a page that hold anything."""
    lines: list[Line] = []
    previous_end = 0
    for match in _LINE.finditer(page_text):
        start, end = match.span()
        found = _MARKDOWN_MARK.match(page_text, start, end)
        mark, mark_at = (found[1], found.start(1)) if found else ("", -1)
        if found:
            start = found.end()
        first, end = _strip(page_text, start, end)
        if first < end or mark:
            gap = _line_breaks(page_text[previous_end : match.start()]) - 1
            text = page_text[first:end]
            lines.append(Line(first, end, text, mark, mark_at, max(0, gap), first - start))
            previous_end = max(end, first)
    return lines


def _strip(page_text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and _is_blank(page_text[start]):
        start += 1
    while start < end and _is_blank(page_text[end - 1]):
        end -= 1
    return start, end


def _is_blank(char: str) -> bool:
    return char.isspace() or char in _INVISIBLE


def _line_breaks(text: str) -> int:
    return text.replace("\r\n", "\n").count("\n") + text.count("\r") - text.count("\r\n")


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence ends: a full stop, closing quotes behind it allowed."""
    stripped = text.rstrip("".join(_CLOSERS) + " ")
    if stripped[-1:] in TERMINALS:
        return True
    return stripped != text.rstrip() and text.rstrip()[-1:] in "）)"


def clean_stretches(
    page_text: str, stretches: Iterable[Stretch], *, blanks: Blanks
) -> list[Stretch]:
    """The stretches of the page that a block's clean text keeps.

    Blanks and line ends that the layout put there are left out; of a run of blanks that means
    something, one stays. ``blanks`` says which mean something beside Chinese: ``drop`` none,
    ``keep`` all, ``couplet`` those that part a title into halves of like length.
    """
    words: list[Stretch] = []
    gaps: list[int] = []  # where on the page the blank stands that follows each word
    for start, end in stretches:
        own = [word.span() for word in _WORD.finditer(page_text, start, end)]
        words += own
        gaps += [_blank_at(page_text, one[1], two[0]) for one, two in pairwise(own)]
        gaps += [_blank_at(page_text, word[1], end + 1) for word in own[-1:]]
    kept: list[Stretch] = []
    couplet = blanks == "couplet" and is_couplet([_clause_size(page_text[s:e]) for s, e in words])
    for (start, end), gap, behind in zip(words, gaps, [*words[1:], None], strict=True):
        _extend(kept, start, end)
        if behind and gap >= 0:
            foreign = not (is_wide(page_text[end - 1]) or is_wide(page_text[behind[0]]))
            if couplet or blanks == "keep" or foreign:
                _extend(kept, gap, gap + 1)
    return kept


def _extend(stretches: list[Stretch], start: int, end: int) -> None:
    """Append a stretch, or lengthen the last one that it follows."""
    if stretches and stretches[-1][1] == start:
        stretches[-1] = (stretches[-1][0], end)
    else:
        stretches.append((start, end))


def _blank_at(page_text: str, start: int, end: int) -> int:
    """Where the last blank between two words stands that is more than an invisible character."""
    between = page_text[start:end]
    return next(
        (end - back for back, char in enumerate(reversed(between), 1) if char.isspace()), -1
    )


def _clause_size(word: str) -> int:
    """How long a title's half is; a place before a colon (文殊镇：…) does not count."""
    return len(re.split("[:：]", word)[-1])


def is_couplet(lengths: Sequence[int]) -> bool:
    """Whether clauses of these lengths are the halves of a couplet."""
    return 2 <= len(lengths) <= 4 and min(lengths) >= 4 and max(lengths) - min(lengths) <= 1


def clean_text(page_text: str, stretches: Iterable[Stretch]) -> str:
    """The text of some stretches of the page, in normal form, one character for each of theirs."""
    return normalize(_BLANK.sub(" ", "".join(page_text[start:end] for start, end in stretches)))


def runs_of(stretches: Iterable[Stretch], text_start: int) -> list[Run]:
    """Where clean text that begins at ``text_start`` came from."""
    runs = []
    for start, end in stretches:
        runs.append(Run(text_start, text_start + end - start, start, end))
        text_start += end - start
    return runs


def to_page(source: Sequence[Run], start: int, end: int) -> list[Stretch]:
    """The pieces of the page that ``text[start:end]`` came from, in the order of the text."""
    pieces: list[Stretch] = []
    for run in source:
        low, high = max(start, run.start), min(end, run.end)
        if low < high:
            shift = run.page_start - run.start
            _extend(pieces, low + shift, high + shift)
    return pieces
