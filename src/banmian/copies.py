"""Articles that are no work of their own: copied runs, near duplicates, names of a real page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from banmian.annotations import in_normal_form
from banmian.files import FileError, read_bytes
from banmian.types import AnnotatedArticle

RUN_LENGTH = 13
NEAR_DUPLICATE = 60.0  # rapidfuzz ratio from which two articles tell the same story
_NEAR_LENGTHS = 0.6  # a pair of very unlike lengths cannot reach that ratio
_COINED_LENGTH = 3


def read_allowed(path: Path) -> tuple[list[str], list[str]]:
    """The set phrases and common names of a TOML file. Raises FileError."""
    try:
        values = tomllib.loads(read_bytes(path).decode("utf-8"))
        return list(values["set_phrases"]), list(values["common_names"])
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(
            f"{path}: needs the lists set_phrases and common_names ({error})"
        ) from error


def find_copies(
    articles: Sequence[AnnotatedArticle],
    pages: Sequence[AnnotatedArticle],
    set_phrases: Collection[str] = (),
    common_names: Collection[str] = (),
) -> Iterator[tuple[AnnotatedArticle, str]]:
    """Yield (article, what is wrong with it) for authored articles that are not original.

    ``pages`` are the annotated articles of real pages. ``set_phrases`` may be shared with them
    although they are long; ``common_names`` are names on the pages that belong to everybody
    (national practices), so an authored article may use them.
    """
    foreign = "\n".join(article.text for article in pages)
    reported: set[int] = set()
    for index, run in shared_runs([a.text for a in articles], foreign, RUN_LENGTH, set_phrases):
        if index not in reported:
            yield articles[index], f"shares {run!r} with a real page"
            reported.add(index)
    coined = coined_names(pages, common_names)
    for article in articles:
        text = in_normal_form(article).text
        for name in sorted(name for name in coined if name in text):
            yield article, f"uses {name!r}, a name of a real page"
    yield from _near_duplicates(articles)


def shared_runs(
    texts: Iterable[str], foreign: str, length: int, set_phrases: Iterable[str] = ()
) -> Iterator[tuple[int, str]]:
    """Yield (index of the text, run) for runs of ``length`` characters that ``foreign`` has too.

    Blanks and punctuation do not count; runs that lie within a set phrase are passed over.
    """
    squeezed = _squeeze(foreign)
    grams = {squeezed[at : at + length] for at in range(len(squeezed) - length + 1)}
    phrases = [_squeeze(phrase) for phrase in set_phrases]
    for index, text in enumerate(texts):
        own = _squeeze(text)
        for at in range(len(own) - length + 1):
            run = own[at : at + length]
            if run in grams and not any(run in phrase for phrase in phrases):
                yield index, run


def coined_names(pages: Iterable[AnnotatedArticle], common_names: Collection[str] = ()) -> set[str]:
    """The names of initiatives, bodies and slogans on real pages that are nobody else's."""
    names = {
        span.text
        for article in pages
        for span in in_normal_form(article).spans
        if span.label != "INDICATOR" and len(span.text) >= _COINED_LENGTH
    }
    return names - set(common_names)


def _near_duplicates(
    articles: Sequence[AnnotatedArticle],
) -> Iterator[tuple[AnnotatedArticle, str]]:
    from rapidfuzz import fuzz

    ordered = sorted(articles, key=lambda article: len(article.text))
    for index, article in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if len(article.text) < _NEAR_LENGTHS * len(other.text):
                break
            ratio = fuzz.ratio(article.text, other.text, score_cutoff=NEAR_DUPLICATE)
            if ratio:
                yield other, f"is {ratio:.0f} % like {article.meta.get('key')}"


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
