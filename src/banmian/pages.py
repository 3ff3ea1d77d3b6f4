"""From a file to a Page, or to a Failure that says why not."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from banmian.characters import is_wide
from banmian.files import MAX_BYTES, FileError, read_bytes, read_stream, sha256
from banmian.types import Failure, Page

STANDARD_INPUT = "-"
TEXT_SUFFIXES = frozenset({".txt", ".md", ".markdown", ".text"})
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
PAGE_SUFFIXES = TEXT_SUFFIXES | HTML_SUFFIXES | {".pdf"}

_UNKNOWN_ENCODING = "is in an unknown encoding; save it as UTF-8 or GB 18030"
_LONGEST_PATH = 4000
_FOLDERS_OF_SAVED_PAGES = ("_files", ".files")
_ALLOWED_CONTROLS = frozenset("\t\n\r\f\v\x1c\x1d\x1e\x1f\x85")


def find_pages(inputs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (name in the rows, path) for each file that the inputs mean.

    An input is a file, a folder (its text, Markdown, PDF and HTML files, at any depth), a glob
    pattern, or ``-`` for standard input. A file that is not there is yielded too, so that it gets its row.
    """
    for given in inputs:
        path = Path(given)
        if given == STANDARD_INPUT:
            yield "stdin", given
        elif not given or "\0" in given or len(given) > _LONGEST_PATH:
            yield _printable(given), given
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                if (
                    file.suffix.lower() in PAGE_SUFFIXES
                    and file.is_file()
                    and not _hidden(file, path)
                ):
                    yield _printable(file.relative_to(path).as_posix()), str(file)
        elif not path.exists() and glob.has_magic(given):
            matches = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 - patterns may be absolute
            if matches:
                yield from find_pages(matches)
            else:
                yield given, given
        else:
            yield _printable(path.name), given


def _printable(name: str) -> str:
    """A file name for the rows: bytes that are no UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace") if "\0" not in name else repr(name)


def _hidden(file: Path, root: Path) -> bool:
    """Whether a file or a folder over it is hidden, or holds the parts of a saved web page."""
    *folders, name = file.relative_to(root).parts
    if file.suffix.lower() in HTML_SUFFIXES and any(
        folder.endswith(_FOLDERS_OF_SAVED_PAGES) for folder in folders
    ):
        return True
    return any(part.startswith(".") for part in (*folders, name))


def read_page(name: str, path: str, *, limit: int = MAX_BYTES) -> Page | Failure:
    """Read one page. Offsets count in ``Page.text``.

    Of a text file that is the file's own text, line ends as they are; of a PDF or a web page the
    text that was extracted, and ``Page.encoding`` is ``pdf`` or ``html``.
    """
    try:
        if path == STANDARD_INPUT:
            data = read_stream(sys.stdin.buffer, "standard input", limit=limit)
        else:
            data = read_bytes(Path(path), limit=limit)
        text, encoding = _text_of(data, path)
    except FileError as error:
        return Failure(name, "read", str(error).removeprefix(f"{path}: "))
    return Page(name, text, sha256(data), encoding)


def _text_of(data: bytes, path: str) -> tuple[str, str]:
    """The text of a page and what it was made from. Raises FileError."""
    suffix = Path(path).suffix.lower()
    if not data.strip():
        raise FileError("is empty")
    if suffix == ".pdf" or data.startswith(b"%PDF-"):
        from banmian.pdf import pdf_text

        return pdf_text(data), "pdf"
    if suffix in HTML_SUFFIXES or (path == STANDARD_INPUT and _starts_as_html(data)):
        from banmian.html_pages import html_text

        return html_text(data), "html"
    return decode(data)


def _starts_as_html(data: bytes) -> bool:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].lower()
    return start.startswith((b"<!doctype html", b"<html"))


def decode(data: bytes) -> tuple[str, str]:
    """Decode a page as UTF-8 (with or without BOM), else as GB 18030.

    Returns the text and the name of the encoding. Raises FileError for bytes that are no text.
    """
    if not data.strip():
        raise FileError("is empty")
    if b"\0" in data:
        raise FileError("is binary, not text")
    try:
        text, encoding = data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        try:
            text, encoding = data.decode("gb18030").removeprefix("\ufeff"), "gb18030"
        except UnicodeDecodeError:
            raise FileError(_UNKNOWN_ENCODING) from None
        if not _reads_as_chinese(text):
            raise FileError(_UNKNOWN_ENCODING) from None
    if not text.strip():
        raise FileError("is empty")
    controls = sum(char < " " and char not in _ALLOWED_CONTROLS for char in text)
    if controls > len(text) / 100:
        raise FileError("is binary, not text")
    return text, encoding


def _reads_as_chinese(text: str) -> bool:
    """GB 18030 accepts almost any bytes: what it makes of others is rare ideographs and symbols."""
    foreign = [char for char in text if not char.isascii()]
    common = sum(is_wide(char) and _is_common(char) for char in foreign)
    return common >= 0.9 * len(foreign)


def _is_common(char: str) -> bool:
    """Whether one of the two everyday character sets, simplified or traditional, has it."""
    return any(char.encode(charset, "ignore") for charset in ("gb2312", "big5"))
