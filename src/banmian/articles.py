"""A page cut into articles in reading order: the steps of cleaning, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from banmian import assembly, duplicates, linking, reading_order
from banmian.assembly import Body
from banmian.association import Association
from banmian.blas import one_thread
from banmian.cleaning import Blanks, Stretch, clean_stretches, clean_text, runs_of
from banmian.fragments import Floats, Fragment, join_wraps, pieces, wrap_probabilities
from banmian.layout import Layout, bundled
from banmian.likeness import Words
from banmian.looks import LONGEST_FURNITURE, NEWS_START, is_furniture
from banmian.reading_order import View
from banmian.roles import CLASSES, role_probabilities
from banmian.types import Article, Block, CleanPage, Duplicate, Joint, Page, Run

# Lines; the largest page simulated has 1,000. So the cost stays linear in the length of a file.
LONGEST_SHEET = 1500
# What words and topics weigh beside grammar in telling which of two copies stands in its place.
_WORDS_COUNT, _TOPICS_COUNT = 10.0, 3.0
JOINT_THRESHOLD = 0.6  # a wrong join is worse than a missed one
_FURNITURE = CLASSES.index("furniture")
_BLANKS_OF_ROLE: dict[str, Blanks] = {
    "byline": "keep", "headline": "couplet", "kicker": "couplet", "subtitle": "couplet",
    "subhead": "couplet",
}  # fmt: skip


def clean_page(page: Page, layout: Layout | None = None) -> CleanPage:
    """Cut a page into articles, by the layout that ships with the package or another.

    Every character of the page that is not blank is in one article's source, or in furniture, or
    in duplicates. Form feeds part sheets; nothing is joined across them.
    """
    layout = layout or bundled()
    articles, copies = list[Article](), list[Duplicate]()
    with one_thread():
        for sheet in _sheets(page.text, layout.association):
            own_articles, own_copies = _clean_sheet(page.text, sheet, layout)
            articles += own_articles
            copies += own_copies
    taken = [(run.page_start, run.page_end) for article in articles for run in article.source]
    taken += [(copy.start, copy.end) for copy in copies]
    return CleanPage(page, tuple(articles), tuple(_rest(page.text, taken)), tuple(copies))


def _sheets(page_text: str, association: Association) -> Iterator[list[Fragment]]:
    """The lines between form feeds; what is far longer than a page, in lengths of pages."""
    lines = pieces(page_text, association)
    ends = [match.start() for match in re.finditer("\f", page_text)] + [len(page_text)]
    start = 0
    for end in ends:
        stop = start
        while stop < len(lines) and lines[stop].start < end:
            stop += 1
        while stop - start > LONGEST_SHEET:
            near_end = range(start + LONGEST_SHEET // 2, start + LONGEST_SHEET)
            cut = max(near_end, key=lambda at: (lines[at].gap, at))
            yield lines[start:cut]
            start = cut
        if stop > start:
            yield lines[start:stop]
        start = stop


def _clean_sheet(
    page_text: str, lines: Sequence[Fragment], layout: Layout
) -> tuple[list[Article], list[Duplicate]]:
    view, copies = look_at(lines, layout)
    body = body_of(view, layout)
    groups = linking.link(assembly.cut(body, layout.begins), body.words, layout.links)
    built = (_build(page_text, assembly.in_order(group)) for group in groups)
    return [article for article in built if article.text], copies


def look_at(lines: Sequence[Fragment], layout: Layout) -> tuple[View, list[Duplicate]]:
    """Undo wraps, set copies aside, tell roles."""
    fragments, joined, copies = undo_wraps(lines, layout)
    return View(fragments, role_probabilities(fragments, joined, layout.roles), joined), copies


def undo_wraps(
    lines: Sequence[Fragment], layout: Layout
) -> tuple[list[Fragment], Floats, list[Duplicate]]:
    """Join the lines that columns wrapped, and set copies aside.

    Returns the fragments, for each but the first how sure it is that it goes on the one before, and
    the copies.
    """
    fragments, joined = join_wraps(lines, layout.association, layout.wraps)
    copy_of = duplicates.find_copies(fragments, lambda: _fits(fragments, joined, layout))
    copies = [
        Duplicate(*place)
        for copy, kept in sorted(copy_of.items())
        for place in duplicates.counterparts(fragments[copy], fragments[kept])
    ]
    if copy_of:
        fragments = [f for at, f in enumerate(fragments) if at not in copy_of]
        joined = wrap_probabilities(fragments, layout.association, layout.wraps)
    return fragments, joined, copies


def _fits(fragments: Sequence[Fragment], joined: Floats, layout: Layout) -> list[float]:
    """How well each fragment goes with those around it: in grammar, and in words.

    It fits where the lines above and below go on with it, and do not go on without it.
    """
    without = np.zeros(len(fragments))
    for first in (0, 1):  # every second fragment, so that those on both sides of one are neighbours
        beside = wrap_probabilities(fragments[first::2], layout.association, layout.wraps)
        without[first + 1 : -1 : 2] = beside
    grammar = np.append(joined, 0.0) + np.concatenate([[0.0], joined]) - without
    words = Words.of([fragment.key for fragment in fragments], layout.rarity, layout.topics)
    shared, topics = assembly.neighbourly(words)
    return list((grammar + _WORDS_COUNT * shared + _TOPICS_COUNT * topics).tolist())


def body_of(view: View, layout: Layout) -> Body:
    """The blocks of a page in reading order, each whole, without furniture."""
    joints = reading_order.find_joints(
        view, layout.association, layout.joints, threshold=JOINT_THRESHOLD
    )
    blocks, roles = reading_order.merge_blocks(view, reading_order.rearrange(view, joints))
    roles = _with_text(blocks, roles)
    kept = [at for at, row in enumerate(roles) if int(row.argmax()) != _FURNITURE]
    fragments = [blocks[at] for at in kept]
    keys = [fragment.key for fragment in fragments]
    return Body(
        fragments,
        roles[kept],
        Words.of(keys, layout.rarity, layout.topics),
        layout.leads.scores(keys),
    )


def _with_text(blocks: Sequence[Fragment], roles: Floats) -> Floats:
    """The roles, where what is too long for furniture, or news, is none.

    Nor is what only might be furniture, where it heads a text that has no other head.
    """
    roles = roles.copy()
    news = [NEWS_START.match(block.text) is not None for block in blocks]
    for at, block in enumerate(blocks):
        if news[at] or len(block.text) > LONGEST_FURNITURE:
            roles[at, _FURNITURE] = 0.0
    for at in range(len(blocks) - 1):
        maybe = int(roles[at].argmax()) == _FURNITURE and not is_furniture(blocks[at].text)
        bare = CLASSES[int(roles[at + 1].argmax())] in ("paragraph", "byline")
        if maybe and bare and (at == 0 or news[at + 1]):
            roles[at, _FURNITURE] = 0.0
    return roles


def _build(page_text: str, blocks: Sequence[tuple[str, Fragment]]) -> Article:
    text, placed, source, joints = "", list[Block](), list[Run](), list[Joint]()
    for role, fragment in blocks:
        blanks = _BLANKS_OF_ROLE.get(role, "drop")
        stretches = clean_stretches(page_text, fragment.stretches, blanks=blanks)
        if not stretches:
            continue
        if text:
            text += "\n"
        start = len(text)
        joints += _joints(page_text, fragment, stretches, start)
        source += runs_of(stretches, start)
        text += clean_text(page_text, stretches)
        placed.append(Block(role, start, len(text)))
    return Article(text, tuple(placed), tuple(source), tuple(joints))


def _joints(
    page_text: str, fragment: Fragment, stretches: Sequence[Stretch], text_start: int
) -> Iterator[Joint]:
    """Where text from separate places meets; the wraps of a column are not worth telling."""
    for (_, above), (below, _), sure in zip(
        fragment.stretches, fragment.stretches[1:], fragment.joints, strict=False
    ):
        between = page_text[above:below]
        next_line = below > above and not between.strip() and len(between.splitlines()) <= 2
        if not next_line:
            for run in runs_of(stretches, text_start):
                if run.page_start <= below < run.page_end:
                    yield Joint(run.start + below - run.page_start, sure)


def _rest(page_text: str, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What no article took: lines of furniture, marks of Markdown, invisible characters."""
    position = 0
    for start, end in [*sorted(taken), (len(page_text), len(page_text))]:
        for match in re.finditer(r"\S(?:[^\n\r\f]*\S)?", page_text[position:start]):
            yield position + match.start(), position + match.end()
        position = max(position, end)
