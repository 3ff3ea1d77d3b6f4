"""Lines of a paper into columns, along the white between them, and columns into blocks."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from banmian.pdf_lines import TITLE_SIZE, Box, overlap

# The search for columns takes the square of these at worst; a real page has far fewer.
_MOST_ROWS = 600
_DEEPEST_CUT = 40
_GUTTER = 0.7  # in widths of a character
_WIDE_LEADING = 1.45  # times the leading that most of the column has
_CENTRED = 0.06  # of the width of the region


def columns_of(lines: Sequence[Box], body: float, depth: int = 0) -> Iterator[list[Box]]:
    """Cut a region along its white until single columns are left, in reading order.

    The largest part of the region that has a gutter from its top to its bottom is cut into the
    columns beside it; what stands above that part is read before, what stands below after.
    """
    rows = _rows(lines)
    start, end, gutters = _columned_part(rows, body) if depth < _DEEPEST_CUT else (0, 0, [])
    if not gutters:
        yield [line for row in rows for line in sorted(row, key=lambda line: line.left)]
        return
    if start:
        yield from columns_of([line for row in rows[:start] for line in row], body, depth + 1)
    part = [line for row in rows[start:end] for line in row]
    columns: list[list[Box]] = [[] for _ in range(len(gutters) + 1)]
    for line in part:
        columns[bisect(gutters, line.middle)].append(line)
    for column in columns:
        yield from columns_of(column, body, depth + 1)
    if end < len(rows):
        yield from columns_of([line for row in rows[end:] for line in row], body, depth + 1)


def _rows(lines: Sequence[Box]) -> list[list[Box]]:
    """Lines in groups, from the top, that a straight cut across the region parts."""
    rows: list[list[Box]] = []
    floor = math.inf
    for line in sorted(lines, key=lambda line: -line.top):
        # Boxes of tight lines touch: a fifth of a line may reach into the next one.
        if rows and line.top - 0.2 * line.size > floor:
            rows[-1].append(line)
            floor = min(floor, line.bottom)
        else:
            rows.append([line])
            floor = line.bottom
    return rows


def _columned_part(rows: Sequence[Sequence[Box]], body: float) -> tuple[int, int, list[float]]:
    """The rows that hold most text and have a gutter in common, and the middles of the gutters."""
    if len(rows) > _MOST_ROWS:
        return 0, 0, []
    titles = _titles(rows, body)
    heads = {at for at, row in enumerate(rows) if _is_row_of_titles(row, body)}
    outline = _outline(rows)
    weights = [sum(len(line.text) for line in row) for row in rows]
    best, best_weight = (0, 0, list[float]()), 0
    for start in range(len(rows)):
        if sum(weights[start:]) <= best_weight:
            break
        end, taken = _parted_from(rows, start, titles | (heads - {start}), outline, body)
        weight = sum(weights[start:end])
        if weight > best_weight:
            gutters = _gutters([line for row in rows[start:end] for line in row], taken)
            if gutters:
                best, best_weight = (start, end, gutters), weight
    return best


def _parted_from(
    rows: Sequence[Sequence[Box]],
    start: int,
    borders: set[int],
    outline: tuple[float, float],
    body: float,
) -> tuple[int, list[tuple[float, float]]]:
    """How far down from a row there is a gutter, and the stretches of the width beside it."""
    found: tuple[int, list[tuple[float, float]]] = (start, [])
    taken: list[tuple[float, float]] = []
    for at in range(start, len(rows)):
        if at in borders:
            break
        taken = _merge([*taken, *((line.left, line.right) for line in rows[at])], body)
        if len(taken) > 1:
            found = (at + 1, taken)
        elif max(taken[0][0] - outline[0], outline[1] - taken[0][1]) <= _GUTTER * body:
            break  # no line further down can stand beside these
    return found


def _outline(rows: Sequence[Sequence[Box]]) -> tuple[float, float]:
    """The left and the right of a region."""
    lines = [line for row in rows for line in row]
    return min(line.left for line in lines), max(line.right for line in lines)


def _gutters(lines: Sequence[Box], taken: Sequence[tuple[float, float]]) -> list[float]:
    """The middles of the gaps; bullets and numbers are no column but stand before one."""
    lefts = [left for left, _ in taken]
    columns = {bisect(lefts, line.middle) for line in lines if len(line.text) > 2}
    return [
        (right + following) / 2
        for number, ((_, right), (following, _)) in enumerate(pairwise(taken), 1)
        if number in columns
    ]


def _merge(stretches: Sequence[tuple[float, float]], body: float) -> list[tuple[float, float]]:
    """Stretches of the width that text takes, those less than a gutter apart made one."""
    merged: list[tuple[float, float]] = []
    for left, right in sorted(stretches):
        if merged and left - merged[-1][1] < _GUTTER * body:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged


def _is_row_of_titles(row: Sequence[Box], body: float) -> bool:
    """Whether articles begin side by side: what stands above goes on in none of their columns."""
    return len(row) > 1 and all(line.size > TITLE_SIZE * body for line in row)


def _titles(rows: Sequence[Sequence[Box]], body: float) -> set[int]:
    """Rows that head the whole region: alone and centred, large or beside one that is.

    They cut the columns even where they are too short to reach across a gutter.
    """
    left, right = _outline(rows)
    middle, tolerance = (left + right) / 2, _CENTRED * (right - left)
    alone = {
        at
        for at, row in enumerate(rows)
        if len(row) == 1
        and abs(row[0].middle - middle) < tolerance
        and row[0].right - row[0].left < 0.9 * (right - left)
    }
    titles = {at for at in alone if rows[at][0].size > TITLE_SIZE * body}
    for step in (1, -1):
        for at in sorted(titles):
            beside = at + step
            while beside in alone:
                titles.add(beside)
                beside += step
    return titles


def blocks_of(lines: Sequence[Box]) -> Iterator[list[str]]:
    """The texts of a column's lines, cut where the spacing or the size of the type changes."""
    steps = [before.bottom - after.bottom for before, after in pairwise(lines)]
    usual = median(steps) if steps else 0.0
    block: list[str] = []
    before: Box | None = None
    for line in lines:
        if before and overlap(before, line) > 0.5:
            block[-1] += " " + line.text
        elif before and _new_block(before, line, usual):
            yield block
            block = [line.text]
        else:
            block.append(line.text)
        before = line
    if block:
        yield block


def _new_block(before: Box, after: Box, usual: float) -> bool:
    smaller, larger = sorted((before.size, after.size))
    if larger > 1.15 * smaller:
        return True
    # A column of few lines has no usual leading: then a gap of a line's height parts blocks.
    step = before.bottom - after.bottom
    return step > _WIDE_LEADING * max(min(usual, 2 * larger), larger) or step < 0
