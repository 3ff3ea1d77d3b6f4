"""The text layer of a PDF, in reading order.

Characters come with their places on the paper. They are joined into lines, the page is cut into
columns along the white between them, and the lines of a column into blocks by their spacing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from banmian.files import FileError
from banmian.pdf_columns import blocks_of, columns_of
from banmian.pdf_lines import Box, lines_of, stand_up

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

MAX_PAGES = 500
MAX_PAGE_CHARACTERS = 200_000
MAX_CHARACTERS = 5_000_000
_MOST_LINES = 4000  # to search columns in; a real page has far fewer
_UNREADABLE = 0.3
_HYPHENS = ("\x02", "\ufffe", "\u00ad")
_WRONG_PASSWORD = 4  # PDFium's FPDF_ERR_PASSWORD


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
    lines = lines_of(characters)
    if not lines:
        return ""
    if len(lines) > _MOST_LINES:
        return "\n".join(line.text for line in lines)
    lines = stand_up(lines)
    sizes = Counter[float]()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    body = sizes.most_common(1)[0][0]
    return "\n\n".join(
        "\n".join(block) for column in columns_of(lines, body) for block in blocks_of(column)
    )
