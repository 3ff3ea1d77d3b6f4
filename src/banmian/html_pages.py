"""Saved web pages: their main text, a line for each paragraph, titles marked as in Markdown."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from banmian.files import FileError
from banmian.pages import decode

MAX_HTML_BYTES = 10 * 1024 * 1024

_MOST_ELEMENTS = 50_000  # of a page for trafilatura; larger ones give all their visible text
_LEAST_SHARE = 0.2  # less than this of the visible text is almost nothing of it
_SHORTEST_MAIN = "100"  # trafilatura's own 250 characters are a long article in Chinese
_SHORTEST_HEADLINE = 4
_MOST_REPLACED = 0.01
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,500}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_DECLARED_WITHIN = 4096
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Pages that declare one of these hold characters of its successor, and browsers read them so.
_SUCCESSORS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
}
_NAME_OF_PAPER = re.compile(r"(?:[日晚晨周时商]报|报社|数字报|电子[报版]|客户端|新闻网|首页)$")
_UNSEEN = frozenset(
    "head script style noscript template select textarea svg iframe object math".split()
)
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code em font i ins kbd label mark q s small span strike strong sub"
    " sup u var".split()
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6, "founder-title": 1}
# How trafilatura draws tables, which old e-papers use for their layout.
_TABLE_RULES = re.compile(r"^\s*\|(?:[-:|\s]+\|)?|(?<=\s)\|(?=\s)|\|\s*$")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass
class Visible:
    """What a page shows: its lines in document order, which of them are headings, its title."""

    lines: list[str] = field(default_factory=list)
    levels: dict[str, int] = field(default_factory=dict)
    title: str = ""
    elements: int = 0


def html_text(data: bytes) -> str:
    """The main text of a web page, paragraphs parted by empty lines.

    Raises FileError for a page that is too large, in an unknown encoding or without text.
    """
    try:
        import trafilatura  # noqa: F401 - so that nothing is read before its lack is known
    except ImportError as error:
        raise FileError('is a web page; to read it, pip install "banmian[html]"') from error
    if len(data) > MAX_HTML_BYTES:
        raise FileError(f"is larger than {MAX_HTML_BYTES // 1024 // 1024} MB, too large a web page")
    source = _CONTROLS.sub("", decode_html(data))
    page = _visible(source)
    if not page.lines:
        raise FileError("shows no text")
    lines = _main_lines(source) if page.elements <= _MOST_ELEMENTS else []
    if _size(lines) < _LEAST_SHARE * _size(page.lines):
        lines = page.lines
    return "\n\n".join(_mark_titles(lines, page))


def decode_html(data: bytes) -> str:
    """Decode a web page: by its byte order mark, as UTF-8, as it declares, or as Chinese.

    A few broken bytes, as e-papers have them, are replaced. Raises FileError for more.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _replacing(data.removeprefix(mark), encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        found = _DECLARED.search(data[:_DECLARED_WITHIN])
    if not found:
        return decode(data)[0]
    declared = found[1].decode("ascii", "replace").lower()
    return _replacing(data, _SUCCESSORS.get(declared, declared))


def _replacing(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding, "replace")
    except LookupError as error:
        raise FileError("declares an unknown encoding") from error
    foreign = sum(not char.isascii() for char in text)
    if text.count("\ufffd") > max(2, _MOST_REPLACED * foreign):
        raise FileError("is not in the encoding that it declares")
    return text


def _size(lines: list[str]) -> int:
    return sum(map(len, lines))


def _main_lines(source: str) -> list[str]:
    """The paragraphs that trafilatura takes for the main text, none where it fails."""
    from configparser import ConfigParser

    from trafilatura import extract
    from trafilatura.settings import DEFAULT_CONFIG

    config = ConfigParser()
    config.read_dict(DEFAULT_CONFIG)
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", _SHORTEST_MAIN)
    try:
        text = extract(source, include_comments=False, favor_recall=True, config=config)
    except Exception:  # noqa: BLE001 - whatever an unforeseen page does to it, there is other text
        return []
    lines = (_tidy(_TABLE_RULES.sub(" ", line)) for line in (text or "").split("\n"))
    return [line for line in lines if line]


def _tidy(text: str) -> str:
    """A line without blanks at its ends, and with single blanks inside."""
    return " ".join(text.split())


def _visible(source: str) -> Visible:
    """Walk through the page; whatever is no inline element begins and ends a line."""
    from lxml import etree

    page = Visible()
    try:
        parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        root = etree.fromstring(source.encode(), parser)
    except (etree.LxmlError, ValueError):
        return page
    if root is None:
        return page
    page.title = _tidy(root.findtext(".//title") or "")
    parts: list[str] = []
    unseen, level = 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = str(element.tag)
        if tag not in _INLINE:
            _end_line(page, parts, level)
        if event == "start":
            page.elements += 1
            unseen += tag in _UNSEEN
            level = _HEADINGS.get(tag, level)
            text = element.text
        else:
            unseen -= tag in _UNSEEN
            level = 0 if tag in _HEADINGS else level
            text = element.tail
        if text and not unseen:
            parts.append(text)
    _end_line(page, parts, level)
    return page


def _end_line(page: Visible, parts: list[str], level: int) -> None:
    line = _tidy("".join(parts))
    parts.clear()
    if line:
        page.lines.append(line)
        if level:
            page.levels.setdefault(_key(line), level)


def _key(line: str) -> str:
    return "".join(line.split())


def _mark_titles(lines: list[str], page: Visible) -> list[str]:
    """Mark headings, the headline put before the text where the text has it not.

    Only what ranks with the headline gets the mark that begins an article.
    """
    headline = _headline(page)
    if headline and _key(headline) not in map(_key, lines):
        lines = [headline, *lines]
    levels = page.levels
    top = levels.get(_key(headline), 0) if headline else min(levels.values(), default=0)
    marked: list[str] = []
    for line in lines:
        key = _key(line)
        if headline and key == _key(headline):
            marked.append(f"# {line}")
        elif key in levels:
            marked.append(f"{'#' if levels[key] <= top else '###'} {line}")
        else:
            marked.append(line)
    return marked


def _headline(page: Visible) -> str:
    """The longest visible line that the page's title holds, the name of the paper aside."""
    title = _key(page.title)
    candidates = [
        line
        for line in page.lines
        if len(line) >= _SHORTEST_HEADLINE
        and _key(line) in title
        and not _NAME_OF_PAPER.search(line)
    ]
    return max(candidates, key=len, default="")
