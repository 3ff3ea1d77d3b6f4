"""Articles set as boxes on a page: titles, bylines, columns, pictures, and how their order is lost.

A character travels as a cell: itself and the number of the authored character that it is. So
whatever happens to the boxes, each character's origin stays known.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

Cell = tuple[str, int]

BLANK = -1  # the origin of what only the layout put there
FURNITURE = -2
COPY = -3

_NO_LINE_START = frozenset("，。、；：！？”’）》】…,.;:!?)")


@dataclass
class Piece:
    """What an extractor emits as one paragraph: a block of an article, or a part of one.

    ``fresh`` says that it begins its block, ``glue`` what joins it to the line before it (None:
    it has a line of its own), ``gap`` how many empty lines stand before it (-1: as the page has
    them), ``copy_of`` the origin that it repeats.
    """

    cells: list[Cell]
    role: str
    fresh: bool = True
    mark: str = ""
    gap: int = -1
    glue: str | None = None
    copy_of: int = BLANK

    @property
    def text(self) -> str:
        """Its characters."""
        return "".join(char for char, _ in self.cells)


@dataclass(eq=False)
class Box:
    """Pieces that an extractor emits together. ``kind``: head, byline, column, picture, other."""

    kind: str
    article: int
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True)
class Setting:
    """How an article is set: the width of its columns, their capacity, how often borders show."""

    width: int
    capacity: int
    visible: float


def split_piece(piece: Piece, at: int) -> tuple[Piece, Piece]:
    """The two parts of a piece; a blank at the border stays with the first."""
    if at < len(piece.cells) and piece.cells[at][0].isspace():
        at += 1
    return (
        replace(piece, cells=piece.cells[:at]),
        replace(piece, cells=piece.cells[at:], fresh=False, mark="", gap=-1, glue=None),
    )


def line_ends(cells: Sequence[Cell], width: int, first: int) -> list[int]:
    """Where the lines of a column end; ASCII is half as wide, closing marks start no line."""
    ends: list[int] = []
    room = 2 * first
    for at, (char, _) in enumerate(cells):
        size = 1 if char < "\x7f" else 2
        if size > room and char not in _NO_LINE_START and not char.isspace():
            inside = char.isascii() and char.isalnum() and _is_word(cells[at - 1][0])
            if not inside or room < -8:  # a number goes over the edge by some digits, no further
                ends.append(at)
                room = 2 * width
        room -= size
    ends.append(len(cells))
    return ends


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def into_columns(pieces: Iterable[Piece], how: Setting, rng: random.Random) -> list[list[Piece]]:
    """Flow pieces through columns; paragraphs are cut at line ends where a border shows."""
    columns: list[list[Piece]] = [[]]
    room = rng.randint(how.capacity // 4, how.capacity)
    for piece in pieces:
        rest = piece
        while rest.role == "paragraph" and len(rest.cells) > room:
            ends = line_ends(rest.cells, how.width, how.width - 2 if rest.fresh else how.width)
            lines = [end for end in ends[:-1] if end <= max(room, ends[0])]
            room += rng.randint(how.capacity // 2, how.capacity)
            if lines and rng.random() < how.visible:
                left, rest = split_piece(rest, lines[-1])
                columns[-1].append(left)
                columns.append([])
                room -= len(left.cells)
        columns[-1].append(rest)
        room -= len(rest.cells)
        if room <= 0:
            room = how.capacity
            if rng.random() < how.visible:
                columns.append([])
    return [column for column in columns if column]


def sections_first(
    pieces: Sequence[Piece], how: Setting, rng: random.Random
) -> list[list[Piece]] | None:
    """The heads of sections that stand side by side, each with some lines, then their rests.

    None where the article has no two sections. The rest of the last may be lost.
    """
    starts = [at for at, piece in enumerate(pieces) if piece.role == "subhead"]
    starts = [at for at in starts if at + 1 < len(pieces) and pieces[at + 1].role == "paragraph"]
    if len(starts) < 2:
        return None
    heads: list[Piece] = []
    rests: list[list[Piece]] = [list(pieces[: starts[0]])]
    for start, end in pairwise([*starts, len(pieces)]):
        opening = pieces[start + 1]
        ends = line_ends(opening.cells, how.width, how.width - 2)
        heads.append(pieces[start])
        rest = list(pieces[start + 2 : end])
        if len(ends) > 1:
            opening, tail = split_piece(opening, rng.choice(ends[:-1]))
            rest.insert(0, tail)
        heads.append(opening)
        rests.append(rest)
    if rng.random() < 0.3:
        rests.pop()
    return [column for column in [rests[0], heads, *rests[1:]] if column]


def halve(piece: Piece, rng: random.Random) -> tuple[Piece, Piece] | None:
    """The two lines of a title or byline that has a blank; None where it has none."""
    places = [at for at, (char, _) in enumerate(piece.cells) if char.isspace()]
    if not places or len(piece.cells) < 6:
        return None
    left, right = split_piece(piece, rng.choice(places))
    return left, replace(right, gap=piece.gap)


def halve_titles(box: Box, rng: random.Random, *, gap: int) -> None:
    """Set one title of a box in two lines."""
    titles = [at for at, piece in enumerate(box.pieces) if " " in piece.text]
    if not titles:
        return
    at = rng.choice(titles)
    halves = halve(box.pieces[at], rng)
    if halves:
        box.pieces[at : at + 1] = [halves[0], replace(halves[1], gap=gap)]


def stray_line(piece: Piece, width: int, rng: random.Random) -> None:
    """Let the first line of a paragraph slip some lines down, as an uneven scan is read."""
    ends = line_ends(piece.cells, width, width - 2 if piece.fresh else width)
    if len(ends) < 4:
        return
    to = rng.choice(ends[1:-1])
    piece.cells[:to] = piece.cells[ends[0] : to] + piece.cells[: ends[0]]
