"""Characters of a paper into lines: copies left out, pieces joined, standing titles put upright."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from banmian.characters import is_wide

TITLE_SIZE = 1.35  # times the size that most of the page has
_GAP_IN_LINE = 0.65  # in widths of a character, as is what follows
_GAP_IN_TITLE = 1.6
_SAME_PLACE = 0.12


class Box(NamedTuple):
    """Text and where it stands, in points, the origin at the lower left."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float

    @property
    def middle(self) -> float:
        """Half way between its left and right."""
        return (self.left + self.right) / 2


def lines_of(characters: Sequence[Box]) -> list[Box]:
    """The lines of upright characters, given as the file has them, from the top."""
    return list(_join(_lines(_once(characters))))


def _once(characters: Sequence[Box]) -> Iterator[Box]:
    """Without the copies that a page prints over a character to make it bold or cast a shadow."""
    seen: set[tuple[str, int, int]] = set()
    for char in characters:
        if char.text.isspace():
            yield char
            continue
        cell = _SAME_PLACE * char.size
        x, y = round(char.left / cell), round(char.bottom / cell)
        if not any((char.text, x + i, y + j) in seen for i in (-1, 0, 1) for j in (-1, 0, 1)):
            seen.add((char.text, x, y))
            yield char


def _lines(characters: Iterator[Box]) -> Iterator[Box]:
    """Join characters that follow each other in the file and on the paper."""
    line: list[Box] = []
    for char in characters:
        if line and not _follows(line[-1], char):
            yield from _line(line)
            line = []
        line.append(char)
    yield from _line(line)


def _line(parts: Sequence[Box]) -> Iterator[Box]:
    """One box around parts that stand side by side, none where they are blank."""
    text, previous = "", None
    for part in parts:
        apart = previous and part.left - previous.right > 0.25 * part.size
        blank_beside = text[-1:].isspace() or part.text[:1].isspace()
        text += (" " if apart and not blank_beside else "") + part.text
        previous = part
    inked = [part for part in parts if not part.text.isspace()]
    if inked:
        yield Box(
            text.strip(),
            min(part.left for part in inked),
            min(part.bottom for part in inked),
            max(part.right for part in inked),
            max(part.top for part in inked),
            median(part.size for part in inked),
        )


def _follows(before: Box, after: Box) -> bool:
    """Whether a part goes on the line of another: the same height, near behind it."""
    size = max(before.size, after.size)
    gap = after.left - before.right
    return overlap(before, after) > 0.5 and -size < gap < _GAP_IN_LINE * size


def overlap(one: Box, other: Box) -> float:
    """How much of the lower of two boxes stands at the height of the other."""
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    return shared / max(0.1, min(one.top - one.bottom, other.top - other.bottom))


def _join(lines: Iterator[Box]) -> Iterator[Box]:
    """Join pieces of a line that the file has in another order, or far apart in a large title."""
    pieces = sorted(lines, key=lambda line: (line.bottom + line.top, -line.left), reverse=True)
    typical = median(piece.size for piece in pieces) if pieces else 0
    row: list[Box] = []
    for piece in pieces:
        if row and overlap(row[-1], piece) <= 0.5:
            yield from _join_row(row, typical)
            row = []
        row.append(piece)
    yield from _join_row(row, typical)


def _join_row(row: list[Box], typical: float) -> Iterator[Box]:
    group: list[Box] = []
    for piece in sorted(row, key=lambda piece: piece.left):
        if group and not _belong(group[-1], piece, typical):
            yield from _line(group)
            group = []
        group.append(piece)
    yield from _line(group)


def _belong(before: Box, after: Box, typical: float) -> bool:
    if _follows(before, after):
        return True
    size = min(before.size, after.size)
    gap = after.left - before.right
    alike = size > 0.8 * max(before.size, after.size)
    return alike and size > TITLE_SIZE * typical and 0 < gap < _GAP_IN_TITLE * size


def stand_up(lines: list[Box]) -> list[Box]:
    """Join single characters that stand below each other: a title set from top to bottom."""
    singles = [line for line in lines if len(line.text) == 1 and is_wide(line.text)]
    rest = [line for line in lines if not (len(line.text) == 1 and is_wide(line.text))]
    while singles:
        stack = [singles.pop(0)]
        for line in list(singles):
            last = stack[-1]
            below = 0 < last.top - line.top < 2 * last.size
            if below and abs(last.middle - line.middle) < 0.3 * last.size:
                stack.append(line)
                singles.remove(line)
        if len(stack) < 3:
            rest += stack
        else:
            outline = next(_line(stack))
            rest.append(outline._replace(text="".join(line.text for line in stack)))
    return rest
