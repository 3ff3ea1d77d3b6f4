"""How far annotators agree: spans by place on the page, roles, genre, topics.

F1 of one against another, and what is left of agreement when chance is taken out: Cohen's kappa
(1960) and Krippendorff's alpha (2011), as Artstein and Poesio (2008) compare them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from banmian.annotations import key_of, source_runs
from banmian.cleaning import to_page
from banmian.scoring import Mention, as_rows, score_spans, score_topics
from banmian.types import SPAN_LABELS, AnnotatedArticle

Place = tuple[str, int]
Distance = Callable[[Any, Any], float]


@dataclass(frozen=True)
class Agreement:
    """Figures of agreement as JSON values, and the spans that only one side has."""

    figures: dict[str, Any]
    only_first: tuple[Mention, ...]
    only_second: tuple[Mention, ...]


def compare(first: Sequence[AnnotatedArticle], second: Sequence[AnnotatedArticle]) -> Agreement:
    """Compare two passes over the same texts.

    Articles of real pages are compared by characters of the page, so that the passes may cut the
    page differently; authored ones by ``meta.key``, on the same text. Articles that only one pass
    has do not count. Raises ValueError where the passes hold different texts under one key, or no
    article in common.
    """
    texts = {_where(article): article.text for article in first if not source_runs(article)}
    for article in second:
        if not source_runs(article) and texts.get(_where(article), article.text) != article.text:
            raise ValueError(f"{_where(article)}: the two passes hold different texts")
    first, second = _in_common(first, second), _in_common(second, first)
    if not first:
        raise ValueError("the two passes have no article in common")
    one, two = _mentions(first), _mentions(second)
    one_by_key = {(m.where, m.places, m.label) for m in one}
    two_by_key = {(m.where, m.places, m.label) for m in two}
    pairs = [(a, b) for a, b in same_articles([first, second]) if a and b]
    figures: dict[str, Any] = as_rows(score_spans(one, two))
    figures["genre"] = {
        "agreement": round(sum(a.genre == b.genre for a, b in pairs) / max(1, len(pairs)), 4),
        "articles": len(pairs),
    }
    figures["topics"] = score_topics(
        [set(a.topics) for a, _ in pairs], [set(b.topics) for _, b in pairs]
    ).as_row()
    figures["roles"] = _role_agreement(first, second)
    return Agreement(
        figures,
        tuple(m for m in one if (m.where, m.places, m.label) not in two_by_key),
        tuple(m for m in two if (m.where, m.places, m.label) not in one_by_key),
    )


def _mentions(articles: Sequence[AnnotatedArticle]) -> list[Mention]:
    mentions = []
    for article in articles:
        runs = source_runs(article)
        where = _where(article)
        for span in article.spans:
            pieces = to_page(runs, span.start, span.end) if runs else [(span.start, span.end)]
            places = tuple(at for start, end in pieces for at in range(start, end))
            mentions.append(Mention(where, places, span.label, span.text))
    return mentions


def _where(article: AnnotatedArticle) -> str:
    """What an article's places are counted on: its page, or its own text."""
    return str(article.meta.get("page")) if source_runs(article) else key_of(article)


def _in_common(
    articles: Sequence[AnnotatedArticle], others: Sequence[AnnotatedArticle]
) -> list[AnnotatedArticle]:
    """The articles of which the other pass has at least a character."""
    there = {place for article in others for place in _places(article)}
    return [article for article in articles if not there.isdisjoint(_places(article))]


def _places(article: AnnotatedArticle) -> dict[Place, str]:
    """The role of each character, by its place."""
    runs = source_runs(article)
    where = _where(article)
    roles = {}
    for block in article.blocks:
        pieces = to_page(runs, block.start, block.end) if runs else [(block.start, block.end)]
        for start, end in pieces:
            roles.update({(where, at): block.role for at in range(start, end)})
    return roles


def _role_agreement(
    first: Sequence[AnnotatedArticle], second: Sequence[AnnotatedArticle]
) -> dict[str, Any]:
    """Share of characters to which both gave the same role."""
    one = {place: role for article in first for place, role in _places(article).items()}
    two = {place: role for article in second for place, role in _places(article).items()}
    everywhere = one.keys() | two.keys()
    same = sum(one.get(place) == two.get(place) for place in everywhere)
    return {"agreement": round(same / max(1, len(everywhere)), 4), "characters": len(everywhere)}


