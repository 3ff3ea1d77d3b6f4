"""Measure extraction against gold: raw page in, rows out, held against the page's own characters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from banmian.annotations import key_of, origin, source_runs
from banmian.characters import normalize
from banmian.files import FileError, sha256
from banmian.pages import read_page
from banmian.scoring import Mention, mention
from banmian.tagging import Tags, outside_bylines, tag_texts
from banmian.types import AnnotatedArticle, CleanPage, Failure, Page, Run

if TYPE_CHECKING:
    from spacy.language import Language

Tagger = Callable[[Sequence[str]], list[Tags]]


@dataclass(frozen=True)
class ArticleResult:
    """What is wanted and what was found of one annotated article of a page or batch, its ``origin``.

    ``places`` says for each character of ``text`` where it stands on the page ``where``; -1 for a
    line end that the page does not have. ``tags`` are those of the article that was found for it;
    None, with nothing wanted, for the rest of a page, which is in no annotated article.
    """

    key: str
    origin: str
    where: str
    text: str
    places: tuple[int, ...]
    gold: tuple[Mention, ...]
    predicted: tuple[Mention, ...]
    genre: str | None
    topics: frozenset[str]
    tags: Tags | None


def model_tagger(nlp: Language) -> Tagger:
    """Tag with a model."""
    return lambda texts: tag_texts(nlp, texts)


def gold_by_page(articles: Iterable[AnnotatedArticle]) -> dict[str, list[AnnotatedArticle]]:
    """Annotated articles of real pages, by page."""
    by_page: dict[str, list[AnnotatedArticle]] = {}
    for article in articles:
        if article.meta.get("page"):
            by_page.setdefault(str(article.meta["page"]), []).append(article)
    return by_page


def read_gold_page(folder: Path, name: str, gold: Sequence[AnnotatedArticle]) -> Page:
    """The page that gold was made on. Raises FileError where it is missing or has changed."""
    page = read_page(name, str(folder / name))
    if isinstance(page, Failure):
        raise FileError(f"{folder / name}: {page.error}")
    if any(article.meta.get("page_sha256") != page.sha256 for article in gold):
        raise FileError(f"{folder / name}: is not the page that was annotated (its hash differs)")
    return page


def page_of_its_own(article: AnnotatedArticle) -> Page:
    """An authored article as a page that has nothing else on it, laid out as it was written."""
    return Page(key_of(article), article.text, sha256(article.text.encode("utf-8")), "utf-8")


def evaluate_page(
    cleaned: CleanPage, gold: Sequence[AnnotatedArticle], tagger: Tagger
) -> list[ArticleResult]:
    """Tag a page as it was cleaned, and hold it against its gold: cleaning errors count."""
    page = cleaned.page
    tags = tagger([article.text for article in cleaned.articles])
    predicted = [
        mention(page, article.source, span)
        for article, found in zip(cleaned.articles, tags, strict=True)
        for span in outside_bylines(found, article.blocks).spans
    ]
    nearest = [_nearest(cleaned, article) for article in gold]
    return _results(page, gold, predicted, [tags[at] if tags else None for at in nearest])


def evaluate_gold_articles(
    page: Page, gold: Sequence[AnnotatedArticle], tagger: Tagger
) -> list[ArticleResult]:
    """The same with perfect articles in, so that it shows what is lost to layout."""
    tags = tagger([normalize(article.text) for article in gold])
    predicted = [
        mention(page, _source(page, article), span)
        for article, found in zip(gold, tags, strict=True)
        for span in outside_bylines(found, article.blocks).spans
    ]
    return _results(page, gold, predicted, tags)


def _source(page: Page, article: AnnotatedArticle) -> tuple[Run, ...]:
    """Where an article stands on its page; an authored one is all of it."""
    return source_runs(article) or (Run(0, len(page.text), 0, len(page.text)),)


def _results(
    page: Page,
    gold: Sequence[AnnotatedArticle],
    predicted: Sequence[Mention],
    tags: Sequence[Tags | None],
) -> list[ArticleResult]:
    """One result for each article, and one for predictions that are in none, if there are any."""
    places = [_places(page, article) for article in gold]
    owner = {at: number for number, own in enumerate(places) for at in own if at >= 0}
    shares: dict[int, list[Mention]] = defaultdict(list)
    for m in predicted:
        votes = Counter(owner[at] for at in m.places if at in owner)
        shares[votes.most_common(1)[0][0] if votes else -1].append(m)
    results = [
        ArticleResult(
            key_of(article),
            origin(article),
            page.name,
            normalize(article.text),
            places[number],
            tuple(mention(page, _source(page, article), span) for span in article.spans),
            tuple(shares[number]),
            article.genre,
            frozenset(article.topics),
            tags[number],
        )
        for number, article in enumerate(gold)
    ]
    if shares[-1]:
        results.append(_rest(page, origin(gold[0]), shares[-1]))
    return results


def _rest(page: Page, origin: str, predicted: Sequence[Mention]) -> ArticleResult:
    return ArticleResult(
        key=f"{page.name}#outside",
        origin=origin,
        where=page.name,
        text=page.text,
        places=tuple(range(len(page.text))),
        gold=(),
        predicted=tuple(predicted),
        genre=None,
        topics=frozenset(),
        tags=None,
    )


def _places(page: Page, article: AnnotatedArticle) -> tuple[int, ...]:
    places = [-1] * len(article.text)
    for run in _source(page, article):
        places[run.start : run.end] = range(run.page_start, run.page_end)
    return tuple(places)


def _nearest(cleaned: CleanPage, gold: AnnotatedArticle) -> int:
    """Which cleaned article holds most of a gold article's characters."""
    wanted = set(_places(cleaned.page, gold))
    shared = [
        sum(at in wanted for run in article.source for at in range(run.page_start, run.page_end))
        for article in cleaned.articles
    ]
    return shared.index(max(shared)) if shared else 0
