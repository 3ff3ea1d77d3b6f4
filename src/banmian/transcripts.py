"""A page retyped by an annotator, traced back to the page.

An annotator writes the articles of a wrecked page whole, in reading order, as marked text.
Tracing finds for every character that was typed the place on the page it was read from, which
turns the transcript into gold for layout and for spans at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banmian.characters import normalize
from banmian.cleaning import split_lines
from banmian.markup import MarkedText
from banmian.rows import page_row
from banmian.types import AnnotatedArticle, Duplicate, Page, Run

_CANONICAL = str.maketrans("“”‘’＂＇，；：！？（）", "\"\"''\"',;:!?()")


@dataclass(frozen=True)
class TracedPage:
    """A transcript with its places on the page.

    Each article's ``meta["source"]`` holds its runs. ``problems`` lists what does not fit: typed
    characters that the page lacks, and page characters that nobody typed.
    """

    articles: tuple[AnnotatedArticle, ...]
    furniture: tuple[tuple[int, int], ...]
    duplicates: tuple[Duplicate, ...]
    problems: tuple[str, ...]


def trace(page_text: str, transcript: MarkedText) -> TracedPage:
    """Find every typed character's place on the page, by greedy string tiling.

    The longest stretch that stands both on the page and in the transcript is paired first, then
    the next, until nothing is left (Wise 1993, "String similarity via greedy string tiling").
    Blanks and the marks of Markdown need not be typed.
    """
    marks = markdown_marks(page_text)
    on_page = [at for at, char in enumerate(page_text) if not char.isspace() and at not in marks]
    sections = [article.text for article in transcript.articles]
    sections += [*transcript.furniture, *transcript.duplicates]
    typed = [
        (section, at)
        for section, text in enumerate(sections)
        for at, char in enumerate(text)
        if not char.isspace()
    ]
    place: dict[tuple[int, int], int] = {}
    tiles = _tiles(
        _keys(sections[section][at] for section, at in typed),
        _keys(page_text[at] for at in on_page),
        _block_numbers(sections, typed),
    )
    for typed_start, page_start, length in tiles:
        for k in range(length):
            place[typed[typed_start + k]] = on_page[page_start + k]

    first_furniture = len(transcript.articles)
    first_duplicate = first_furniture + len(transcript.furniture)
    placed = {at: key for key, at in place.items()}
    furniture = [
        at for at, (section, _) in placed.items() if first_furniture <= section < first_duplicate
    ]
    copies = [at for at, (section, _) in placed.items() if section >= first_duplicate]
    articles, problems = [], _unpaired(page_text, sections, typed, on_page, place)
    for section, article in enumerate(transcript.articles):
        try:
            articles.append(_trace_article(article, section, page_text, place))
        except KeyError as error:
            problems.append(f"article {section + 1}: {error.args[0]}")
    kept = set(place.values()) - set(copies)
    return TracedPage(
        tuple(articles),
        tuple(sorted([*stretches(furniture, page_text), *stretches(marks, page_text)])),
        tuple(_duplicates(stretches(copies, page_text), page_text, kept)),
        tuple(problems),
    )


def markdown_marks(page_text: str) -> set[int]:
    """Where the marks of Markdown stand that begin a line."""
    return {line.mark_at + at for line in split_lines(page_text) for at in range(len(line.mark))}


def stretches(places: Iterable[int], page_text: str) -> list[tuple[int, int]]:
    """Join single places into half-open stretches; blanks between two places do not part them."""
    joined: list[tuple[int, int]] = []
    for at in sorted(places):
        if joined and (at == joined[-1][1] or page_text[joined[-1][1] : at].isspace()):
            joined[-1] = (joined[-1][0], at + 1)
        else:
            joined.append((at, at + 1))
    return joined


def _keys(chars: Iterable[str]) -> NDArray[np.int64]:
    """Characters as numbers, alike where they differ in width or in the shape of quotes only."""
    return np.array([ord(normalize(c).translate(_CANONICAL)) for c in chars], dtype=np.int64)


def _block_numbers(sections: list[str], typed: list[tuple[int, int]]) -> NDArray[np.int64]:
    numbers, number, before = [], 0, (0, -1)
    for section, at in typed:
        if section != before[0] or "\n" in sections[section][before[1] + 1 : at]:
            number += 1
        numbers.append(number)
        before = (section, at)
    return np.array(numbers, dtype=np.int64)


def _tiles(
    typed: NDArray[np.int64], page: NDArray[np.int64], block: NDArray[np.int64]
) -> Iterator[tuple[int, int, int]]:
    """Yield (start in typed, start on page, length), longest first; no tile crosses a block."""
    typed, page = typed.copy(), page.copy()
    while True:
        length, typed_end, page_end = _longest_common(typed, page, block)
        if length == 0:
            return
        yield typed_end - length, page_end - length, length
        typed[typed_end - length : typed_end] = -1
        page[page_end - length : page_end] = -2


def _longest_common(
    typed: NDArray[np.int64], page: NDArray[np.int64], block: NDArray[np.int64]
) -> tuple[int, int, int]:
    best = (0, 0, 0)
    row = np.zeros(len(page) + 1, dtype=np.int32)
    for at, key in enumerate(typed):
        if at and block[at] != block[at - 1]:
            row[:] = 0
        row[1:] = np.where(page == key, row[:-1] + 1, 0)
        end = int(row.argmax())
        if row[end] > best[0]:
            best = (int(row[end]), at + 1, end)
    return best


def _unpaired(
    page_text: str,
    sections: list[str],
    typed: list[tuple[int, int]],
    on_page: list[int],
    place: dict[tuple[int, int], int],
) -> list[str]:
    problems = []
    for section, at in typed:
        if (section, at) not in place:
            context = sections[section][max(0, at - 8) : at + 8]
            problems.append(f"typed but not on the page: {sections[section][at]!r} in {context!r}")
    covered = set(place.values())
    for start, end in stretches((at for at in on_page if at not in covered), page_text):
        problems.append(f"on the page but not typed, at {start}: {page_text[start:end][:40]!r}")
    return problems


def _trace_article(
    article: AnnotatedArticle, section: int, page_text: str, place: dict[tuple[int, int], int]
) -> AnnotatedArticle:
    """Give an article the page's own characters in normal form, and its source runs."""
    chars: list[str] = []
    runs: list[Run] = []
    for at, char in enumerate(article.text):
        if char == "\n":
            chars.append(char)
            continue
        source = place.get((section, at))
        if char.isspace():
            source = place.get((section, at - 1), -2) + 1
            if not page_text[source : source + 1].isspace():
                raise KeyError(
                    f"a blank was typed where the page has none: {article.text[at - 8 : at + 8]!r}"
                )
        if source is None:
            raise KeyError(f"not on the page: {article.text[max(0, at - 8) : at + 8]!r}")
        chars.append(" " if char.isspace() else page_text[source])
        if runs and runs[-1].end == at and runs[-1].page_end == source:
            runs[-1] = Run(runs[-1].start, at + 1, runs[-1].page_start, source + 1)
        else:
            runs.append(Run(at, at + 1, source, source + 1))
    text = normalize("".join(chars))
    spans = tuple(replace(span, text=text[span.start : span.end]) for span in article.spans)
    meta = {**article.meta, "source": [list(run) for run in runs]}
    return replace(article, text=text, spans=spans, meta=meta)


def _duplicates(
    copies: list[tuple[int, int]], page_text: str, kept: set[int]
) -> Iterator[Duplicate]:
    """Say for each copy where the passage stands that was kept."""
    keys = {at: normalize(page_text[at]).translate(_CANONICAL) for at in sorted(kept)}
    order = list(keys)
    text = "".join(keys.values())
    for start, end in copies:
        copy = "".join(page_text[start:end].split())
        found = text.find("".join(normalize(c).translate(_CANONICAL) for c in copy))
        yield Duplicate(start, end, order[found] if found >= 0 else -1)


def page_gold(
    page: Page, transcript: MarkedText
) -> tuple[list[AnnotatedArticle], dict[str, Any], tuple[str, ...]]:
    """A page's gold: its articles as annotations, its page row, and the problems of tracing."""
    traced = trace(page.text, transcript)
    articles = [
        replace(
            article,
            meta={
                "key": f"{page.name}#{number}",
                "page": page.name,
                "page_sha256": page.sha256,
                "article": number,
                "source": article.meta["source"],
            },
        )
        for number, article in enumerate(traced.articles, 1)
    ]
    row = page_row(page, len(articles), traced.furniture, traced.duplicates)
    return articles, row, traced.problems
