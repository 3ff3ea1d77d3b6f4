"""A simulated page written out line by line, each character with its origin."""

from __future__ import annotations

import random
from collections.abc import Sequence

from banmian.layout_noise.boxes import (
    BLANK,
    COPY,
    FURNITURE,
    Box,
    Cell,
    Piece,
    line_ends,
)
from banmian.layout_noise.settings import Sheet
from banmian.roles import TITLES

_ONE_LINE = (*TITLES, "byline", "furniture")


class Writer:
    """Cells of a page. A blank that its author set lives on in the layout's own at its place."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.copies: list[tuple[int, int, int]] = []
        self._waiting = BLANK

    def put(self, cells: Sequence[Cell]) -> None:
        """Write cells; a blank at their end waits for what the layout sets there."""
        end = len(cells)
        while end and cells[end - 1][0].isspace():
            end -= 1
            self._waiting = cells[end][1]
        self.cells += cells[:end]

    def blank(self, text: str) -> None:
        """Write blanks or line ends of the layout."""
        for char in text:
            origin, self._waiting = max(BLANK, self._waiting), BLANK
            self.cells.append((char, origin))


def print_page(boxes: Sequence[Box], sheet: Sheet) -> Writer:
    """Write boxes one after the other, as this page's extractor writes lines."""
    writer, rng = Writer(), sheet.rng
    writer.blank(sheet.newline * rng.choice((0, 0, 0, 1, 2, 4)))
    started = False
    for box in boxes:
        width = sheet.width if rng.random() < 0.9 else rng.randint(*sheet.rates.widths)
        for at, piece in enumerate(box.pieces):
            if started and piece.glue is not None:
                writer.blank(piece.glue or " ")
            elif started:
                writer.blank(_line_break(piece, box if at == 0 else None, sheet))
            started = True
            start = len(writer.cells)
            _print_piece(writer, piece, width, sheet)
            if piece.copy_of >= 0:
                _note_copy(writer, start, piece)
    writer.blank(sheet.newline * rng.choice((0, 1, 1, 2)))
    return writer


def _note_copy(writer: Writer, start: int, piece: Piece) -> None:
    while start < len(writer.cells) and writer.cells[start][1] != COPY:
        start += 1
    writer.copies.append((start, len(writer.cells), piece.copy_of))


def _line_break(piece: Piece, begins: Box | None, sheet: Sheet) -> str:
    """The line ends before a piece; ``begins`` is the box that it is the first of."""
    rng = sheet.rng
    gap = piece.gap
    if gap < 0:
        gap = sheet.gap
        if piece.role in (*TITLES, "byline"):
            gap = max(gap, sheet.title_gap)
        if piece.role == "caption" and not begins and rng.random() < 0.4:
            gap = 0
        if rng.random() < 0.03:
            gap = rng.choice((0, 1, 2))
        if piece.role == "paragraph" and piece.mark and not begins:
            gap = rng.choice((0, gap))
        if begins and begins.kind in ("head", "picture", "furniture", "other"):
            gap = max(gap, rng.choice((2, 3, 3)) if rng.random() < sheet.wide_gap else gap)
    newline = sheet.newline
    if newline != "\n" and rng.random() < 0.02:
        newline = "\n"
    trailing = rng.choice((" ", "　", "  ")) if rng.random() < 0.01 else ""
    return trailing + newline * (gap + 1)


def _print_piece(writer: Writer, piece: Piece, width: int, sheet: Sheet) -> None:
    """Write a piece with its mark, in lines as the page has them."""
    rng = sheet.rng
    if piece.mark and piece.glue is None:
        writer.cells += [(char, FURNITURE) for char in piece.mark]
        writer.blank(" ")
    cells = piece.cells
    if len(cells) < 40 and rng.random() < sheet.rates.spaced_letters:
        cells = _space_letters(cells, rng)
    if piece.role not in _ONE_LINE:
        first = width - 2 if piece.fresh else width
        if piece.fresh and sheet.wrap == "indent" and piece.glue is None:
            writer.blank(sheet.indent)
        _print_lines(writer, cells, line_ends(cells, width, first), sheet)
    elif sheet.lines_wrapped or (sheet.wrap == "blank" and rng.random() < 0.2):
        width = rng.randint(max(8, width), 30)
        _print_lines(writer, cells, line_ends(cells, width, width), sheet)
    else:
        writer.put(cells)


def _print_lines(writer: Writer, cells: Sequence[Cell], ends: Sequence[int], sheet: Sheet) -> None:
    rng, start = sheet.rng, 0
    if sheet.wrap == "line":
        writer.put(cells)
        return
    for end in ends:
        line = cells[start:end]
        if sheet.lines_wrapped:
            if start:
                writer.blank(sheet.newline)
            if rng.random() < sheet.rates.spaced_letters / 2:
                line = _space_letters(line, rng)
            writer.put(line)
        else:
            if start and (rng.random() < 0.95 or cells[start - 1][0].isspace()):
                writer.blank(" ")
            _put_with_blanks(writer, line, rng)
        start = end


def _put_with_blanks(writer: Writer, line: Sequence[Cell], rng: random.Random) -> None:
    """A line that stays on one line with others: some ASCII commas get a blank."""
    start = 0
    for at in range(len(line) - 1):
        if line[at][0] in ",;:" and rng.random() < 0.04 and not line[at + 1][0].isspace():
            writer.put(line[start : at + 1])
            writer.blank(" ")
            start = at + 1
    writer.put(line[start:])


def _space_letters(cells: Sequence[Cell], rng: random.Random) -> list[Cell]:
    """Letters set apart, as a justified line or a short title is read."""
    share = rng.choice((0.3, 1.0))
    spaced: list[Cell] = []
    for at, cell in enumerate(cells):
        spaced.append(cell)
        apart = at + 1 < len(cells) and not cell[0].isspace() and not cells[at + 1][0].isspace()
        if apart and not cell[0].isascii() and rng.random() < share:
            spaced.append((" ", BLANK))
    return spaced
