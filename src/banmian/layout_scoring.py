"""How well a page was cut into articles, against gold: places, order, duplicates, roles.

Everything is counted on characters of the page that are not blank, so that two ways to cut the
same page compare whatever their blocks look like.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

from banmian.scoring import NOTHING, Counts
from banmian.types import ROLES, Article, CleanPage

LINE_ENDS = frozenset("\n\r\f\v\x1c\x1d\x1e\x85\u2028\u2029")
MARKS = frozenset("#-*>")
_SHARE_FOUND = 0.8  # so much of a duplicate must be marked for it to count as found


@dataclass(frozen=True)
class LayoutCounts:
    """Hits against gold and predictions, for one page or many.

    ``characters``: of articles, in the right article. ``joints``: one character follows another
    across a line's end, in the right order. ``joins``: the same inside one block, so that a wrong
    join costs precision. ``duplicates``: passages. ``furniture``: characters, marks of Markdown
    aside. ``roles``: by role, the pieces of lines that gold gives one role. ``lost``: characters
    that stand in no place or in two.
    """

    characters: Counts = NOTHING
    joints: Counts = NOTHING
    joins: Counts = NOTHING
    duplicates: Counts = NOTHING
    furniture: Counts = NOTHING
    roles: dict[str, Counts] = field(default_factory=dict)
    lost: int = 0

    def __add__(self, other: LayoutCounts) -> LayoutCounts:
        """The counts of both together."""
        return LayoutCounts(
            characters=self.characters + other.characters,
            joints=self.joints + other.joints,
            joins=self.joins + other.joins,
            duplicates=self.duplicates + other.duplicates,
            furniture=self.furniture + other.furniture,
            roles={
                role: self.roles.get(role, NOTHING) + other.roles.get(role, NOTHING)
                for role in (*ROLES, "furniture")
                if role in self.roles or role in other.roles
            },
            lost=self.lost + other.lost,
        )

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "characters_in_right_article": self.characters.as_row(),
            "joints": self.joints.as_row(),
            "joins": self.joins.as_row(),
            "duplicates": self.duplicates.as_row(),
            "furniture": self.furniture.as_row(),
            "roles": {role: counts.as_row() for role, counts in self.roles.items()},
            "lost_characters": self.lost,
        }


def total(counts: Iterable[LayoutCounts]) -> LayoutCounts:
    """The counts of many pages together."""
    return reduce(lambda a, b: a + b, counts, LayoutCounts())


@dataclass(frozen=True)
class Place:
    """Where a character of the page went: which article, which block of it, in which role."""

    article: int
    block: int
    role: str


def score_layout(gold: CleanPage, found: CleanPage) -> LayoutCounts:
    """Hold one way to cut a page against another. Raises ValueError where the pages differ."""
    if gold.page.text != found.page.text:
        raise ValueError("the pages differ")
    text = gold.page.text
    wanted, given = places(gold), places(found)
    gold_joints, found_joints = set(_joints(gold)), set(_joints(found))
    return LayoutCounts(
        _characters(wanted, given),
        _shared({pair[:2] for pair in gold_joints}, {pair[:2] for pair in found_joints}),
        _shared({p for p in gold_joints if p[2]}, {p for p in found_joints if p[2]}),
        _duplicates(gold, found),
        _shared(furniture_letters(gold), furniture_letters(found)),
        _roles(text, wanted, given, furniture_letters(gold), furniture_letters(found)),
        _lost(found, given),
    )


def _shared(gold: set[Any], found: set[Any]) -> Counts:
    return Counts(len(gold & found), len(gold), len(found))


def letters(page_text: str, article: Article) -> Iterator[tuple[int, int]]:
    """(place in the clean text, place on the page) of each character that is not blank."""
    for run in article.source:
        for at in range(run.page_start, run.page_end):
            if not page_text[at].isspace():
                yield run.start + at - run.page_start, at


def block_numbers(article: Article) -> list[int]:
    """The number of the block that each character of an article stands in."""
    numbers = [0] * (len(article.text) + 1)
    for number, block in enumerate(article.blocks):
        numbers[block.start : block.end] = [number] * (block.end - block.start)
    return numbers


def places(page: CleanPage) -> dict[int, Place]:
    """Where each character of the page that belongs to an article went, by its offset."""
    found = {}
    for number, article in enumerate(page.articles):
        block_of = block_numbers(article)
        shared = [Place(number, at, block.role) for at, block in enumerate(article.blocks)]
        for at, on_page in letters(page.page.text, article):
            found[on_page] = shared[block_of[at]]
    return found


def _characters(wanted: dict[int, Place], given: dict[int, Place]) -> Counts:
    """Articles are paired one to one so that they share as many characters as they can."""
    from scipy.optimize import linear_sum_assignment

    shared = Counter(
        (place.article, given[at].article) for at, place in wanted.items() if at in given
    )
    if not shared:
        return Counts(0, len(wanted), len(given))
    table = np.zeros([1 + max(pair[side] for pair in shared) for side in (0, 1)])
    for pair, count in shared.items():
        table[pair] = count
    hits = int(table[linear_sum_assignment(table, maximize=True)].sum())
    return Counts(hits, len(wanted), len(given))


def _joints(page: CleanPage) -> Iterator[tuple[int, int, bool]]:
    """(page offset, page offset of what follows it across a line's end, in the same block)."""
    text = page.page.text
    for article in page.articles:
        block_of = block_numbers(article)
        own = list(letters(text, article))
        for (at, here), (after, there) in pairwise(own):
            between = text[here + 1 : there]
            if there < here or between.strip() or not LINE_ENDS.isdisjoint(between):
                yield here, there, block_of[at] == block_of[after]


def _duplicates(gold: CleanPage, found: CleanPage) -> Counts:
    def copies(page: CleanPage) -> list[set[int]]:
        text = page.page.text
        return [
            {at for at in range(start, end) if not text[at].isspace()}
            for start, end, _ in page.duplicates
        ]

    wanted, given = copies(gold), copies(found)
    every = set[int]().union(*given)
    hits = sum(len(own & every) >= _SHARE_FOUND * len(own) for own in wanted)
    wrong = set[int]().union(*given) - set[int]().union(*wanted)
    spurious = sum(len(own & wrong) > len(own) / 2 for own in given)
    return Counts(hits, len(wanted), hits + spurious)


def furniture_letters(page: CleanPage) -> set[int]:
    """The offsets of furniture, blanks and marks of Markdown aside."""
    text = page.page.text
    return {
        at
        for start, end in page.furniture
        for at in range(start, end)
        if not text[at].isspace() and not MARKS.issuperset(text[start:end])
    }


def _roles(
    text: str,
    wanted: dict[int, Place],
    given: dict[int, Place],
    furniture: set[int],
    found_furniture: set[int],
) -> dict[str, Counts]:
    """Counts by role over the pieces of lines to which gold gives one role."""
    hits, gold, predicted = Counter[str](), Counter[str](), Counter[str]()
    for role, places in _pieces(text, wanted, furniture):
        gold[role] += 1
        votes = Counter(
            "furniture" if at in found_furniture else given[at].role if at in given else "duplicate"
            for at in places
        )
        most = votes.most_common(1)[0][0]
        predicted[most] += 1
        hits[role] += most == role
    return {
        role: Counts(hits[role], gold[role], predicted[role])
        for role in (*ROLES, "furniture")
        if gold[role] or predicted[role]
    }


def _pieces(
    text: str, wanted: dict[int, Place], furniture: set[int]
) -> Iterator[tuple[str, Sequence[int]]]:
    piece: list[int] = []
    key: object = None
    role = ""
    for at, char in enumerate(text):
        if char.isspace() and char not in LINE_ENDS:
            continue
        place = wanted.get(at)
        now = None if char in LINE_ENDS else place or ("furniture" if at in furniture else None)
        if now != key:
            if piece:
                yield role, piece
            piece, key = [], now
        if now is not None:
            piece.append(at)
            role = place.role if place else "furniture"
    if piece:
        yield role, piece


def _lost(found: CleanPage, given: dict[int, Place]) -> int:
    """How many characters stand in no place, or in two."""
    text = found.page.text
    times = Counter(given)
    times.clear()
    for article in found.articles:
        times.update(at for _, at in letters(text, article))
    for start, end in [*found.furniture, *((d.start, d.end) for d in found.duplicates)]:
        times.update(at for at in range(start, end) if not text[at].isspace())
    return sum(times[at] != 1 for at, char in enumerate(text) if not char.isspace())
