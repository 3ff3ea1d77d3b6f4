"""Pages to rows: clean, tag, and say what failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from banmian import indicators
from banmian.articles import clean_page
from banmian.calibration import MIN_SCORE
from banmian.cleaning import to_page
from banmian.pages import read_page
from banmian.rows import failure_row, page_row, text_fields
from banmian.types import GENRES, TOPICS, Article, Block, CleanPage, Failure, Span

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

TOPIC_THRESHOLD = 0.5
MOST_TOPICS = 3


@dataclass(frozen=True)
class Tags:
    """What the model says of one article."""

    spans: tuple[Span, ...]
    genre: tuple[str, float]
    topics: tuple[tuple[str, float], ...]


def tag_texts(nlp: Language, texts: Sequence[str], *, min_score: float = MIN_SCORE) -> list[Tags]:
    """Tag article texts in normal form; spans of a lower score are left out."""
    with nlp.memory_zone():
        return [tags_of(doc, min_score=min_score) for doc in nlp.pipe(texts, batch_size=16)]


def tags_of(doc: Doc, *, min_score: float = 0.0) -> Tags:
    """What the model says of the article that a doc is, scores rounded to three places."""
    from banmian.components import scored_spans

    text = doc.text
    spans = [
        Span(start, end, label, text[start:end], round(score, 3))
        for start, end, label, score in scored_spans(doc)
        if round(score, 3) >= min_score
    ]
    genres = {genre: doc.cats.get(f"genre:{genre}", 0.0) for genre in GENRES}
    total = sum(genres.values()) or 1.0
    genre = max(genres, key=lambda name: genres[name])
    topics = sorted(
        ((doc.cats.get(f"topic:{topic}", 0.0), topic) for topic in TOPICS), reverse=True
    )
    chosen = [pair for pair in topics if pair[0] >= TOPIC_THRESHOLD][:MOST_TOPICS] or topics[:1]
    return Tags(
        tuple(spans),
        (genre, round(genres[genre] / total, 3)),
        tuple((topic, round(score, 3)) for score, topic in chosen),
    )


def outside_bylines(tags: Tags, blocks: Sequence[Block]) -> Tags:
    """The tags without spans in bylines and credits, which the guidelines leave unmarked."""
    bylines = [block for block in blocks if block.role == "byline"]
    spans = (s for s in tags.spans if not any(b.start <= s.start < b.end for b in bylines))
    return replace(tags, spans=tuple(spans))


def tag_pages(
    nlp: Language, pages: Iterable[tuple[str, str]], *, model: str, min_score: float = MIN_SCORE
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each page: its articles, then the page; or one failure.

    ``pages`` are (name, path) pairs as ``find_pages`` gives them. Spans of a score below
    ``min_score`` are left out. A page that fails does not stop the others.
    """
    for name, path in pages:
        page = read_page(name, path)
        if isinstance(page, Failure):
            yield [failure_row(page)]
            continue
        try:
            cleaned = clean_page(page)
            texts = [article.text for article in cleaned.articles]
            rows = page_rows(cleaned, tag_texts(nlp, texts, min_score=min_score), model=model)
        except (ValueError, MemoryError, ArithmeticError, RecursionError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            rows = [failure_row(Failure(name, "tag", reason))]
        yield rows


def page_rows(cleaned: CleanPage, tags: Sequence[Tags], *, model: str) -> list[dict[str, Any]]:
    """The rows of a cleaned and tagged page, in the order and with the keys of the contract."""
    rows = []
    for number, (article, found) in enumerate(zip(cleaned.articles, tags, strict=True), 1):
        kept = outside_bylines(found, article.blocks)
        rows.append(article_row(cleaned, number, article, kept, model))
    rows.append(page_row(cleaned.page, len(rows), cleaned.furniture, cleaned.duplicates))
    return rows


def article_row(
    cleaned: CleanPage, number: int, article: Article, tags: Tags, model: str
) -> dict[str, Any]:
    """One article's row."""
    return {
        "schema": "banmian.article/1",
        "page": cleaned.page.name,
        "page_sha256": cleaned.page.sha256,
        "article": number,
        **{role: _text_of(article, role) for role in ("headline", "kicker", "subtitle", "byline")},
        "genre": {"label": tags.genre[0], "score": tags.genre[1]},
        "topics": [{"label": label, "score": score} for label, score in tags.topics],
        **text_fields(article),
        "spans": [_span_row(article, span) for span in tags.spans],
        "model": model,
    }


def _text_of(article: Article, role: str) -> str | None:
    found = [article.text[b.start : b.end] for b in article.blocks if b.role == role]
    return " ".join(found) or None


def _span_row(article: Article, span: Span) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "text": span.text,
        "score": span.score,
        "page": [list(piece) for piece in to_page(article.source, span.start, span.end)],
    }
    if span.label == "INDICATOR":
        read = indicators.read_indicator(span.text)
        row |= {
            "value": read.value,
            "high": read.high,
            "unit": read.unit,
            "kind": read.kind,
            "qualifier": read.qualifier,
            "metric": indicators.find_metric(article.text, span.start, span.end),
        }
    return row
