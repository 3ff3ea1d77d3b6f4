"""Which pages to annotate next: those the model is least sure of, unlike one another.

Uncertainty sampling (Lewis and Gale 1994; for sequences Settles and Craven 2008), spread by maximal
marginal relevance (Carbonell and Goldstein 1998); near-duplicates by shared shingles (Broder 1997).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from banmian.articles import clean_page
from banmian.copies import RUN_LENGTH
from banmian.files import read_jsonl
from banmian.types import GENRES, TOPICS, Page

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

COPY_SHARE = 0.5  # a page is a copy where this share of its shingles stands elsewhere
_PRIME = np.uint64(1_000_003)
_SPAN_WEIGHT, _GENRE_WEIGHT, _TOPIC_WEIGHT = 0.5, 0.25, 0.25


@dataclass(frozen=True)
class Candidate:
    """A page that nobody has annotated, and what the model makes of it.

    ``doubt`` is how unsure the model is, 0 to 1; ``topics`` are probabilities in the order of
    ``TOPICS``.
    """

    name: str
    path: str
    text: str
    articles: int
    spans: int
    doubt: float
    topics: tuple[float, ...]


@dataclass(frozen=True)
class Selection:
    """The chosen pages, the most useful first, and copies left out: (page, what it repeats)."""

    chosen: tuple[Candidate, ...]
    copies: tuple[tuple[Candidate, str], ...]


def read_annotated(folder: Path) -> tuple[set[str], list[str]]:
    """The hashes of pages, and the texts, that the files of a folder hold, at any depth.

    Rows that are no annotations are passed over. Raises FileError for a file that is no JSON Lines.
    """
    pages: set[str] = set()
    texts = []
    for file in sorted(folder.rglob("*.jsonl")):
        for _, row in read_jsonl(file):
            text, meta = row.get("text"), row.get("meta")
            if isinstance(text, str) and isinstance(meta, dict):
                texts.append(text)
                pages.add(str(meta.get("page_sha256")))
    return pages, texts


def look_at(nlp: Language, page: Page, path: str) -> Candidate:
    """Clean and tag a page and measure how unsure the model is of it.

    Raises ValueError and the like for a page that cannot be cleaned or tagged.
    """
    from banmian.components import scored_spans

    texts = [article.text for article in clean_page(page).articles]
    doubts, topics, spans = [], [], 0
    with nlp.memory_zone():
        for doc in nlp.pipe(texts, batch_size=16):
            scores = [score for *_, score in scored_spans(doc)]
            by_topic = _cats(doc, "topic", TOPICS)
            doubts.append(doubt(scores, _cats(doc, "genre", GENRES), by_topic))
            topics.append(list(by_topic.values()))
            spans += len(scores)
    lengths = [len(text) for text in texts] or [1]
    return Candidate(
        page.name,
        path,
        "\n".join(texts),
        len(texts),
        spans,
        float(np.average(doubts or [0.0], weights=lengths)),
        tuple(np.average(topics or [[0.0] * len(TOPICS)], axis=0, weights=lengths).tolist()),
    )


def _cats(doc: Doc, kind: str, names: Iterable[str]) -> dict[str, float]:
    return {name: doc.cats.get(f"{kind}:{name}", 0.0) for name in names}


def doubt(
    scores: Sequence[float], genres: Mapping[str, float], topics: Mapping[str, float]
) -> float:
    """How unsure the model is of one article, from 0 to 1, whatever its length.

    Half is the mean of 1 - score over its spans, a quarter the entropy of the genre as a share of
    the largest there can be, a quarter the mean entropy of the topics, each a yes or no.
    """
    spans = sum(1 - score for score in scores) / len(scores) if scores else 0.0
    genre = _entropy(genres.values()) / math.log(len(genres)) if len(genres) > 1 else 0.0
    each = [_entropy((share, 1 - share)) / math.log(2) for share in topics.values()]
    topic = sum(each) / len(each) if each else 0.0
    return _SPAN_WEIGHT * spans + _GENRE_WEIGHT * genre + _TOPIC_WEIGHT * topic


def _entropy(shares: Iterable[float]) -> float:
    return -sum(share * math.log(share) for share in shares if share > 0)


def choose(
    candidates: Sequence[Candidate],
    count: int,
    *,
    spread: float = 0.4,
    annotated: Iterable[str] = (),
) -> Selection:
    """Choose up to ``count`` pages, one after the other.

    Each time the page is taken with the most doubt, less its likeness to what is chosen already;
    ``spread`` weighs the second against the first (0: doubt alone). Pages that repeat an
    ``annotated`` text or a chosen page are left out.
    """
    known = _shingles_of(annotated)
    shingles = [_shingles(candidate.text) for candidate in candidates]
    copies: list[tuple[Candidate, str]] = []
    left = []
    for at, candidate in enumerate(candidates):
        if _share(shingles[at], known) >= COPY_SHARE:
            copies.append((candidate, "annotated pages"))
        else:
            left.append(at)
    likeness = _likeness(candidates)
    doubts = _scaled([candidate.doubt for candidate in candidates])
    nearest = np.zeros(len(candidates))
    chosen: list[int] = []
    while left and len(chosen) < count:
        worth = (1 - spread) * doubts[left] - spread * nearest[left]
        best = left.pop(int(worth.argmax()))
        copied = next(
            (c for c in chosen if _share(shingles[best], shingles[c]) >= COPY_SHARE), None
        )
        if copied is not None:
            copies.append((candidates[best], candidates[copied].name))
            continue
        chosen.append(best)
        nearest = np.maximum(nearest, likeness(best))
    return Selection(tuple(candidates[at] for at in chosen), tuple(copies))


def _scaled(values: Sequence[float]) -> Floats:
    """Values from 0 for the least to 1 for the largest."""
    array = np.array(values, dtype=np.float64)
    width = float(np.ptp(array)) if len(array) else 0.0
    return (array - array.min()) / width if width else np.zeros_like(array)


def _likeness(candidates: Sequence[Candidate]) -> Any:
    """A function from a candidate's number to its likeness to each: words and topics, half each."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(candidate.text for candidate in candidates):
        return lambda _: np.zeros(len(candidates))
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    words = vectorizer.fit_transform([candidate.text for candidate in candidates])
    topics = np.array([candidate.topics for candidate in candidates])
    topics /= np.maximum(np.linalg.norm(topics, axis=1, keepdims=True), 1e-12)
    return lambda at: 0.5 * (words @ words[at].T).toarray()[:, 0] + 0.5 * topics @ topics[at]


def _shingles_of(texts: Iterable[str]) -> Hashes:
    parts = [_shingles(text) for text in texts]
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)


def _shingles(text: str) -> Hashes:
    """Hashes of the runs of RUN_LENGTH characters, blanks and punctuation aside, sorted."""
    squeezed = re.sub(r"[\W_]+", "", text)
    codes = np.array([ord(char) for char in squeezed], dtype=np.uint64)
    size = min(RUN_LENGTH, len(codes))
    hashes = np.zeros(len(codes) - size + 1 if size else 0, dtype=np.uint64)
    for at in range(size):
        hashes = hashes * _PRIME + codes[at : at + len(hashes)]
    return np.unique(hashes)


def _share(own: Hashes, other: Hashes) -> float:
    """The share of a page's shingles that another has too."""
    return float(np.isin(own, other).mean()) if len(own) else 0.0
