"""How far two annotators agree: spans by place on the page, roles, genre, topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from banmian.annotations import source_runs
from banmian.cleaning import to_page
from banmian.scoring import Mention, as_rows, score_spans, score_topics
from banmian.types import AnnotatedArticle


@dataclass(frozen=True)
class Agreement:
    """Figures of agreement as JSON values, and the spans that only one side has."""

    figures: dict[str, Any]
    only_first: tuple[Mention, ...]
    only_second: tuple[Mention, ...]


def compare(first: Sequence[AnnotatedArticle], second: Sequence[AnnotatedArticle]) -> Agreement:
    """Compare two passes over the same texts.

    Articles of real pages are compared by characters of the page, so that the passes may cut the
    page differently; authored ones by ``meta.key``, on the same text. Raises ValueError where the
    passes hold different texts under one key.
    """
    keys = {article.meta.get("key"): article for article in first if not article.meta.get("page")}
    for article in second:
        other = keys.get(article.meta.get("key"))
        if other is not None and other.text != article.text:
            raise ValueError(f"{article.meta.get('key')}: the two passes hold different texts")
    one, two = _mentions(first), _mentions(second)
    one_by_key = {(m.where, m.places, m.label) for m in one}
    two_by_key = {(m.where, m.places, m.label) for m in two}
    pairs = _pair_articles(first, second)
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
        where = str(article.meta.get("page") or article.meta.get("key"))
        for span in article.spans:
            pieces = to_page(runs, span.start, span.end) if runs else [(span.start, span.end)]
            places = tuple(at for start, end in pieces for at in range(start, end))
            mentions.append(Mention(where, places, span.label, span.text))
    return mentions


def _places(article: AnnotatedArticle) -> dict[tuple[str, int], str]:
    """The role of each character, by its place."""
    runs = source_runs(article)
    where = str(article.meta.get("page") or article.meta.get("key"))
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


def _pair_articles(
    first: Sequence[AnnotatedArticle], second: Sequence[AnnotatedArticle]
) -> list[tuple[AnnotatedArticle, AnnotatedArticle]]:
    """Pair each article with the one that shares most characters with it."""
    owner = {place: article for article in second for place in _places(article)}
    pairs = []
    for article in first:
        shared: dict[int, int] = {}
        found: dict[int, AnnotatedArticle] = {}
        for place in _places(article):
            other = owner.get(place)
            if other is not None:
                shared[id(other)] = shared.get(id(other), 0) + 1
                found[id(other)] = other
        if shared:
            pairs.append((article, found[max(shared, key=lambda key: shared[key])]))
    return pairs