def same_articles(
    passes: Sequence[Sequence[AnnotatedArticle]],
) -> list[tuple[AnnotatedArticle | None, ...]]:
    """One row for each article, one column for each pass, None where a pass does not have it.

    An article joins the row that it shares most characters with and that its pass is not in yet.
    """
    rows: list[list[AnnotatedArticle | None]] = []
    owner: dict[Place, int] = {}
    for column, articles in enumerate(passes):
        for article in articles:
            places = _places(article)
            shared = Counter(owner[place] for place in places if place in owner)
            fitting = (row for row, _ in shared.most_common() if rows[row][column] is None)
            row = next(fitting, None)
            if row is None:
                row = len(rows)
                rows.append([None] * len(passes))
            rows[row][column] = article
            for place in places:
                owner.setdefault(place, row)
    return [tuple(row) for row in rows]


@dataclass(frozen=True)
class Reliability:
    """Agreement beyond chance: 1 is perfect, 0 what chance gives, None where nothing varies.

    ``spans`` is Krippendorff's alpha by label (and ``all``) over characters; ``genre`` is Cohen's
    kappa of two annotators, alpha of more; ``topics`` is alpha with the MASI distance.
    """

    spans: dict[str, float | None]
    genre: float | None
    topics: float | None
    articles: int


def measure_reliability(passes: Sequence[Sequence[AnnotatedArticle]]) -> Reliability:
    """Chance-corrected agreement of two or more passes, over what at least two of them hold.

    For spans each character is a unit: for a label, whether it stands in a span of that label; for
    ``all``, which label it has, if any. Two spans of a label that touch look like one.
    """
    rows = [row for row in same_articles(passes) if sum(a is not None for a in row) > 1]
    labels = [_label_of_places([row[at] for row in rows]) for at in range(len(passes))]
    everywhere = set[Place]().union(*labels)
    patterns: Counter[tuple[Hashable, ...]] = Counter(
        tuple(by_place[place] for by_place in labels if place in by_place) for place in everywhere
    )
    spans = {"all": alpha(patterns)}
    for label in SPAN_LABELS:
        binary: Counter[tuple[Hashable, ...]] = Counter()
        for pattern, times in patterns.items():
            binary[tuple(value == label for value in pattern)] += times
        spans[label] = alpha(binary)
    genres = [tuple(a.genre for a in row if a is not None and a.genre) for row in rows]
    topics = [tuple(frozenset(a.topics) for a in row if a is not None) for row in rows]
    return Reliability(
        spans,
        kappa([(a, b) for a, b, *_ in (g for g in genres if len(g) > 1)])
        if len(passes) == 2
        else alpha(Counter(genres)),
        alpha(Counter(topics), masi_distance),
        len(rows),
    )


def _label_of_places(articles: Iterable[AnnotatedArticle | None]) -> dict[Place, str]:
    """The label of every character of one annotator's articles, empty outside spans."""
    labels: dict[Place, str] = {}
    for article in articles:
        if article is not None:
            labels.update(dict.fromkeys(_places(article), ""))
            for found in _mentions([article]):
                labels.update({(found.where, at): found.label for at in found.places})
    return labels


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa (1960) of two annotators' values; None where chance would explain them all."""
    if not pairs:
        return None
    seen = sum(a == b for a, b in pairs) / len(pairs)
    one, two = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(one[value] * two[value] for value in one) / len(pairs) ** 2
    return (seen - chance) / (1 - chance) if chance < 1 else None


def _nominal(a: Hashable, b: Hashable) -> float:
    return float(a != b)


def alpha(units: Mapping[tuple[Hashable, ...], int], distance: Distance = _nominal) -> float | None:
    """Krippendorff's alpha (2011) for any number of annotators, with gaps.

    ``units`` maps the values that a unit was given, by those who looked at it, to how many units
    were given just these. None where the values do not vary at all.
    """
    observed, values = 0.0, Counter[Hashable]()
    for unit, times in units.items():
        if len(unit) > 1:
            unlike = sum(distance(a, b) for a, b in permutations(unit, 2))
            observed += times * unlike / (len(unit) - 1)
            for value in unit:
                values[value] += times
    total = values.total()
    expected = sum(values[a] * values[b] * distance(a, b) for a, b in permutations(values, 2))
    return 1 - (total - 1) * observed / expected if expected else None


def masi_distance(a: frozenset[str], b: frozenset[str]) -> float:
    """One minus MASI (Passonneau 2006): Jaccard's share, less where neither set holds the other."""
    if a == b:
        return 0.0
    common = a & b
    if not common:
        return 1.0
    monotonic = 2 / 3 if common in (a, b) else 1 / 3
    return 1 - len(common) / len(a | b) * monotonic
