"""Measure extraction on real pages: raw page in, rows out, against gold on the same characters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian import rules
from banmian.annotations import source_runs
from banmian.articles import clean_page
from banmian.characters import normalize
from banmian.cleaning import to_page
from banmian.files import FileError
from banmian.pages import read_page
from banmian.scoring import Counts, Mention, as_rows, mention, score_spans, score_topics
from banmian.tagging import Tags, outside_bylines, tag_texts
from banmian.types import AnnotatedArticle, CleanPage, Failure, Page, Run, Span

if TYPE_CHECKING:
    from spacy.language import Language

Tagger = Callable[[Sequence[str]], list[Tags]]


@dataclass(frozen=True)
class PageResult:
    """Gold and predictions of one page, ready to be scored."""

    page: str
    gold: tuple[Mention, ...]
    predicted: tuple[Mention, ...]
    genres: tuple[tuple[str | None, str], ...]
    topics: tuple[tuple[frozenset[str], frozenset[str]], ...]


def model_tagger(nlp: Language) -> Tagger:
    """Tag with a model."""
    return lambda texts: tag_texts(nlp, texts)


def rule_tagger(texts: Sequence[str]) -> list[Tags]:
    """Tag with plain rules; for genre and topic the rules always say the commonest."""
    return [
        Tags(tuple(rules.find_spans(text)), ("news", 1.0), (("party_building", 1.0),))
        for text in texts
    ]


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


def evaluate_page(page: Page, gold: Sequence[AnnotatedArticle], tagger: Tagger) -> PageResult:
    """Clean and tag a raw page, and hold it against its gold: cleaning errors count."""
    cleaned = clean_page(page)
    tags = tagger([article.text for article in cleaned.articles])
    predicted = [
        _mention(page, article.source, span)
        for article, found in zip(cleaned.articles, tags, strict=True)
        for span in outside_bylines(found, article.blocks).spans
    ]
    pairs = [(article, tags[_nearest(cleaned, article)]) for article in gold]
    return _result(page, gold, predicted, pairs)


def evaluate_gold_articles(
    page: Page, gold: Sequence[AnnotatedArticle], tagger: Tagger
) -> PageResult:
    """The same with perfect articles in, so that it shows what is lost to layout."""
    tags = tagger([normalize(article.text) for article in gold])
    predicted = [
        _mention(page, source_runs(article), span)
        for article, found in zip(gold, tags, strict=True)
        for span in outside_bylines(found, article.blocks).spans
    ]
    return _result(page, gold, predicted, list(zip(gold, tags, strict=True)))


def _result(
    page: Page,
    gold: Sequence[AnnotatedArticle],
    predicted: Sequence[Mention],
    pairs: Sequence[tuple[AnnotatedArticle, Tags]],
) -> PageResult:
    wanted = [_mention(page, source_runs(a), span) for a in gold for span in a.spans]
    return PageResult(
        page.name,
        tuple(wanted),
        tuple(predicted),
        tuple((article.genre, found.genre[0]) for article, found in pairs),
        tuple(
            (frozenset(article.topics), frozenset(label for label, _ in found.topics))
            for article, found in pairs
        ),
    )


def _mention(page: Page, source: Sequence[Run], span: Span) -> Mention:
    return mention(
        page.name, to_page(source, span.start, span.end), span.label, span.text, page.text
    )


def _nearest(cleaned: CleanPage, gold: AnnotatedArticle) -> int:
    """Which cleaned article holds most of a gold article's characters."""
    shared = [0] * len(cleaned.articles)
    wanted = {at for run in source_runs(gold) for at in range(run.page_start, run.page_end)}
    for number, article in enumerate(cleaned.articles):
        for run in article.source:
            shared[number] += sum(at in wanted for at in range(run.page_start, run.page_end))
    return shared.index(max(shared))


def summarize(results: Sequence[PageResult]) -> dict[str, Any]:
    """Scores over all pages and by page, as JSON values."""
    return {**_scores(results), "pages": {result.page: _scores([result]) for result in results}}


def _scores(results: Sequence[PageResult]) -> dict[str, Any]:
    gold = [m for result in results for m in result.gold]
    predicted = [m for result in results for m in result.predicted]
    genres = [pair for result in results for pair in result.genres]
    topics = [pair for result in results for pair in result.topics]
    right = sum(wanted == found for wanted, found in genres)
    topic_counts: Counts = score_topics([set(g) for g, _ in topics], [set(p) for _, p in topics])
    return {
        **as_rows(score_spans(gold, predicted)),
        "genre": {"accuracy": round(right / max(1, len(genres)), 4), "articles": len(genres)},
        "topics": topic_counts.as_row(),
    }
