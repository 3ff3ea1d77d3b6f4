"""What cleaning did to pages, as one HTML page for a person to look at.

The raw page stands beside its articles. What of a block stood together on the page is a piece:
it is drawn on both sides, in the colour of its article, and each side links to the other.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from markupsafe import Markup

from banmian.templating import asset, environment
from banmian.types import Article, CleanPage, Failure, Run

HUES = 8
DOUBTFUL = 60  # a joint of less confidence, in percent, is drawn as a warning
ROLE_NAMES = {
    "kicker": "kicker 引题",
    "headline": "headline 标题",
    "subtitle": "subtitle 副题",
    "byline": "byline 署名",
    "subhead": "subhead 小标题",
    "paragraph": "paragraph 正文",
    "caption": "caption 图说",
}
_TITLE_LENGTH = 24


@dataclass(frozen=True)
class JointMark:
    """Where the text of an article leaps on the page. ``percent`` is None if nobody weighed it."""

    number: int
    percent: int | None

    @property
    def weak(self) -> bool:
        """Whether a person should look at it first."""
        return self.percent is not None and self.percent < DOUBTFUL


@dataclass(frozen=True)
class RunView:
    """A run of source, under the number that it has in its article, with its text on one side."""

    number: int
    text: str


@dataclass(frozen=True)
class Piece:
    """Runs of one block that follow each other on the page, blanks aside.

    ``joint`` is the leap before it; ``leap`` is the one behind it, which leads to piece ``next``.
    """

    number: int
    article: int
    block: int
    start: int
    end: int
    runs: tuple[RunView, ...]
    raw: tuple[RunView | str, ...]
    joint: JointMark | None
    leap: JointMark | None = None
    next: int | None = None

    @property
    def hue(self) -> int:
        """The number of the article's colour."""
        return self.article % HUES


@dataclass(frozen=True)
class BlockView:
    """A block with its pieces; ``role`` is a CSS class and so one of those we know."""

    role: str
    role_name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class ArticleView:
    """An article with its blocks, for the right side."""

    number: int
    title: str
    blocks: tuple[BlockView, ...]

    @property
    def hue(self) -> int:
        """The number of its colour."""
        return self.number % HUES


@dataclass(frozen=True)
class Stretch:
    """A part of the page, for the left side; ``kept`` is the piece with a duplicate's kept copy.

    ``turns`` says that the piece is of another article than the piece before it.
    """

    kind: Literal["gap", "furniture", "duplicate", "piece"]
    start: int
    end: int
    text: str = ""
    piece: Piece | None = None
    kept: Piece | None = None
    turns: bool = False


@dataclass(frozen=True)
class PageView:
    """Both sides of a page, and its figures; ``counts`` leaves out blanks."""

    number: int
    name: str
    length: int
    articles: tuple[ArticleView, ...]
    raw: tuple[Stretch, ...]
    joints: int
    counts: dict[str, int]


def clean_view(pages: Sequence[CleanPage], failures: Sequence[Failure] = ()) -> str:
    """The HTML page: complete in itself, made to be opened from a file, nothing in it runs but ours.

    Everything of the pages is untrusted and escaped; a content security policy allows the one
    script and the one style sheet by their hashes, and no address at all.
    """
    style, script = asset("clean_view.css"), asset("clean_view.js")
    policy = (
        f"default-src 'none'; style-src {_source_hash(style)}; script-src {_source_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        environment()
        .get_template("clean_view.html.j2")
        .render(
            pages=[page_view(page, number) for number, page in enumerate(pages, 1)],
            failures=failures,
            policy=policy,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
        )
    )


