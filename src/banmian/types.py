"""The values that every other module passes around. Standard library only.

All offsets are Unicode code points, half open: ``text[start:end]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

SpanLabel = Literal["INITIATIVE", "ORG", "SLOGAN", "INDICATOR"]
Role = Literal["kicker", "headline", "subtitle", "byline", "subhead", "paragraph", "caption"]
Genre = Literal["news", "feature", "commentary", "photo", "bulletin", "profile"]
Topic = Literal[
    "party_building",
    "governance",
    "public_service",
    "rural_industry",
    "culture_tourism",
    "cadre_discipline",
    "enterprise",
]

SPAN_LABELS: tuple[str, ...] = get_args(SpanLabel)
ROLES: tuple[str, ...] = get_args(Role)
HEAD_ROLES: tuple[str, ...] = ("kicker", "headline", "subtitle")  # in the order in which they stand
GENRES: tuple[str, ...] = get_args(Genre)
TOPICS: tuple[str, ...] = get_args(Topic)


@dataclass(frozen=True)
class Page:
    """One page as read from a file: its name, its decoded text, and the hash of its bytes."""

    name: str
    text: str
    sha256: str
    encoding: str


@dataclass(frozen=True)
class Failure:
    """Why a page could not be processed. ``stage`` is ``read``, ``clean`` or ``tag``."""

    page: str
    stage: str
    error: str


class Run(NamedTuple):
    """``text[start:end]`` is ``page[page_start:page_end]``, character for character."""

    start: int
    end: int
    page_start: int
    page_end: int


class Duplicate(NamedTuple):
    """``page[start:end]`` repeats what begins at ``page[kept]``."""

    start: int
    end: int
    kept: int


class Joint(NamedTuple):
    """Text before ``at`` and from ``at`` on stood in separate places; ``confidence`` in 0..1 that they belong together."""

    at: int
    confidence: float


@dataclass(frozen=True)
class Block:
    """A stretch of an article's text with one role."""

    role: str
    start: int
    end: int


@dataclass(frozen=True)
class Article:
    """A cleaned article: its text, blocks joined by newlines, and where each character came from."""

    text: str
    blocks: tuple[Block, ...]
    source: tuple[Run, ...]
    joints: tuple[Joint, ...] = ()


@dataclass(frozen=True)
class CleanPage:
    """A page cut into articles, and what of it belongs to none."""

    page: Page
    articles: tuple[Article, ...]
    furniture: tuple[tuple[int, int], ...]
    duplicates: tuple[Duplicate, ...]


@dataclass(frozen=True)
class Span:
    """A labelled stretch of an article's text."""

    start: int
    end: int
    label: str
    text: str
    score: float | None = None


@dataclass(frozen=True)
class AnnotatedArticle:
    """An article as a person annotated it, in the shape that doccano exports.

    ``genre`` is None and ``topics`` is empty where the annotator gave none. ``meta`` is what the
    export carries beside the text: the article's origin, its blocks, its source on the page.
    """

    id: int
    text: str
    spans: tuple[Span, ...]
    genre: str | None
    topics: tuple[str, ...]
    blocks: tuple[Block, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
