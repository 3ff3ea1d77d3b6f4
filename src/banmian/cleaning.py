"""Lines of a page, and the clean text of a stretch of it, with the way back to the page.

A clean text is held as the list of page offsets its characters come from, so that joining,
cutting and dropping blanks can never lose the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from banmian.characters import is_wide, normalize
from banmian.types import Run

Blanks = Literal["drop", "couplet", "keep"]

_LINE = re.compile(r"[^\n\r\f\v\x1c-\x1e\x85\u2028\u2029]+")
_MARKDOWN_MARK = re.compile(r"[ \t]*(#{1,6}|[-*>])(?=[ \t])")
_INVISIBLE = frozenset("\ufeff\u200b\u200c\u200d\u2060\u00ad")
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
    indent: int = 0

    @cached_property
    def width(self) -> int:
        """How many characters stand on it, blanks aside."""
        return len("".join(self.text.split()))


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


def clean_offsets(
    page_text: str, stretches: Iterable[tuple[int, int]], *, blanks: Blanks
) -> list[int]:
    """The page offsets of the characters that a block's clean text keeps.

    Blanks and line ends that the layout put there are left out; of a run of blanks that means
    something, one stays. ``blanks`` says which mean something beside Chinese: ``drop`` none,
    ``keep`` all, ``couplet`` those that part a title into halves of like length.
    """
    words: list[list[int]] = []
    gaps: list[int] = []  # where on the page the blank stands that follows each word
    for start, end in stretches:
        fresh = True
        for at in range(start, end):
            if _is_blank(page_text[at]):
                if words and not fresh and page_text[at].isspace():
                    gaps[-1] = at
                fresh = True
            elif fresh:
                words.append([at])
                gaps.append(-1)
                fresh = False
            else:
                words[-1].append(at)
        if words and gaps[-1] < 0 and page_text[end : end + 1].isspace():
            gaps[-1] = end
    kept: list[int] = []
    couplet = blanks == "couplet" and is_couplet([_clause_size(page_text, w) for w in words])
    for index, word in enumerate(words):
        kept += word
        if index + 1 < len(words) and gaps[index] >= 0:
            before, after = page_text[word[-1]], page_text[words[index + 1][0]]
            if couplet or blanks == "keep" or not (is_wide(before) or is_wide(after)):
                kept.append(gaps[index])
    return kept


def _clause_size(page_text: str, word: Sequence[int]) -> int:
    """How long a title's half is; a place before a colon (文殊镇：…) does not count."""
    return len(re.split("[:：]", "".join(page_text[at] for at in word))[-1])


def is_couplet(lengths: Sequence[int]) -> bool:
    """Whether clauses of these lengths are the halves of a couplet."""
    return 2 <= len(lengths) <= 4 and min(lengths) >= 4 and max(lengths) - min(lengths) <= 1


def clean_text(page_text: str, offsets: Sequence[int]) -> str:
    """The text at some page offsets, in normal form, one character for each offset."""
    chars = (page_text[at] for at in offsets)
    return normalize("".join(" " if char.isspace() else char for char in chars))


def runs_of(offsets: Sequence[int], text_start: int) -> list[Run]:
    """Where clean text that begins at ``text_start`` came from, in as few runs as there can be."""
    runs: list[Run] = []
    start = 0
    for index in range(1, len(offsets) + 1):
        if index == len(offsets) or offsets[index] != offsets[index - 1] + 1:
            first, last = offsets[start], offsets[index - 1]
            runs.append(Run(text_start + start, text_start + index, first, last + 1))
            start = index
    return runs


def to_page(source: Sequence[Run], start: int, end: int) -> list[tuple[int, int]]:
    """The pieces of the page that ``text[start:end]`` came from, in the order of the text."""
    pieces: list[tuple[int, int]] = []
    for run in source:
        low, high = max(start, run.start), min(end, run.end)
        if low < high:
            shift = run.page_start - run.start
            if pieces and pieces[-1][1] == low + shift:
                pieces[-1] = (pieces[-1][0], high + shift)
            else:
                pieces.append((low + shift, high + shift))
    return pieces
