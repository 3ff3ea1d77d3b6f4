"""Articles set as boxes, the boxes put in disorder and printed as lines, and the truth kept.

Each article is set as boxes (titles, byline, columns, pictures), the boxes lose their order, and
what an extractor writes of them is printed as lines.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol, TypeVar

from banmian.cleaning import clean_text, runs_of
from banmian.files import sha256
from banmian.layout_noise.boxes import (
    BLANK,
    FURNITURE,
    Box,
    Cell,
    Piece,
    Setting,
    halve,
    halve_titles,
    into_columns,
    sections_first,
    stray_line,
)
from banmian.layout_noise.furniture import between, credit, footer, masthead, picture_caption
from banmian.layout_noise.order import add_copies, arrange, disorder, index
from banmian.layout_noise.printing import Writer, print_page
from banmian.layout_noise.settings import Settings, Sheet, draw_sheet
from banmian.types import HEAD_ROLES, Article, Block, CleanPage, Duplicate, Page, Run

_LOG_PAGE_SIZE = 8.45  # a page of 4,700 characters
_SIGNS = ("□", "□", "■", "○", "◎", "●", "文/", "（")
_LISTED = re.compile(
    r"^(?:[（(]?[一二三四五六七八九十]{1,2}[、）)]|[（(]?\d{1,2}[.、）)．]\D|[①-⑩●◆■])|(?:[；;]|……)$"
)


class Written(Protocol):
    """An article that can be set: its text and its blocks."""

    @property
    def text(self) -> str:
        """The text, blocks joined by newlines."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks, in reading order."""


_Any = TypeVar("_Any", bound=Written)


@dataclass
class _Plan:
    """The authored characters that were numbered: for each article its blocks, and their origins."""

    blocks: list[list[tuple[str, int, int]]] = field(default_factory=list)
    size: int = 0


def wreck(
    articles: Sequence[Written],
    rng: random.Random,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    name: str = "simulated",
) -> CleanPage:
    """A page as an extractor would leave it, and what is true of it.

    Equal generators give equal pages. The truth's articles stand in the order in which the page
    begins them. Blanks that the author set are kept where the page has one in their place.
    """
    sheet = draw_sheet(rng, settings)
    plan = _Plan()
    pages = [boxes for article in articles if (boxes := _set_article(article, sheet, plan))]
    boxes = arrange(pages, sheet)
    add_copies(boxes, sheet)
    _add_furniture(boxes, sheet)
    return _truth(print_page(boxes, sheet), plan, name)


def draw_articles(pool: Sequence[_Any], rng: random.Random) -> list[_Any]:
    """As many articles of a pool as fill a page; some pages have few long ones, some many short.

    Photo items come more often than the pool has them.
    """
    size = rng.lognormvariate(_LOG_PAGE_SIZE, 0.4)
    tries = rng.choice((1, 3, 8, 16))
    chosen: dict[int, _Any] = {}
    for _ in range(60):
        places = [rng.randrange(len(pool)) for _ in range(tries)]
        if rng.random() < 0.08:
            places = [rng.randrange(len(pool)) for _ in range(12)]
            at = next((at for at in places if pool[at].blocks[0].role == "caption"), places[0])
        elif rng.random() < 0.7:
            at = max(places, key=lambda place: len(pool[place].text))
        else:
            at = places[0]
        if at not in chosen:
            chosen[at] = pool[at]
            size -= len(pool[at].text)
        if size <= 0:
            break
    return rng.sample(list(chosen.values()), len(chosen))


# --- An article becomes boxes.


def _set_article(article: Written, sheet: Sheet, plan: _Plan) -> list[Box]:
    """Number an article's characters and set it as boxes."""
    written = [(b.role, article.text[b.start : b.end].strip()) for b in article.blocks]
    written = [(role, text) for role, text in _damage(written, sheet) if text]
    if not written:
        return []
    number, pieces = len(plan.blocks), list[Piece]()
    plan.blocks.append([])
    for role, text in written:
        shown = sheet.chars.apply(text, sheet.rng)
        start, plan.size = plan.size, plan.size + len(shown)
        plan.blocks[-1].append((role, start, plan.size))
        pieces.append(Piece(list(zip(shown, range(start, plan.size), strict=True)), role))
    for piece in pieces:
        piece.mark = _mark(piece, sheet)
    return _boxes(pieces, number, sheet)


