"""The rows of the contract that need no model: a page's, a failure's, where a text stood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from banmian.types import Article, Duplicate, Failure, Page


def text_fields(article: Article) -> dict[str, Any]:
    """The fields of a row that say what an article's text is and where it stood."""
    return {
        "text": article.text,
        "blocks": [{"role": b.role, "start": b.start, "end": b.end} for b in article.blocks],
        "source": [list(run) for run in article.source],
        "joints": [{"at": joint.at, "confidence": joint.confidence} for joint in article.joints],
    }


def page_row(
    page: Page,
    articles: int,
    furniture: Sequence[tuple[int, int]],
    duplicates: Sequence[Duplicate],
) -> dict[str, Any]:
    """The row that follows a page's articles."""
    return {
        "schema": "banmian.page/1",
        "page": page.name,
        "page_sha256": page.sha256,
        "articles": articles,
        "encoding": page.encoding,
        "furniture": [list(piece) for piece in furniture],
        "duplicates": [list(copy) for copy in duplicates],
    }


def failure_row(failure: Failure) -> dict[str, Any]:
    """The row of a page that could not be processed."""
    return {
        "schema": "banmian.failure/1",
        "page": failure.page,
        "stage": failure.stage,
        "error": failure.error,
    }