def _source_hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def page_view(cleaned: CleanPage, number: int) -> PageView:
    """The two sides of a page, as the template needs them."""
    pieces = _pieces(cleaned)
    of_block: dict[tuple[int, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        of_block[piece.article, piece.block].append(piece)
    articles = tuple(
        _article_view(article, at, of_block) for at, article in enumerate(cleaned.articles, 1)
    )
    return PageView(
        number=number,
        name=cleaned.page.name,
        length=len(cleaned.page.text),
        articles=articles,
        raw=tuple(_stretches(cleaned, pieces)),
        joints=sum(piece.joint is not None for piece in pieces),
        counts=_counts(cleaned),
    )


def _article_view(
    article: Article, number: int, of_block: Mapping[tuple[int, int], Sequence[Piece]]
) -> ArticleView:
    headlines = [block for block in article.blocks if block.role == "headline"]
    first = (headlines or article.blocks)[:1]
    title = " ".join(article.text[block.start : block.end] for block in first)
    if len(title) > _TITLE_LENGTH:
        title = title[:_TITLE_LENGTH] + "…"
    blocks = [
        BlockView(
            block.role if block.role in ROLE_NAMES else "other",
            ROLE_NAMES.get(block.role, block.role),
            tuple(of_block.get((number, at), ())),
        )
        for at, block in enumerate(article.blocks)
    ]
    return ArticleView(number, title, tuple(blocks))


class _Group(NamedTuple):
    """The runs of a piece to be, with their numbers in the article."""

    article: int
    block: int
    runs: list[tuple[int, Run]]
    apart: bool
    percent: int | None


def _pieces(cleaned: CleanPage) -> list[Piece]:
    """The pieces of all articles, in the order of the articles."""
    groups: list[_Group] = []
    begins = sorted((r.page_start, at) for at, a in enumerate(cleaned.articles) for r in a.source)
    for number, article in enumerate(cleaned.articles, 1):
        groups += _groups(cleaned.page.text, article, number, begins)
    pieces: list[Piece] = []
    joints = 0
    for number, group in enumerate(groups, 1):
        joints += group.apart
        joint = JointMark(joints, group.percent) if group.apart else None
        piece = _piece(cleaned, group, number, joint)
        if joint and pieces:
            before = pieces[-1]
            pieces[-1] = replace(before, leap=joint, next=number)
        pieces.append(piece)
    return pieces


def _groups(
    page_text: str, article: Article, number: int, begins: Sequence[tuple[int, int]]
) -> Iterator[_Group]:
    starts = [block.start for block in article.blocks]
    percents = _percents(article)
    group: _Group | None = None
    for at, run in enumerate(article.source):
        block = max(0, bisect_right(starts, run.start) - 1)
        apart = at in percents
        if group is not None:
            last = group.runs[-1][1]
            if block == group.block:
                apart = apart or _stands_apart(page_text, last, run)
                if not apart:
                    group.runs.append((at + 1, run))
                    continue
            else:
                apart = apart or _leaps(begins, number - 1, last, run)
            yield group
        group = _Group(number, block, [(at + 1, run)], apart and at > 0, percents.get(at))
    if group is not None:
        yield group


def _percents(article: Article) -> dict[int, int]:
    """The confidence of each joint that cleaning weighed, by the run that it stands before."""
    starts = [run.start for run in article.source]
    return {
        bisect_left(starts, joint.at): min(100, max(0, round(100 * joint.confidence)))
        for joint in article.joints
    }


def _stands_apart(page_text: str, before: Run, after: Run) -> bool:
    """Whether more than blanks and one line end part two runs of a block on the page."""
    if after.page_start < before.page_end:
        return True
    between = page_text[before.page_end : after.page_start]
    if any(not char.isspace() and unicodedata.category(char) != "Cf" for char in between):
        return True
    return len(f"x{between}x".splitlines()) > 2


def _leaps(begins: Sequence[tuple[int, int]], article: int, before: Run, after: Run) -> bool:
    """Whether the page has another article, or no way forward, between two blocks."""
    if after.page_start < before.page_end:
        return True
    low = bisect_left(begins, (before.page_end, -1))
    high = bisect_left(begins, (after.page_start, -1))
    return any(owner != article for _, owner in begins[low:high])


def _piece(cleaned: CleanPage, group: _Group, number: int, joint: JointMark | None) -> Piece:
    text, page_text = cleaned.articles[group.article - 1].text, cleaned.page.text
    start = end = group.runs[0][1].page_start
    raw: list[RunView | str] = []
    for at, run in group.runs:
        if end < run.page_start:
            raw.append(page_text[end : run.page_start])
        raw.append(RunView(at, page_text[run.page_start : run.page_end]))
        end = run.page_end
    return Piece(
        number=number,
        article=group.article,
        block=group.block,
        start=start,
        end=end,
        runs=tuple(RunView(at, text[run.start : run.end]) for at, run in group.runs),
        raw=tuple(raw),
        joint=joint,
    )


def _stretches(cleaned: CleanPage, pieces: Sequence[Piece]) -> Iterator[Stretch]:
    """The page from its first character to its last."""
    text = cleaned.page.text
    in_order = sorted(pieces, key=lambda piece: piece.start)
    found = [
        Stretch("piece", p.start, p.end, piece=p, turns=p.article != before)
        for before, p in zip([0, *(p.article for p in in_order)], in_order, strict=False)
    ]
    found += [Stretch("furniture", a, b, text[a:b]) for a, b in cleaned.furniture]
    found += [
        Stretch("duplicate", d.start, d.end, text[d.start : d.end], kept=_holder(in_order, d.kept))
        for d in cleaned.duplicates
    ]
    position = 0
    for stretch in sorted(found, key=lambda stretch: stretch.start):
        if stretch.end <= position:  # invisible characters inside a piece, which shows them itself
            continue
        if position < stretch.start:
            yield Stretch("gap", position, stretch.start, text[position : stretch.start])
        yield stretch
        position = stretch.end
    if position < len(text):
        yield Stretch("gap", position, len(text), text[position:])


def _holder(in_order: Sequence[Piece], at: int) -> Piece | None:
    """The piece that has a place of the page."""
    index = bisect_right(in_order, at, key=lambda piece: piece.start) - 1
    return in_order[index] if index >= 0 and at < in_order[index].end else None


def _counts(cleaned: CleanPage) -> dict[str, int]:
    """How many characters that are not blank went where."""
    text = cleaned.page.text
    taken = [(r.page_start, r.page_end) for article in cleaned.articles for r in article.source]
    copies = [(copy.start, copy.end) for copy in cleaned.duplicates]
    return {
        kind: sum(not char.isspace() for start, end in stretches for char in text[start:end])
        for kind, stretches in (
            ("articles", taken),
            ("furniture", cleaned.furniture),
            ("duplicates", copies),
        )
    }
