"""The text layer of a PDF, in reading order.

Characters come with their places on the paper. They are joined into lines, the page is cut into
columns along the white between them, and the lines of a column into blocks by their spacing.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from banmian.characters import is_wide
from banmian.files import FileError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

MAX_PAGES = 500
MAX_PAGE_CHARACTERS = 200_000
MAX_CHARACTERS = 5_000_000

# The search for columns takes the square of these at worst; a real page has far fewer.
_MOST_LINES = 4000
_MOST_ROWS = 600
_DEEPEST_CUT = 40
_GUTTER = 0.7  # all these in widths of a character
_GAP_IN_LINE = 0.65
_GAP_IN_TITLE = 1.6
_SAME_PLACE = 0.12
_TITLE_SIZE = 1.35  # times the size that most of the page has
_WIDE_LEADING = 1.45  # times the leading that most of the column has
_CENTRED = 0.06  # of the width of the region
_UNREADABLE = 0.3
_HYPHENS = ("\x02", "\ufffe", "\u00ad")
_WRONG_PASSWORD = 4  # PDFium's FPDF_ERR_PASSWORD


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


def pdf_text(data: bytes) -> str:
    """The text of a PDF: lines end in a newline, blocks in two, pages are parted by a form feed.

    Raises FileError for a file that has no text layer, is encrypted, damaged or too large.
    """
    try:
        from pypdfium2 import PdfDocument, PdfiumError
    except ImportError as error:
        raise FileError('is a PDF; to read it, pip install "banmian[pdf]"') from error
    try:
        with PdfDocument(data) as document:
            text = "\f".join(_pages(document))
    except PdfiumError as error:
        if error.err_code == _WRONG_PASSWORD:
            raise FileError("is encrypted; save it without its password") from error
        raise FileError("is damaged, or no PDF") from error
    if not text.strip():
        raise FileError("has no text layer (a scan?); run OCR first")
    if text.count("\ufffd") > _UNREADABLE * len(text):
        raise FileError("has fonts that do not say which characters they show; run OCR first")
    return text


def _pages(document: PdfDocument) -> Iterator[str]:
    if len(document) > MAX_PAGES:
        raise FileError(f"has more than {MAX_PAGES} pages; split it")
    total = 0
    for number in range(len(document)):
        page = document[number]
        text = _page_text(page)
        page.close()
        total += len(text)
        if total > MAX_CHARACTERS:
            raise FileError(f"has more than {MAX_CHARACTERS:,} characters; split it")
        yield text


def _page_text(page: PdfPage) -> str:
    layer = page.get_textpage()
    if layer.count_chars() > MAX_PAGE_CHARACTERS:
        raise FileError(f"has a page of more than {MAX_PAGE_CHARACTERS:,} characters")
    turns = _characters(layer)
    layer.close()
    ordered = sorted(turns.values(), key=len, reverse=True)  # the page's own direction first
    return "\n\n".join(filter(None, map(layout_text, ordered)))


def _characters(layer: PdfTextPage) -> dict[int, list[Box]]:
    """The characters of a page by the quarter turn they are set in, turned upright."""
    from pypdfium2 import raw

    turns: dict[int, list[Box]] = {}
    high = ""  # the first half of a character that UTF-16 writes as two
    for index in range(layer.count_chars()):
        if raw.FPDFText_IsGenerated(layer, index) == 1:
            continue
        code = raw.FPDFText_GetUnicode(layer, index)
        if 0xD800 <= code < 0xDC00:
            high = chr(code)
            continue
        char = high + chr(code) if 0xDC00 <= code < 0xE000 else chr(code)
        high = ""
        char = _plain(char, unmapped=raw.FPDFText_HasUnicodeMapError(layer, index) == 1)
        if not char:
            continue
        turn = round(raw.FPDFText_GetCharAngle(layer, index) / (math.pi / 2)) % 4
        place = _upright(layer.get_charbox(index, loose=True), turn)
        if all(map(math.isfinite, place)):
            # The size that the font states leaves out how the page scales it.
            turns.setdefault(turn, []).append(Box(char, *place, size=max(0.1, place[3] - place[1])))
    return turns


def _plain(char: str, *, unmapped: bool) -> str:
    """A character that text may hold, or nothing."""
    if char in _HYPHENS:
        return "-"
    if len(char) == 2:
        char = char.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if unmapped or "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return " " if char.isspace() and char != "\u3000" else char if char >= " " else ""


def _upright(
    place: tuple[float, float, float, float], turn: int
) -> tuple[float, float, float, float]:
    """Left, bottom, right, top as they are after turning the paper back, clockwise turns."""
    left, bottom, right, top = place
    return {
        0: (left, bottom, right, top),
        1: (-top, left, -bottom, right),
        2: (-right, -top, -left, -bottom),
        3: (bottom, -right, top, -left),
    }[turn]


def layout_text(characters: Sequence[Box]) -> str:
    """The text of upright characters, given as the file has them: columns, blocks, lines."""
    lines = list(_join(_lines(_once(characters))))
    if not lines:
        return ""
    if len(lines) > _MOST_LINES:
        return "\n".join(line.text for line in lines)
    lines = _stand_up(lines)
    sizes = Counter[float]()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    body = sizes.most_common(1)[0][0]
    return "\n\n".join(
        "\n".join(block) for column in _columns(lines, body, 0) for block in _blocks(column)
    )


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
    return _overlap(before, after) > 0.5 and -size < gap < _GAP_IN_LINE * size


def _overlap(one: Box, other: Box) -> float:
    """How much of the lower of two boxes stands at the height of the other."""
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    return shared / max(0.1, min(one.top - one.bottom, other.top - other.bottom))


def _join(lines: Iterator[Box]) -> Iterator[Box]:
    """Join pieces of a line that the file has in another order, or far apart in a large title."""
    pieces = sorted(lines, key=lambda line: (line.bottom + line.top, -line.left), reverse=True)
    typical = median(piece.size for piece in pieces) if pieces else 0
    row: list[Box] = []
    for piece in pieces:
        if row and _overlap(row[-1], piece) <= 0.5:
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
    return alike and size > _TITLE_SIZE * typical and 0 < gap < _GAP_IN_TITLE * size


def _stand_up(lines: list[Box]) -> list[Box]:
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


def _columns(lines: Sequence[Box], body: float, depth: int) -> Iterator[list[Box]]:
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
        yield from _columns([line for row in rows[:start] for line in row], body, depth + 1)
    part = [line for row in rows[start:end] for line in row]
    columns: list[list[Box]] = [[] for _ in range(len(gutters) + 1)]
    for line in part:
        columns[bisect(gutters, line.middle)].append(line)
    for column in columns:
        yield from _columns(column, body, depth + 1)
    if end < len(rows):
        yield from _columns([line for row in rows[end:] for line in row], body, depth + 1)


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
    return len(row) > 1 and all(line.size > _TITLE_SIZE * body for line in row)


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
    titles = {at for at in alone if rows[at][0].size > _TITLE_SIZE * body}
    for step in (1, -1):
        for at in sorted(titles):
            beside = at + step
            while beside in alone:
                titles.add(beside)
                beside += step
    return titles


def _blocks(lines: Sequence[Box]) -> Iterator[list[str]]:
    """The texts of a column's lines, cut where the spacing or the size of the type changes."""
    steps = [before.bottom - after.bottom for before, after in pairwise(lines)]
    usual = median(steps) if steps else 0.0
    block: list[str] = []
    before: Box | None = None
    for line in lines:
        if before and _overlap(before, line) > 0.5:
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
