"""Pages that a command takes, cleaned and tagged for a person to correct."""

from __future__ import annotations

from pathlib import Path

from banmian.cli.common import fail, load_model, pages_among, progress, say
from banmian.types import AnnotatedArticle


def read_drafts(pages: list[str], model: Path | None) -> tuple[list[AnnotatedArticle], bool]:
    """The articles of pages as the model tags them, and whether a page failed.

    What fails is said; where nothing is left the command ends.
    """
    from banmian.drafts import draft_pages
    from banmian.model import name_of
    from banmian.types import Failure

    found = pages_among(pages)
    nlp = load_model(model)
    articles: list[AnnotatedArticle] = []
    failed = False
    with progress() as bar:
        drafts = draft_pages(nlp, found, model=name_of(nlp))
        for name, result in bar.track(drafts, total=len(found), description="tagging"):
            if isinstance(result, Failure):
                failed = True
                say(f"{name}: {result.error}")
            else:
                articles += result
    if not articles:
        raise fail(f"no articles on {', '.join(pages)}")
    return articles, failed
