"""What a set of annotations holds, in figures: the grid, densities, variety. For the data card."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from banmian.annotations import in_normal_form
from banmian.features import INITIATIVE_ENDS
from banmian.types import GENRES, SPAN_LABELS, TOPICS, AnnotatedArticle

_LENGTHS = ((0, 180), (180, 500), (500, 1000), (1000, 1800), (1800, 1_000_000))
_PERIODS = ((2005, 2009), (2010, 2014), (2015, 2019), (2020, 2025))
_GRAM = 4
_OPENING = 4


def describe(authored: Sequence[AnnotatedArticle], pages: Sequence[AnnotatedArticle]) -> str:
    """The figures of a data card as Markdown: authored articles beside real pages."""
    styles = _styles(authored)
    authored, pages = list(map(in_normal_form, authored)), list(map(in_normal_form, pages))
    parts = [
        _table(("", "articles", "characters", "spans", *SPAN_LABELS), _totals(authored, pages)),
        "Spans per 1,000 characters, by genre (authored / real pages):",
        _table(("genre", "articles", *SPAN_LABELS, "all"), _densities(authored, pages)),
        "Topics (an article has one to three):",
        _table(("topic", "authored", "real pages"), _counts_beside(TOPICS, authored, pages)),
        _papers(authored),
        "Regions:",
        _inline(Counter(str(a.meta.get("region", "")) for a in authored)),
        "Desks:",
        _inline(Counter(str(a.meta.get("desk", "")) for a in authored)),
        "Periods:",
        _inline({f"{a}-{b}": _between(authored, a, b) for a, b in _PERIODS}),
        "House styles (articles that show them):",
        _inline(styles),
        "Lengths in characters:",
        _inline({_range(a, b): sum(a <= len(x.text) < b for x in authored) for a, b in _LENGTHS}),
        "Articles with none of a label:",
        _inline({label: sum(_count([a], label) == 0 for a in authored) for label in SPAN_LABELS}),
        "Variety:",
        _table(("", "authored", "real pages"), _variety(authored, pages)),
    ]
    return "\n\n".join(parts) + "\n"


def densities(articles: Sequence[AnnotatedArticle]) -> dict[str, float]:
    """Spans of each label per 1,000 characters."""
    characters = max(1, _characters(articles))
    return {label: 1000 * _count(articles, label) / characters for label in SPAN_LABELS}


_STYLES = {
    "quotes “”": re.compile("“"),
    'quotes ""': re.compile('"'),
    "quotes 「」": re.compile("「"),
    "quotes ‘’ outermost": re.compile("(?m)^[^“”]*‘[^“”]*$"),
    "half-width commas": re.compile("[\u4e00-\u9fff],[\u4e00-\u9fff]"),
    "full-width digits": re.compile("[０-９]"),
    "digits as 1,200": re.compile(r"\d,\d{3}(?!\d)"),
    "numbers in Chinese numerals": re.compile(
        "[一二三四五六七八九十][百千万][一二三四五六七八九零余多]"
    ),
    "本报讯": re.compile("本报.{0,6}讯"),
}


def _styles(articles: Sequence[AnnotatedArticle]) -> dict[str, int]:
    found = {name: sum(bool(p.search(a.text)) for a in articles) for name, p in _STYLES.items()}
    found["subheads"] = sum(any(b.role == "subhead" for b in a.blocks) for a in articles)
    found["kickers or subtitles"] = sum(
        any(b.role in ("kicker", "subtitle") for b in a.blocks) for a in articles
    )
    return found


def _papers(articles: Sequence[AnnotatedArticle]) -> str:
    papers = {(a.meta.get("batch"), a.meta.get("paper")) for a in articles}
    batches = {a.meta.get("batch") for a in articles}
    return f"{len(papers)} invented papers in {len(batches)} batches."


def _totals(*groups: Sequence[AnnotatedArticle]) -> Iterator[tuple[object, ...]]:
    for name, articles in zip(("authored", "real pages"), groups, strict=True):
        spans = [_count(articles, label) for label in SPAN_LABELS]
        yield name, len(articles), _characters(articles), sum(spans), *_shares(spans)


def _shares(counts: Sequence[int]) -> list[str]:
    return [f"{count} ({count / max(1, sum(counts)):.0%})" for count in counts]


def _densities(
    authored: Sequence[AnnotatedArticle], pages: Sequence[AnnotatedArticle]
) -> Iterator[tuple[object, ...]]:
    for genre in GENRES:
        mine = [a for a in authored if a.genre == genre]
        real = [a for a in pages if a.genre == genre]
        cells = [f"{_density(mine, label)} / {_density(real, label)}" for label in SPAN_LABELS]
        yield genre, f"{len(mine)} / {len(real)}", *cells, f"{_density(mine)} / {_density(real)}"


def _density(articles: Sequence[AnnotatedArticle], label: str | None = None) -> str:
    characters = _characters(articles)
    return f"{1000 * _count(articles, label) / characters:.1f}" if characters else "-"


def _counts_beside(
    topics: Iterable[str], authored: Sequence[AnnotatedArticle], pages: Sequence[AnnotatedArticle]
) -> Iterator[tuple[object, ...]]:
    for topic in topics:
        yield topic, sum(topic in a.topics for a in authored), sum(topic in a.topics for a in pages)


def _variety(*groups: Sequence[AnnotatedArticle]) -> Iterator[tuple[object, ...]]:
    """How little repeats itself: distinct four-grams, openings, names, heads of initiatives."""
    rows: list[list[object]] = [
        ["distinct four-grams among all"],
        ["openings (first four characters of paragraphs) that are distinct"],
        ["INITIATIVE mentions that are the name's first"],
        ["INITIATIVE names that end on the ten commonest heads"],
        ["INITIATIVE spans in quotes or with quotes inside"],
        ["quoted strings that are INITIATIVE"],
        ["quoted strings that are SLOGAN"],
    ]
    for articles in groups:
        openings = [
            a.text[b.start : b.start + _OPENING]
            for a in articles
            for b in a.blocks
            if b.role == "paragraph"
        ]
        names = [s.text for a in articles for s in a.spans if s.label == "INITIATIVE"]
        quoted = list(_quoted(articles))
        figures = (
            _distinct(gram for a in articles for gram in _grams(a.text)),
            _distinct(openings),
            _distinct(names),
            _commonest_heads(set(names)),
            _share(
                _in_quotes(a.text, s.start, s.text)
                for a in articles
                for s in a.spans
                if s.label == "INITIATIVE"
            ),
            _share(label == "INITIATIVE" for label in quoted),
            _share(label == "SLOGAN" for label in quoted),
        )
        for row, figure in zip(rows, figures, strict=True):
            row.append(f"{figure:.0%}")
    yield from map(tuple, rows)


def _quoted(articles: Iterable[AnnotatedArticle]) -> Iterator[str | None]:
    """For each quoted string of up to 30 characters, the label of the span it is or belongs to."""
    for article in articles:
        open_at = -1
        for at, char in enumerate(article.text):
            if char == "“":
                open_at = at
            elif char == "”" and open_at >= 0 and 1 < at - open_at <= 30:
                labels = [
                    s.label
                    for s in article.spans
                    if s.label in ("INITIATIVE", "SLOGAN")
                    and s.start <= open_at + 1
                    and at <= s.end
                ]
                yield labels[0] if labels else None
                open_at = -1


def _in_quotes(text: str, start: int, name: str) -> bool:
    return text[max(0, start - 1) : start] in ("“", "‘", "「") or any(c in name for c in "“‘「")


def _commonest_heads(names: set[str]) -> float:
    heads = Counter(
        next(
            (
                head
                for head in sorted(INITIATIVE_ENDS.split(), key=len, reverse=True)
                if name.endswith(head)
            ),
            name[-2:],
        )
        for name in names
    )
    return sum(count for _, count in heads.most_common(10)) / max(1, len(names))


def _grams(text: str) -> Iterator[str]:
    return (text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1))


def _distinct(items: Iterable[str]) -> float:
    counts = Counter(items)
    return len(counts) / max(1, counts.total())


def _share(flags: Iterable[bool]) -> float:
    listed = list(flags)
    return sum(listed) / max(1, len(listed))


def _characters(articles: Iterable[AnnotatedArticle]) -> int:
    return sum(len(article.text) for article in articles)


def _count(articles: Iterable[AnnotatedArticle], label: str | None = None) -> int:
    return sum(label in (None, span.label) for article in articles for span in article.spans)


def _between(articles: Iterable[AnnotatedArticle], first: int, last: int) -> int:
    return sum(first <= int(article.meta.get("period", 0)) <= last for article in articles)


def _range(low: int, high: int) -> str:
    return f"{low}-{high}" if high < 10_000 else f"{low} and more"


def _inline(counts: Counter[str] | dict[str, int]) -> str:
    ordered = counts.most_common() if isinstance(counts, Counter) else counts.items()
    return ", ".join(f"{name} {count}" for name, count in ordered)


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)
