"""Annotated articles into spaCy's training data: Docs, DocBin files, grouped splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from banmian.annotations import in_normal_form, origin
from banmian.files import write_bytes
from banmian.types import GENRES, TOPICS, AnnotatedArticle

GENRE_CATS = tuple(f"genre:{genre}" for genre in GENRES)
TOPIC_CATS = tuple(f"topic:{topic}" for topic in TOPICS)


class MisalignedSpanError(ValueError):
    """A gold span whose borders are not token borders, or that overlaps another."""


def blank_pipeline() -> Language:
    """spaCy's Chinese with one token a character, so that no span can be misaligned."""
    nlp: Language = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "char"}}})
    return nlp


def to_doc(nlp: Language, article: AnnotatedArticle) -> Doc:
    """A gold Doc: the text in normal form, its entities and its categories.

    Raises MisalignedSpanError, naming the article, where a span cuts a token or another span.
    """
    article = in_normal_form(article)
    doc = nlp.make_doc(article.text)
    if doc.text != article.text:
        raise MisalignedSpanError(f"{name_of(article)}: the tokenizer changes the text")
    entities: list[Span] = []
    for span in article.spans:
        named = f"{name_of(article)}: {span.label} {span.text!r} at [{span.start}, {span.end})"
        entity = doc.char_span(span.start, span.end, label=span.label)
        if entity is None:
            raise MisalignedSpanError(f"{named} begins or ends within a token; mend its borders")
        if entities and entity.start_char < entities[-1].end_char:
            raise MisalignedSpanError(f"{named} overlaps {entities[-1].text!r}; take one away")
        entities.append(entity)
    doc.set_ents(entities)
    wanted = {f"genre:{article.genre}", *(f"topic:{topic}" for topic in article.topics)}
    doc.cats = {cat: float(cat in wanted) for cat in (*GENRE_CATS, *TOPIC_CATS)}
    return doc


def name_of(article: AnnotatedArticle) -> str:
    """How messages call an article."""
    return f"{origin(article) or 'article'} #{article.meta.get('article', article.id)}"


def write_docbin(path: Path, articles: Iterable[AnnotatedArticle]) -> int:
    """Write articles as a DocBin file and return how many there were."""
    nlp = blank_pipeline()
    docs = [to_doc(nlp, article) for article in articles]
    write_bytes(path, DocBin(docs=docs).to_bytes())
    return len(docs)


def split(
    articles: Sequence[AnnotatedArticle], dev_share: float, held_out: Iterable[str] = ()
) -> tuple[list[AnnotatedArticle], list[AnnotatedArticle]]:
    """Part articles into training and dev by origin; those of ``held_out`` origins are in neither.

    Dev takes whole batches of authored articles, the first in order of name, until it has
    ``dev_share`` of them: it is for choosing, never for reported figures. Where whole batches would
    be far too many it takes the last articles of one.
    """
    held_out = set(held_out)
    usable = [article for article in articles if origin(article) not in held_out]
    authored = [article for article in usable if not article.meta.get("page")]
    wanted = int(len(authored) * dev_share)
    dev: list[AnnotatedArticle] = []
    for batch in sorted({origin(article) for article in authored}):
        members = [article for article in authored if origin(article) == batch]
        if len(dev) >= wanted:
            break
        dev += (
            members
            if len(members) <= 1.5 * (wanted - len(dev))
            else members[-(wanted - len(dev)) :]
        )
    chosen = {id(article) for article in dev}
    return [article for article in usable if id(article) not in chosen], dev


def repeat_pages(articles: Iterable[AnnotatedArticle], times: int) -> Iterator[AnnotatedArticle]:
    """Weight articles of real pages above authored ones by showing them several times."""
    for article in articles:
        for _ in range(times if article.meta.get("page") else 1):
            yield article
