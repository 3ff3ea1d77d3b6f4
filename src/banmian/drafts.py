"""Pages to articles with the model's spans and categories, for a person to correct."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from banmian.articles import clean_page
from banmian.pages import read_page
from banmian.tagging import Tags, outside_bylines, tag_texts
from banmian.types import AnnotatedArticle, CleanPage, Failure

if TYPE_CHECKING:
    from spacy.language import Language


def draft_pages(
    nlp: Language, pages: Iterable[tuple[str, str]], *, model: str
) -> Iterator[tuple[str, list[AnnotatedArticle] | Failure]]:
    """Yield (page name, its articles or why there are none). ``pages`` as ``find_pages`` gives them.

    A page that fails does not stop the others.
    """
    for name, path in pages:
        page = read_page(name, path)
        if isinstance(page, Failure):
            yield name, page
            continue
        try:
            cleaned = clean_page(page)
            tags = tag_texts(nlp, [article.text for article in cleaned.articles])
        except (ValueError, MemoryError, ArithmeticError, RecursionError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            yield name, Failure(name, "tag", reason)
            continue
        yield name, draft_articles(cleaned, tags, model=model)


def draft_articles(
    cleaned: CleanPage, tags: Sequence[Tags], *, model: str
) -> list[AnnotatedArticle]:
    """The articles of a page as if somebody had annotated them as the model says."""
    page, drafts = cleaned.page, []
    for number, (article, found) in enumerate(zip(cleaned.articles, tags, strict=True), 1):
        kept = outside_bylines(found, article.blocks)
        meta = {
            "key": f"{page.name}#{number}",
            "page": page.name,
            "page_sha256": page.sha256,
            "article": number,
            "model": model,
            "source": [list(run) for run in article.source],
        }
        topics = tuple(topic for topic, _ in kept.topics)
        drafts.append(
            AnnotatedArticle(
                number, article.text, kept.spans, kept.genre[0], topics, article.blocks, meta
            )
        )
    return drafts