def _damage(written: list[tuple[str, str]], sheet: Sheet) -> list[tuple[str, str]]:
    """What of an article this page has: parts on other pages, signs before names, pictures."""
    rng, rates = sheet.rng, sheet.rates
    heads = [part for part in written if part[0] in HEAD_ROLES]
    paragraphs = [at for at, (role, _) in enumerate(written) if role == "paragraph"]
    fate = rng.random()
    if heads and paragraphs and fate < rates.bare_head:
        return written[: paragraphs[0]]
    if len(paragraphs) > 2 and rates.bare_head <= fate < rates.bare_head + rates.lost_start:
        at = paragraphs[rng.randrange(len(paragraphs) - 1)]
        text = written[at][1]
        return [("paragraph", text[rng.randrange(len(text) // 2 + 1) :]), *written[at + 1 :]]
    if len(paragraphs) > 2 and fate > 1 - rates.lost_end:
        at = paragraphs[rng.randrange(1, len(paragraphs))]
        text = written[at][1]
        return [*written[:at], ("paragraph", text[: rng.randrange(len(text) // 3, len(text))])]
    if sheet.long_paragraphs:
        written = _run_together(written, sheet)
    changed = [(role, _sign(text, sheet) if role == "byline" else text) for role, text in written]
    has_caption = any(role == "caption" for role, _ in changed)
    if len(paragraphs) > 2 and not has_caption and rng.random() < rates.picture:
        body = "".join(text for role, text in changed if role == "paragraph")
        pictures = rng.choice((1, 1, 1, 2))
        changed += [("caption", picture_caption(body, rng)) for _ in range(pictures)]
        if rng.random() < 0.6:
            changed.append(("byline", credit(rng)))
    return changed


def _run_together(written: list[tuple[str, str]], sheet: Sheet) -> list[tuple[str, str]]:
    """Paragraphs as long as some papers print them."""
    joined: list[tuple[str, str]] = []
    longest = sheet.rng.choice((180, 220, 420))
    for role, text in written:
        joins = bool(joined) and joined[-1][0] == role == "paragraph"
        joins = joins and len(joined[-1][1]) + len(text) < longest
        if joins and sheet.rng.random() < sheet.long_paragraphs:
            joined[-1] = (role, joined[-1][1] + text)
        else:
            joined.append((role, text))
    return joined


def _sign(text: str, sheet: Sheet) -> str:
    if text[0] in "□■○◎●（(文图" or sheet.rng.random() > sheet.rates.signed_byline:
        return text
    sign = sheet.rng.choice(_SIGNS)
    return f"{sign}{text}）" if sign == "（" else sign + text


def _mark(piece: Piece, sheet: Sheet) -> str:
    """The Markdown mark that the extractor sets before a piece."""
    if sheet.marks == "none":
        return ""
    loose = sheet.marks == "loose"
    if piece.role == "paragraph":
        listed = len(piece.cells) <= 60 and _LISTED.search(piece.text)
        return sheet.rng.choice("---*") if listed and sheet.rng.random() < 0.7 else ""
    level = sheet.levels.get(piece.role, 0)
    if loose and sheet.rng.random() < 0.25 and piece.role in sheet.levels:
        level = sheet.rng.choice((0, 0, 1, 2, 3))
    return "#" * level


def _boxes(pieces: Sequence[Piece], number: int, sheet: Sheet) -> list[Box]:
    body_from = next(
        (at for at, p in enumerate(pieces) if p.role not in HEAD_ROLES and p.role != "byline"),
        len(pieces),
    )
    head = Box("head", number, [p for p in pieces[:body_from] if p.role in HEAD_ROLES])
    byline = Box("byline", number, [p for p in pieces[:body_from] if p.role == "byline"])
    if head.pieces and byline.pieces and sheet.rng.random() < sheet.rates.glued_byline:
        byline.pieces[0].glue = " "
        head.pieces += byline.pieces
        byline.pieces = []
    body, pictures = _part_pictures(pieces[body_from:], number)
    columns = _columns(body, number, sheet) if body else []
    boxes = [box for box in (head, byline, *columns) if box.pieces]
    for box in boxes:
        _halve_bylines(box, sheet)
    for picture in pictures:
        _halve_bylines(picture, sheet)
    if not columns:
        return [*boxes, *pictures]
    if sheet.rng.random() < sheet.rates.titles_halved * len(head.pieces):
        halve_titles(head, sheet.rng, gap=sheet.rng.choice((0, -1)))
    for picture in pictures:
        first = len(boxes) - len(columns)
        place = sheet.rng.random()
        at = len(boxes) if place < 0.6 else sheet.rng.randint(first, len(boxes))
        boxes.insert(0 if place > 0.95 else at, picture)
    return boxes


def _part_pictures(pieces: Sequence[Piece], number: int) -> tuple[list[Piece], list[Box]]:
    """Captions, each with the credit that follows it, apart from the body."""
    body: list[Piece] = []
    pictures: list[Box] = []
    for at, piece in enumerate(pieces):
        before = pieces[at - 1].role if at else ""
        if piece.role == "caption" and before != "caption":
            pictures.append(Box("picture", number, [piece]))
        elif piece.role == "caption" or (piece.role == "byline" and before == "caption"):
            pictures[-1].pieces.append(piece)
        else:
            body.append(piece)
    return body, pictures


def _columns(body: list[Piece], number: int, sheet: Sheet) -> list[Box]:
    rng, rates = sheet.rng, sheet.rates
    width = sheet.width if rng.random() < 0.8 else rng.randint(*rates.widths)
    how = Setting(width, width * rng.randint(12, 50), rates.visible_border)
    for piece in body:
        if piece.role == "paragraph" and sheet.chance(rates.stray_line):
            stray_line(piece, width, rng)
    for before, piece in pairwise(body):
        both = before.role == piece.role == "paragraph"
        if both and not piece.mark and sheet.chance(rates.joined_paragraphs):
            piece.glue = " "
    columns = sections_first(body, how, rng) if sheet.chance(rates.sections_first) else None
    if columns is None:
        columns = into_columns(body, how, rng)
    boxes = [Box("column", number, column) for column in columns]
    for box in boxes:
        box.pieces[0].glue = None
    if sheet.chance(rates.columns_disordered):
        disorder(boxes, rng)
    return boxes


def _halve_bylines(box: Box, sheet: Sheet) -> None:
    """A byline of several names on several lines."""
    for at in range(len(box.pieces) - 1, -1, -1):
        piece = box.pieces[at]
        if piece.role == "byline" and sheet.rng.random() < sheet.rates.byline_halved:
            halves = halve(piece, sheet.rng)
            if halves:
                box.pieces[at : at + 1] = [halves[0], replace(halves[1], gap=0)]


def _add_furniture(boxes: list[Box], sheet: Sheet) -> None:
    """Lines that belong to no article, at the top, at the foot, between boxes."""
    rng, rates = sheet.rng, sheet.rates
    heads = [box for box in boxes if box.kind in ("head", "picture")]
    for box in heads:
        if rng.random() < rates.section_line:
            at = index(boxes, box) if rng.random() < 0.75 else rng.randint(0, len(boxes))
            boxes.insert(at, _furniture([between(rng)]))
    if rng.random() < rates.masthead:
        boxes.insert(
            0 if rng.random() < 0.9 else rng.randint(0, len(boxes)), _furniture(masthead(rng))
        )
    if rng.random() < rates.footer:
        boxes.append(_furniture(footer(rng)))


def _furniture(lines: Sequence[str]) -> Box:
    pieces = [Piece([(char, FURNITURE) for char in line], "furniture") for line in lines]
    return Box("furniture", BLANK, pieces)


# --- What is true of the page.


def _truth(writer: Writer, plan: _Plan, name: str) -> CleanPage:
    text = "".join(char for char, _ in writer.cells)
    where = [-1] * plan.size
    for at, (_, origin) in enumerate(writer.cells):
        if origin >= 0:
            where[origin] = at
    articles = (_article(text, blocks, where) for blocks in plan.blocks)
    duplicates = tuple(
        sorted(Duplicate(start, end, where[origin]) for start, end, origin in writer.copies)
    )
    return CleanPage(
        Page(name, text, sha256(text.encode()), "utf-8"),
        tuple(sorted((a for a in articles if a.text), key=_begins)),
        _furniture_stretches(writer.cells),
        duplicates,
    )


def _begins(article: Article) -> int:
    return min(run.page_start for run in article.source)


def _article(
    page_text: str, planned: Sequence[tuple[str, int, int]], where: Sequence[int]
) -> Article:
    text, blocks, source = "", list[Block](), list[Run]()
    for role, start, end in planned:
        offsets = [at for at in where[start:end] if at >= 0]
        while offsets and page_text[offsets[0]].isspace():
            del offsets[0]
        while offsets and page_text[offsets[-1]].isspace():
            del offsets[-1]
        if not offsets:
            continue
        if text:
            text += "\n"
        stretches = _stretches(offsets)
        source += runs_of(stretches, len(text))
        blocks.append(Block(role, len(text), len(text) + len(offsets)))
        text += clean_text(page_text, stretches)
    return Article(text, tuple(blocks), tuple(source))


def _stretches(offsets: Sequence[int]) -> list[tuple[int, int]]:
    """Offsets as few stretches, in their order."""
    ends = [at for at, (one, two) in enumerate(pairwise(offsets), 1) if two != one + 1]
    return [(offsets[a], offsets[b - 1] + 1) for a, b in pairwise([0, *ends, len(offsets)])]


def _furniture_stretches(cells: Sequence[Cell]) -> tuple[tuple[int, int], ...]:
    """Stretches of furniture, from first to last character of a line."""
    stretches: list[tuple[int, int]] = []
    is_open = False
    for at, (char, origin) in enumerate(cells):
        if origin != FURNITURE and (origin != BLANK or char in "\r\n"):
            is_open = False
        elif origin == FURNITURE and not char.isspace():
            if is_open:
                stretches[-1] = (stretches[-1][0], at + 1)
            else:
                stretches.append((at, at + 1))
            is_open = True
    return tuple(stretches)
