"""How like real pages the simulated ones are: the same figures counted on both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any

from banmian.annotations import source_runs
from banmian.cleaning import Line, split_lines
from banmian.files import FileError
from banmian.pages import read_page
from banmian.roles import TITLES
from banmian.types import HEAD_ROLES, AnnotatedArticle, Article, CleanPage, Duplicate, Failure

_WRAPPED = 30  # where half the lines are shorter, a line end alone is no end of a fragment
_Place = tuple[int, int, int]  # article, block, offset in the article's text


def gold_pages(
    folder: Path, gold: Iterable[AnnotatedArticle], layout_rows: Iterable[Mapping[str, Any]]
) -> list[CleanPage]:
    """The annotated pages as the cleaning would give them. Raises FileError for a missing page.

    ``layout_rows`` are page rows (name, furniture, duplicates), ``gold`` the articles of them all.
    """
    articles: dict[str, list[AnnotatedArticle]] = {}
    for article in gold:
        articles.setdefault(str(article.meta.get("page")), []).append(article)
    pages = []
    for row in layout_rows:
        page = read_page(row["page"], str(folder / row["page"]))
        if isinstance(page, Failure):
            raise FileError(f"{folder / row['page']}: {page.error}")
        own = sorted(articles.get(page.name, ()), key=lambda article: int(article.meta["article"]))
        pages.append(
            CleanPage(
                page,
                tuple(Article(a.text, a.blocks, tuple(source_runs(a))) for a in own),
                tuple((start, end) for start, end in row["furniture"]),
                tuple(Duplicate(*duplicate) for duplicate in row["duplicates"]),
            )
        )
    return pages


def describe(pages: Sequence[CleanPage]) -> dict[str, float]:
    """The figures by which pages are compared, each the mean of the pages that have it."""
    rows = [_Counted(page).figures() for page in pages]
    figures = {}
    for name in rows[0] if rows else ():
        known = [value for row in rows if (value := row[name]) is not None]
        figures[name] = fmean(known) if known else 0.0
    return figures


def fit_table(real: Sequence[CleanPage], simulated: Sequence[CleanPage]) -> str:
    """A Markdown table: each figure on each real page, and on simulated ones mean and range."""
    left = [_Counted(page).figures() for page in real]
    right = [_Counted(page).figures() for page in simulated]
    lines = ["| figure | real pages | simulated: mean (5-95 %) |", "| --- | --- | --- |"]
    for name in left[0]:
        values = sorted(value for row in right if (value := row[name]) is not None)
        cuts = quantiles(values, n=20) if len(values) > 1 else [0.0] * 19
        shown = ", ".join(_shown(row[name]) for row in left)
        lines.append(
            f"| {name} | {shown} | {_shown(fmean(values))} ({_shown(cuts[0])}-{_shown(cuts[-1])}) |"
        )
    return "\n".join(lines) + "\n"


def outside(real: Sequence[CleanPage], simulated: Sequence[CleanPage]) -> list[str]:
    """The figures of real pages that lie outside of what 90 % of simulated pages show."""
    right = [_Counted(page).figures() for page in simulated]
    found = []
    for page in real:
        for name, value in _Counted(page).figures().items():
            values = [other for row in right if (other := row[name]) is not None]
            cuts = quantiles(values, n=20)
            if value is not None and not cuts[0] <= value <= cuts[-1]:
                found.append(f"{page.page.name}: {name} {_shown(value)}")
    return found


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 5 else f"{value:.2f}"


class _Counted:
    """What stands on a page, by character."""

    def __init__(self, cleaned: CleanPage) -> None:
        self.cleaned = cleaned
        self.text = cleaned.page.text
        self.lines = [line for line in split_lines(self.text) if line.text]
        self.is_wrapped = (
            bool(self.lines) and median(len(line.text) for line in self.lines) < _WRAPPED
        )
        self.places = self._places()
        kept = (at for at, place in enumerate(self.places) if place and not self.text[at].isspace())
        self.order = list(kept)
        self.rank = {at: number for number, at in enumerate(self.order)}

    def _places(self) -> list[_Place | None]:
        places: list[_Place | None] = [None] * len(self.text)
        for number, article in enumerate(self.cleaned.articles):
            block = 0
            for run in article.source:
                for shift in range(run.end - run.start):
                    at = run.start + shift
                    while at >= article.blocks[block].end:
                        block += 1
                    places[run.page_start + shift] = (number, block, at)
        return places

    def figures(self) -> dict[str, float | None]:
        """The figures of this page; None where it has nothing to count."""
        articles, text = self.cleaned.articles, self.text
        roles = [block.role for article in articles for block in article.blocks]
        heads = [a for a in articles if all(b.role in (*TITLES, "byline") for b in a.blocks)]
        cut, jumps, paragraphs = self._cuts()
        marks, titles = self._title_lines()
        blanks, characters = self._inner_blanks()
        return {
            "articles": len(articles),
            "characters": len(text),
            "lines": len(self.lines),
            "median line": median(len(line.text) for line in self.lines) if self.lines else None,
            "median line of a paragraph": self._paragraph_line(),
            "empty lines before a line": _mean([min(line.gap, 4) for line in self.lines[1:]]),
            "wide gaps, share of lines": _mean([line.gap >= 2 for line in self.lines[1:]]),
            "characters of an article, median": median(len(a.text) for a in articles)
            if articles
            else None,
            "longest article, share of page": max((len(a.text) for a in articles), default=0)
            / max(1, len(text)),
            "titles and bylines alone": len(heads),
            "without a title": sum(a.blocks[0].role not in HEAD_ROLES for a in articles),
            "subheads": roles.count("subhead"),
            "captions": roles.count("caption"),
            "paragraphs cut, share": cut / paragraphs if paragraphs else None,
            "cuts with something between, share": jumps / cut if cut else None,
            "titles apart from their article, share": self._apart(HEAD_ROLES),
            "bylines apart, share": self._apart({"byline"}),
            "captions apart, share": self._apart({"caption"}),
            "interrupted by another article, per article": self._returns() / max(1, len(articles)),
            "text before any title of its article, share": self._headless(),
            "reading order broken, per article": self._jumps() / max(1, len(articles)),
            "duplicates": len(self.cleaned.duplicates),
            "duplicated characters": sum(d.end - d.start for d in self.cleaned.duplicates),
            "furniture lines": self._furniture_lines(),
            "titles with a Markdown mark, share": marks / titles if titles else None,
            "blanks in paragraphs, share": blanks / characters if characters else None,
            "straight quotes, share": _share(text, "\"'", "“”‘’"),
            "ASCII commas, share": _share(text, ",", "，"),
            "ASCII brackets, share": _share(text, "()", "（）"),
        }

    def _cuts(self) -> tuple[int, int, int]:
        """Cuts within paragraphs, those with something between, paragraphs that are cut or not.

        The first is counted by paragraph for the share, so at most once for each.
        """
        cut = jumps = paragraphs = 0
        for number, article in enumerate(self.cleaned.articles):
            offsets = self._offsets(number, article)
            for block in article.blocks:
                if block.role != "paragraph":
                    continue
                paragraphs += 1
                pairs = zip(
                    offsets[block.start : block.end - 1],
                    offsets[block.start + 1 : block.end],
                    strict=True,
                )
                breaks = [self._breaks(here, there) for here, there in pairs]
                cut += any(breaks)
                jumps += 2 in breaks
        return cut, jumps, paragraphs

    def _offsets(self, number: int, article: Article) -> list[int]:
        offsets = [-1] * len(article.text)
        for run in article.source:
            offsets[run.start : run.end] = range(run.page_start, run.page_end)
        return offsets

    def _breaks(self, here: int, there: int) -> int:
        """0 where a text runs on, 1 where a line ends it, 2 where it goes on elsewhere."""
        if there == here + 1 or -1 in (here, there):
            return 0
        between = self.text[here + 1 : there]
        if there < here or between.strip():
            return 2
        ends = len(re.findall(r"\r\n|\r|\n", self.text[here : there + 1]))
        return int(ends >= (2 if self.is_wrapped else 1))

    def _apart(self, roles: Iterable[str]) -> float | None:
        """The share of blocks of some roles that stand beside no neighbour of theirs."""
        apart = []
        for number, article in enumerate(self.cleaned.articles):
            offsets = self._offsets(number, article)
            if len(article.blocks) == 1:
                continue
            for at, block in enumerate(article.blocks):
                if block.role in roles:
                    apart.append(not self._stands_beside(article, offsets, at))
        return _mean(apart)

    def _stands_beside(self, article: Article, offsets: Sequence[int], at: int) -> bool:
        block = article.blocks[at]
        first, last = self._next(offsets[block.start], -1), self._next(offsets[block.end - 1], 1)
        number = self.places[offsets[block.start]]
        own = number[0] if number else -1
        if block.role == "caption":
            return any(place and place[0] == own for place in (first, last))
        if at + 1 < len(article.blocks):
            return last is not None and last[:2] == (own, at + 1)
        return first is not None and first[:2] == (own, at - 1)

    def _next(self, at: int, step: int) -> _Place | None:
        rank = self.rank[at] + step
        return self.places[self.order[rank]] if 0 <= rank < len(self.order) else None

    def _jumps(self) -> int:
        """How often what follows on the page is neither what follows in the text nor its end."""
        jumps = 0
        ends = [len(article.text) for article in self.cleaned.articles]
        previous: _Place | None = None
        for at in self.order:
            place = self.places[at]
            if previous and place and place[0] == previous[0]:
                jumps += not 0 < place[2] - previous[2] <= 2
            elif previous and place:
                jumps += previous[2] + 1 < ends[previous[0]]
            previous = place
        return jumps

    def _first_places(self) -> Iterator[tuple[bool, _Place]]:
        """Where a stretch of one article begins on the page, and whether it is its first."""
        seen, previous = set[int](), -1
        for at in self.order:
            place = self.places[at]
            if place and place[0] != previous:
                yield place[0] not in seen, place
                seen.add(place[0])
                previous = place[0]

    def _returns(self) -> int:
        """How often an article goes on behind something of another."""
        return sum(not is_first for is_first, _ in self._first_places())

    def _headless(self) -> float | None:
        """The share of articles of which the page shows a paragraph before all else."""
        articles = self.cleaned.articles
        firsts = [place for is_first, place in self._first_places() if is_first]
        return _mean([articles[n].blocks[block].role == "paragraph" for n, block, _ in firsts])

    def _furniture_lines(self) -> int:
        marks = {line.mark_at for line in self.lines if line.mark}
        return sum(
            len(self.text[start:end].split("\n")) - self.text[start:end].count("\n\n")
            for start, end in self.cleaned.furniture
            if start not in marks
        )

    def _title_lines(self) -> tuple[int, int]:
        roles = [self._role(line) for line in self.lines]
        titles = [line for line, role in zip(self.lines, roles, strict=True) if role in TITLES]
        return sum(line.mark.startswith("#") for line in titles), len(titles)

    def _role(self, line: Line) -> str:
        place = self.places[line.start]
        return self.cleaned.articles[place[0]].blocks[place[1]].role if place else ""

    def _paragraph_line(self) -> float | None:
        lengths = [len(line.text) for line in self.lines if self._role(line) == "paragraph"]
        return median(lengths) if lengths else None

    def _inner_blanks(self) -> tuple[int, int]:
        lines = [line for line in self.lines if self._role(line) == "paragraph"]
        blanks = sum(char.isspace() for line in lines for char in line.text)
        return blanks, sum(len(line.text) for line in lines)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _share(text: str, wanted: str, others: str) -> float | None:
    count = sum(map(text.count, wanted))
    whole = count + sum(map(text.count, others))
    return count / whole if whole else None
