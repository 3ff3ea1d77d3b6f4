"""How the boxes of a simulated page lose their order, and what is read twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from banmian.layout_noise.boxes import BLANK, COPY, Box, Piece, halve, line_ends, split_piece
from banmian.layout_noise.settings import Sheet, confuse

_SHORTEST_COPY, _LONGEST_COPY = 15, 400


def disorder(boxes: list[Box], rng: random.Random) -> None:
    """Change places of two neighbouring columns, or riffle all of them."""
    if len(boxes) < 2:
        return
    if rng.random() < 0.7:
        at = rng.randrange(len(boxes) - 1)
        boxes[at], boxes[at + 1] = boxes[at + 1], boxes[at]
    else:
        boxes[:] = boxes[::2] + boxes[1::2]


def riffle(first: list[Box], second: list[Box], rng: random.Random) -> list[Box]:
    """The boxes of two neighbouring articles as read straight across both."""
    mixed: list[Box] = []
    left, right = list(first), list(second)
    while left and right:
        source = left if rng.random() < len(left) / (len(left) + len(right)) else right
        mixed.append(source.pop(0))
    return mixed + left + right


def cut_places(boxes: Sequence[Box]) -> list[int]:
    """Where on the page one column ends within a paragraph and the next box goes on with it."""
    return [
        at
        for at in range(1, len(boxes))
        if boxes[at].kind == boxes[at - 1].kind == "column"
        and boxes[at].article == boxes[at - 1].article
        and not boxes[at].pieces[0].fresh
    ]


def arrange(pages: list[list[Box]], sheet: Sheet) -> list[Box]:
    """The boxes of a page's articles in the order in which they are read."""
    at = 0
    while at + 1 < len(pages):
        if sheet.chance(sheet.rates.articles_mixed):
            pages[at : at + 2] = [riffle(pages[at], pages[at + 1], sheet.rng)]
        at += 1
    boxes = [box for page in pages for box in page]
    for number in {box.article: None for box in boxes}:
        _displace(boxes, number, sheet)
    for place in [boxes[at] for at in cut_places(boxes)]:
        if sheet.chance(sheet.rates.interposed):
            _interpose(boxes, place, sheet)
    return boxes


def _move(boxes: list[Box], box: Box, to: int) -> None:
    """Move a box before what stands at ``to``."""
    at = index(boxes, box)
    boxes.insert(to, boxes.pop(at) if to <= at else boxes[at])
    if to > at:
        del boxes[at]


def index(boxes: Sequence[Box], box: Box) -> int:
    """Where a box stands."""
    return next(at for at, other in enumerate(boxes) if other is box)


def _displace(boxes: list[Box], number: int, sheet: Sheet) -> None:
    """Move an article's titles, byline or pictures away from it."""
    rng, rates = sheet.rng, sheet.rates
    mine = [box for box in boxes if box.article == number]
    last = next((box for box in reversed(mine) if box.kind == "column"), None)
    for box in mine:
        if box.kind == "head" and last and sheet.chance(rates.head_moved):
            moved = box
            if len(box.pieces) > 1 and rng.random() < 0.5:
                at = rng.randrange(len(box.pieces))
                if len(box.pieces) > at + 1 and box.pieces[at + 1].glue is None:
                    moved = Box("head", number, [box.pieces.pop(at)])
                    boxes.insert(index(boxes, box), moved)
            _move(boxes, moved, _new_place(boxes, last, sheet))
            byline = next((other for other in mine if other.kind == "byline"), None)
            if byline and moved is box and rng.random() < 0.7:
                _move(boxes, byline, index(boxes, moved) + 1)
        elif box.kind == "byline" and last and sheet.chance(rates.byline_moved):
            _move(boxes, box, _new_place(boxes, last, sheet))
        elif box.kind == "picture" and sheet.chance(rates.picture_moved):
            _move(boxes, box, rng.randint(0, len(boxes)))


def _new_place(boxes: Sequence[Box], last: Box, sheet: Sheet) -> int:
    """Behind the article's own body, before another's, or anywhere."""
    kind = sheet.rng.random()
    if kind < 0.45:
        return index(boxes, last) + 1
    if kind < 0.85:
        bodies = [
            at
            for at, box in enumerate(boxes)
            if box.kind == "column" and abs(box.article - last.article) == 1
        ]
        if bodies:
            return sheet.rng.choice(bodies)
    return sheet.rng.randint(0, len(boxes))


