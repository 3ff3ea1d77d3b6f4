"""Blocks in reading order, cut into parts where an article may begin, and the parts of one in order.

Which parts are of one article, ``linking`` tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from banmian.fragments import Fragment, border_scores
from banmian.likeness import Words
from banmian.looks import PHOTO_CREDIT
from banmian.network import Network
from banmian.roles import CLASSES, TITLES
from banmian.types import HEAD_ROLES

Floats = NDArray[np.float64]

BEGINS, GOES_ON = "begins", "goes on"
REACH, FAR = 3, 8  # blocks on either side whose words are compared
_BEGINS = 0.15  # far below even: what was cut in vain is linked again
_ROLE = {role: number for number, role in enumerate(CLASSES)}


@dataclass(frozen=True, eq=False)
class Body:
    """The blocks of a page in reading order, without furniture, and what is known of them."""

    fragments: Sequence[Fragment]
    roles: Floats  # (fragments, CLASSES)
    words: Words
    leads: Floats  # how like the beginning of an article each begins


@dataclass(frozen=True, eq=False)
class Part:
    """Blocks one below the other that are of one article."""

    numbers: tuple[int, ...]  # of the blocks
    roles: tuple[str, ...]
    fragments: tuple[Fragment, ...]
    chances: Floats  # (fragments, CLASSES)
    begins: float  # how sure it is that an article begins with it
    lead: float  # how like the beginning of an article its first paragraph begins

    def has(self, *roles: str) -> bool:
        """Whether a block of it has one of these roles."""
        return any(role in roles for role in self.roles)

    @cached_property
    def body(self) -> int:
        """How many characters its paragraphs have."""
        return sum(
            len(f.key) for f, r in zip(self.fragments, self.roles, strict=True) if r == "paragraph"
        )

    @cached_property
    def head_numbers(self) -> list[int]:
        """The numbers of its titles."""
        pairs = zip(self.numbers, self.roles, strict=True)
        return [number for number, role in pairs if role in TITLES]


def in_order(parts: Sequence[Part]) -> list[tuple[str, Fragment]]:
    """The blocks of an article with their roles: heads first, bylines below them, then the text.

    An article has one head. What looks like another one further down heads a section, where text
    follows it or its Markdown level is lower, or is what it resembles next best.
    """
    headed = [part for part in parts if part.has("headline") and part.body]
    main = headed[0] if headed else max(parts, key=lambda part: part.body)
    top, below_text = _top_level(parts), False
    head, bylines, rest, loose = [], [], [], []
    for part, below in zip(parts, [*parts[1:], None], strict=True):
        above_text, section = True, _heads_section(part, below)
        own_head = part is main or not (main.has("headline") and part.body)
        for role, fragment, chances in zip(part.roles, part.fragments, part.chances, strict=True):
            above_text = above_text and role in (*HEAD_ROLES, "byline")
            lower = below_text and role == "headline" and fragment.level > top > 0
            second = role == "headline" and part is not main and main.has("headline")
            if lower or (second and (part.body or section)):
                own = "subhead"
            else:
                own = _next_best(chances) if second else role
            if own in HEAD_ROLES and above_text and own_head:
                head.append((own, fragment))
            elif own == "byline" and above_text and not PHOTO_CREDIT.search(fragment.key):
                bylines.append((own, fragment))
            elif part is main or part.body or section or lower:
                rest.append((own, fragment))
            else:
                loose.append((own, fragment))
            below_text = below_text or role == "paragraph"
    return [*sorted(head, key=lambda block: HEAD_ROLES.index(block[0])), *bylines, *rest, *loose]


def _top_level(parts: Sequence[Part]) -> int:
    """The highest level of Markdown that a headline of an article has; 0 where none has any."""
    levels = [
        fragment.level
        for part in parts
        for role, fragment in zip(part.roles, part.fragments, strict=True)
        if role == "headline" and fragment.level
    ]
    return min(levels, default=0)


def _heads_section(part: Part, below: Part | None) -> bool:
    """Whether a part ends on a title right above text of the same article."""
    return (
        below is not None
        and below.body > 0
        and below.numbers[0] == part.numbers[-1] + 1
        and below.roles[0] == "paragraph"
        and part.roles[-1] in TITLES
    )


def _next_best(chances: Floats) -> str:
    allowed = [_ROLE[role] for role in ("kicker", "subtitle", "caption", "subhead")]
    return CLASSES[max(allowed, key=lambda column: chances[column])]


def neighbourly(words: Words) -> tuple[Floats, Floats]:
    """How well each text goes with those around it: by its words, rare ones first, and by topic.

    The first is the share of its words that those around it have too.
    """
    count = len(words.texts.topics)
    around = words.together([[*_above(at), *_below(at, count)] for at in range(count)])
    found = words.compare(words.texts, around)
    return found.coverage[1], found.topics


def _above(at: int, reach: int = REACH) -> range:
    return range(max(0, at - reach), at)


def _below(at: int, count: int, reach: int = REACH) -> range:
    return range(at + 1, min(count, at + 1 + reach))


def begin_features(body: Body) -> Floats:
    """One row for each block but the first: whether an article begins with it."""
    fragments, roles, leads = body.fragments, body.roles, body.leads
    count = len(fragments)
    looks = np.array([fragment.look for fragment in fragments])
    borders = border_scores(fragments)
    levels = np.array([fragment.level for fragment in fragments])
    gaps = np.array([min(4, fragment.gap) for fragment in fragments])
    top = levels[levels > 0].min() if levels.any() else 0
    starts = np.array([fragment.start for fragment in fragments])
    ends = np.array([fragment.stretches[-1][1] for fragment in fragments])
    jumps = starts[1:] - ends[:-1]
    at = np.arange(1, count)
    shape = [
        *_word_columns(body.words),
        leads[1:],
        leads[:-1],
        np.append(leads[2:], 0),
        gaps[1:],
        np.append(gaps[2:], 4),
        levels[1:],
        (levels[1:] > 0) & (levels[1:] == top),
        levels[1:] > top,
        levels[:-1],
        np.append(levels[2:], 0),
        np.full(count - 1, (levels > 0).mean()),
        (jumps >= 0) & (jumps <= 8),
        np.full(count - 1, math.log1p(count)),
        np.minimum(6, at),
        np.minimum(6, count - at),
    ]
    padded = np.vstack([np.zeros((3, len(CLASSES))), roles, np.zeros((3, len(CLASSES)))])
    around = [padded[3 + by + 1 : 3 + by + count] for by in (-3, -2, -1, 0, 1, 2, 3)]
    return np.hstack([np.stack(shape, axis=1), *around, looks[1:], looks[:-1], borders[1:]])


def _word_columns(words: Words) -> list[Floats]:
    """For each block but the first how its words, and those below, go with those above."""
    count = len(words.texts.topics)
    blocks = range(1, count)
    own, before = [[at] for at in blocks], [[at - 1] for at in blocks]
    above, below = [_above(at) for at in blocks], [_below(at, count) for at in blocks]
    from_here = [[at, *_below(at, count)] for at in blocks]
    far_above = [_above(at, FAR) for at in blocks]
    far_below = [[at, *_below(at, count, FAR)] for at in blocks]
    one = [*above, *above, *far_above, *own, *own, *own, *before]
    other = [*from_here, *below, *far_below, *above, *below, *far_above, *from_here]
    found = words.compare(words.together(one), words.together(other))
    likeness, coverage, topics = (
        np.stack(columns).reshape(len(columns), -1, count - 1)
        for columns in (found.likeness, found.coverage, [found.topics])
    )
    near, beside, far, *others = topics[0]
    return [
        *np.concatenate(list(likeness[:, :3].swapaxes(0, 1))),
        *np.concatenate(list(coverage[:, 3:].swapaxes(0, 1))),
        near,
        *_beside(near),
        far,
        *_beside(far),
        np.full(count - 1, far.mean()),
        beside,
        *others,
    ]


def _beside(column: Floats) -> list[Floats]:
    """How much more each value is than the one before, and the one behind."""
    return [
        column - np.append(column[:1], column[:-1]),
        column - np.append(column[1:], column[-1:]),
    ]


def cut(body: Body, network: Network) -> list[Part]:
    """Cut a page's blocks where the network says that an article begins.

    A head (titles and what stands between them) is parted from what stands below it where a head
    alone stands above: whose the text is will be told by its words.
    """
    fragments, roles = body.fragments, body.roles
    if not fragments:
        return []
    begins = [0.0]
    if len(fragments) > 1:
        sure = network.probabilities(begin_features(body))
        begins += sure[:, network.classes.index(BEGINS)].tolist()
    names = [CLASSES[int(row.argmax())] for row in roles]
    starts = [at for at, sure in enumerate(begins) if at == 0 or sure > _BEGINS]
    borders = list[int]()
    above_bare = False
    for start, end in zip(starts, [*starts[1:], len(fragments)], strict=True):
        head_end = _head_end(names, start, end)
        borders.append(start)
        if above_bare and start < head_end < end:
            borders.append(head_end)
        own = names[borders[-1] : end]
        above_bare = "headline" in own and "paragraph" not in own
    parts = []
    for start, end in zip(borders, [*borders[1:], len(fragments)], strict=True):
        own = names[start:end]
        first = start + own.index("paragraph") if "paragraph" in own else None
        parts.append(
            Part(
                numbers=tuple(range(start, end)),
                roles=tuple(own),
                fragments=tuple(fragments[start:end]),
                chances=roles[start:end],
                begins=begins[start],
                lead=0.0 if first is None else float(body.leads[first]),
            )
        )
    return parts


def _head_end(names: Sequence[str], start: int, end: int) -> int:
    at = start
    while at < end and names[at] in (*HEAD_ROLES, "byline"):
        at += 1
    return at
