"""Lines that stand one below the other and belong together: the wraps of a column undone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from banmian.association import Association
from banmian.characters import normalize
from banmian.cleaning import Line, ends_sentence, split_lines
from banmian.looks import is_byline, look
from banmian.network import Network

Floats = NDArray[np.float64]

# Marks that stand for the borders of blocks where n-grams are counted: (start, end).
BORDERS = {"paragraph": ("\x02", "\x03"), "title": ("\x04", "\x05"), "note": ("\x06", "\x07")}
BORDER_OF_ROLE = {
    "kicker": "title", "headline": "title", "subtitle": "title", "subhead": "title",
    "paragraph": "paragraph", "byline": "note", "caption": "note",
}  # fmt: skip
JOINED = "joined"
CERTAIN = 0.97  # what is less sure waits until the whole page is in view
_LONG_LINE = 48  # wider than any column
_NEAR = 12  # lines on either side that tell how wide a column is
_BYLINE_MARK = re.compile(r"\s+(?=[□■◎●○◆]\s?\S|(?:本报记者|本报通讯员|记者|通讯员|文/|图/)\s?\S)")


@dataclass(frozen=True)
class Fragment:
    """Lines that belong together: ``page[start:end]`` for each stretch.

    ``text`` is theirs, joined by blanks; ``key`` its normal form without any. ``mark`` (that of
    Markdown, before it), ``gap`` and ``indent`` are those of the first line. ``joints`` says for
    each stretch but the first how sure it is that it follows the one before. ``opens`` and ``closes``
    say how it begins and ends as paragraphs, titles and notes do (``Association.borders``).
    """

    stretches: tuple[tuple[int, int], ...]
    text: str
    key: str
    mark: str
    gap: int
    indent: int
    opens: tuple[float, ...]
    closes: tuple[float, ...]
    joints: tuple[float, ...] = ()

    @property
    def level(self) -> int:
        """The level of a Markdown headline, 0 for none."""
        return self.mark.count("#")

    @property
    def start(self) -> int:
        """Where on the page it begins."""
        return self.stretches[0][0]

    @cached_property
    def look(self) -> list[float]:
        """How it looks."""
        return look(self.text, self.key)


def pieces(page_text: str, association: Association) -> list[Fragment]:
    """The lines of a page, each a fragment; a byline behind a title on one line is cut off."""
    lines = [piece for line in split_lines(page_text) for piece in _pieces_of(line)]
    keys = [_key(line.text) for line in lines]
    opens, closes = association.borders(keys, tuple(BORDERS.values()))
    borders = zip(map(tuple, opens.tolist()), map(tuple, closes.tolist()), strict=True)
    return [
        Fragment(((line.start, line.end),), line.text, key, line.mark, line.gap, line.indent, *own)
        for line, key, own in zip(lines, keys, borders, strict=True)
    ]


def _pieces_of(line: Line) -> Iterator[Line]:
    if not line.text:
        return
    cut = _BYLINE_MARK.search(line.text) if len(line.text) <= 80 else None
    if cut is None or not is_byline(line.text[cut.end() :]) or is_byline(line.text[: cut.start()]):
        yield line
        return
    middle, rest = line.start + cut.start(), line.start + cut.end()
    yield replace(line, end=middle, text=line.text[: cut.start()])
    yield Line(rest, line.end, line.text[cut.end() :], "", -1, 0, 0)


def _key(text: str) -> str:
    return normalize("".join(text.split()))


def merge(fragments: Sequence[Fragment], confidences: Sequence[float]) -> Fragment:
    """One fragment out of several, in their order; ``confidences`` has one for each joint."""
    if len(fragments) == 1:
        return fragments[0]
    joints = list(fragments[0].joints)
    for confidence, fragment in zip(confidences, fragments[1:], strict=True):
        joints += [confidence, *fragment.joints]
    text = " ".join(fragment.text for fragment in fragments)
    return replace(
        fragments[0],
        stretches=tuple(s for fragment in fragments for s in fragment.stretches),
        text=text,
        key=_key(text),
        closes=fragments[-1].closes,
        joints=tuple(joints),
    )


def border_scores(fragments: Sequence[Fragment]) -> Floats:
    """(fragments, 12): how each begins and ends as paragraphs, titles and notes do."""
    return np.array([(*fragment.opens, *fragment.closes) for fragment in fragments])


def wrap_features(lines: Sequence[Fragment], association: Association) -> Floats:
    """One row for each line but the first: whether it goes on where the line before was wrapped."""
    keys = [line.key for line in lines]
    widths = np.array([len(key) for key in keys])
    looks = np.array([line.look for line in lines])
    borders = border_scores(lines)
    levels = np.array([line.level for line in lines])
    gaps = np.array([line.gap for line in lines])
    indents = np.array([line.indent for line in lines])
    typical = np.maximum(1, _typical_widths(widths))[1:]
    upper, lower = widths[:-1], widths[1:]
    shape = [
        upper / typical,
        lower / typical,
        np.concatenate([[0], widths[:-2]]) / typical,
        np.concatenate([widths[2:], [0]]) / typical,
        np.abs(upper - typical) <= 1,
        upper < typical - 1,
        np.abs(upper - lower) <= 1,
        np.log1p(typical),
        typical > _LONG_LINE,
        np.minimum(3, gaps[1:]),
        np.minimum(3, gaps[:-1]),
        gaps[1:] > 0,
        np.minimum(3, indents[1:]),
        np.minimum(3, indents[:-1]),
        indents[1:] > indents[:-1],
        levels[1:],
        levels[:-1],
        *(
            np.full(len(lines) - 1, trait.mean())
            for trait in (levels > 0, widths > _LONG_LINE, indents > 0, gaps > 0)
        ),
    ]
    crossing = association.features(keys[:-1], keys[1:])
    return np.hstack(
        [np.stack(shape, axis=1), crossing, borders[:-1], borders[1:], looks[:-1], looks[1:]]
    )


def _typical_widths(widths: NDArray[np.int64]) -> NDArray[np.int64]:
    """How wide lines are around each: the upper quintile of those near it."""
    beyond = np.iinfo(np.int64).max
    padded = np.pad(widths, _NEAR, constant_values=beyond)
    near = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEAR + 1), axis=1)
    known = (near < beyond).sum(axis=1)
    return np.asarray(near[np.arange(len(widths)), (4 * known) // 5])


def join_wraps(
    lines: Sequence[Fragment], association: Association, network: Network
) -> tuple[list[Fragment], Floats]:
    """Join each line with the one before where the network is all but certain.

    Returns the fragments, and for each but the first how sure it is that it goes on the one before.
    """
    if not lines:
        return [], np.zeros(0)
    sure = wrap_probabilities(lines, association, network)
    joined: list[Fragment] = []
    group, confidences = [lines[0]], list[float]()
    for line, confidence in zip(lines[1:], sure.tolist(), strict=True):
        if confidence > CERTAIN:
            group.append(line)
            confidences.append(round(confidence, 3))
        else:
            joined.append(merge(group, confidences))
            group, confidences = [line], []
    joined.append(merge(group, confidences))
    if len(joined) == len(lines):
        return joined, sure
    return joined, wrap_probabilities(joined, association, network)


def wrap_probabilities(
    lines: Sequence[Fragment], association: Association, network: Network
) -> Floats:
    """How sure it is for each line but the first that it goes on the one before."""
    if len(lines) < 2:
        return np.zeros(max(0, len(lines) - 1))
    sure = joined_probability(network, wrap_features(lines, association))
    sure[[begins_block(upper, lower) for upper, lower in pairwise(lines)]] = 0.0
    return sure


def begins_block(upper: Fragment, lower: Fragment) -> bool:
    """Whether no more need be asked: a mark of Markdown, or an empty line below a full stop."""
    return bool(lower.mark) or (lower.gap > 0 and ends_sentence(upper.key))


def joined_probability(network: Network, rows: Floats) -> Floats:
    """How sure a network of two classes is of ``JOINED``."""
    return np.asarray(network.probabilities(rows)[:, network.classes.index(JOINED)])