def _interpose(boxes: list[Box], place: Box, sheet: Sheet) -> None:
    """Put between two halves of a paragraph what stands beside the column's border."""
    rng = sheet.rng
    number = place.article
    others = [
        box
        for box in boxes
        if (box.kind == "picture" and abs(box.article - number) == 1)
        or (box.kind in ("head", "byline") and box.article == number + 1)
    ]
    own = [box for box in boxes if box.kind == "picture" and box.article == number]
    subheads = [
        (box, at)
        for box in boxes
        if box.kind == "column" and box.article == number
        for at, piece in enumerate(box.pieces)
        if piece.role == "subhead" and len(box.pieces) > 1
    ]
    if others and rng.random() < sheet.rates.foreign:
        box = rng.choice(others)
        _move(boxes, box, index(boxes, place))
        if box.kind == "head":
            for byline in [b for b in boxes if b.kind == "byline" and b.article == box.article]:
                _move(boxes, byline, index(boxes, box) + 1)
    elif own and (not subheads or rng.random() < 0.75):
        _move(boxes, rng.choice(own), index(boxes, place))
    elif subheads:
        box, at = rng.choice(subheads)
        halves = halve(box.pieces[at], rng)
        moved = halves[1] if halves and rng.random() < 0.5 else box.pieces[at]
        if halves and moved is halves[1]:
            box.pieces[at] = halves[0]
        else:
            del box.pieces[at]
        boxes.insert(index(boxes, place), Box("other", number, [moved]))


def add_copies(boxes: list[Box], sheet: Sheet) -> None:
    """Repeat passages elsewhere on the page."""
    rng = sheet.rng
    expected = sheet.rates.copies * sheet.heat
    for _ in range(int(expected) + (rng.random() < expected % 1)):
        found = [
            (box, at)
            for box in boxes
            if box.kind == "column"
            for at, piece in enumerate(box.pieces)
            if piece.role == "paragraph"
            and len(piece.cells) > _SHORTEST_COPY
            and piece.copy_of == BLANK
        ]
        if not found:
            return
        torn = [(box, at) for box, at in found if not box.pieces[at].fresh]
        box, at = rng.choice(torn if torn and rng.random() < 0.4 else found)
        _place_copy(boxes, _copy(_passage(box, at, sheet), sheet), sheet)


def _passage(box: Box, at: int, sheet: Sheet) -> Piece:
    """A piece, or some lines of it, that will be repeated; sometimes cut out where it stands."""
    rng, piece = sheet.rng, box.pieces[at]
    ends = [0, *line_ends(piece.cells, sheet.width, sheet.width - 2 * piece.fresh)]
    if len(ends) < 4 or (len(piece.cells) <= _LONGEST_COPY and rng.random() < 0.6):
        return replace(piece, cells=piece.cells[:_LONGEST_COPY])
    first = rng.randrange(len(ends) - 2)
    start, end = ends[first], rng.choice(ends[first + 2 :])
    end = min(max(end, start + _SHORTEST_COPY), start + _LONGEST_COPY, len(piece.cells))
    start = min(start, max(0, end - _SHORTEST_COPY))
    if rng.random() < 0.6:
        parts = [piece]
        for border in (end, start):
            if 0 < border < len(parts[0].cells):
                parts[:1] = split_piece(parts[0], border)
        box.pieces[at : at + 1] = parts
    return Piece(piece.cells[start:end], "paragraph", fresh=False)


def _copy(passage: Piece, sheet: Sheet) -> Piece:
    """The same passage as an extractor reads it a second time."""
    rng = sheet.rng
    cells = passage.cells
    while cells and cells[0][0].isspace():
        cells = cells[1:]
    text = "".join(char for char, _ in cells).rstrip()
    if rng.random() < 0.3:
        text = confuse(text, rng.uniform(0.01, 0.03), rng)
        text = replace(sheet.chars, commas=True, straight=rng.random() < 0.5).apply(text, rng)
    return Piece(
        [(char, COPY) for char in text], "paragraph", fresh=passage.fresh, copy_of=cells[0][1]
    )


def _place_copy(boxes: list[Box], copy: Piece, sheet: Sheet) -> None:
    rng = sheet.rng
    columns = [box for box in boxes if box.kind == "column"]
    if rng.random() < 0.6:
        box = rng.choice(columns)
        at = rng.randint(0, len(box.pieces))
        if at < len(box.pieces):
            box.pieces[at].glue = None
        box.pieces.insert(at, copy)
    else:
        boxes.insert(rng.randint(0, len(boxes)), Box("other", BLANK, [copy]))
