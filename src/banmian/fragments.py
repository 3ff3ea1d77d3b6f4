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
from banmian.looks import is_byline, look, typical_width
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
_BYLINE_MARK = re.compile(r"\s+(?=[□■◎●○◆]\s?\S|(?:本报记者|本报通讯员|记者|通讯员|文/|图/)\s?\S)")


@dataclass(frozen=True)
class Fragment:
    """Lines that belong together: ``page[start:end]`` for each stretch.

    ``text`` is theirs, joined by blanks; ``key`` its normal form without any. ``mark`` (that of
    Markdown, before it), ``gap`` and ``indent`` are those of the first line. ``joints`` says for
    each stretch but the first how sure it is that it follows the one before.
    """

    stretches: tuple[tuple[int, int], ...]
    text: str
    mark: str
    gap: int
    indent: int
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
    def key(self) -> str:
        """The text in normal form, without blanks."""
        return normalize("".join(self.text.split()))

    @cached_property
    def look(self) -> list[float]:
        """How it looks."""
        return look(self.text, self.key)


def pieces(page_text: str) -> list[Fragment]:
    """The lines of a page, each a fragment; a byline behind a title on one line is cut off."""
    found: list[Fragment] = []
    for line in split_lines(page_text):
        if line.text:
            found += _pieces_of(line)
    return found


def _pieces_of(line: Line) -> Iterator[Fragment]:
    whole = Fragment(((line.start, line.end),), line.text, line.mark, line.gap, line.indent)
    cut = _BYLINE_MARK.search(line.text) if len(line.text) <= 80 else None
    if cut is None or not is_byline(line.text[cut.end() :]) or is_byline(line.text[: cut.start()]):
        yield whole
        return
    middle = line.start + cut.start()
    yield replace(whole, stretches=((line.start, middle),), text=line.text[: cut.start()])
    rest = line.start + cut.end()
    yield Fragment(((rest, line.end),), line.text[cut.end() :], "", 0, 0)


def merge(fragments: Sequence[Fragment], confidences: Sequence[float]) -> Fragment:
    """One fragment out of several, in their order; ``confidences`` has one for each joint."""
    if len(fragments) == 1:
        return fragments[0]
    joints = list(fragments[0].joints)
    for confidence, fragment in zip(confidences, fragments[1:], strict=True):
        joints += [confidence, *fragment.joints]
    return replace(
        fragments[0],
        stretches=tuple(s for fragment in fragments for s in fragment.stretches),
        text=" ".join(fragment.text for fragment in fragments),
        joints=tuple(joints),
    )


def border_scores(association: Association, keys: Sequence[str]) -> Floats:
    """(keys, 12): how each begins and ends as paragraphs, titles and notes do."""
    columns = []
    for start, end in BORDERS.values():
        starts = association.features([start] * len(keys), keys)
        ends = association.features(keys, [end] * len(keys))
        columns += [starts[:, 0], starts[:, 2], ends[:, 0], ends[:, 1]]
    return np.stack(columns, axis=1) if columns else np.zeros((0, 12))


def wrap_features(lines: Sequence[Fragment], association: Association) -> Floats:
    """One row for each line but the first: whether it goes on where the line before was wrapped."""
    keys = [line.key for line in lines]
    widths = [len(key) for key in keys]
    borders = border_scores(association, keys)
    crossing = association.features(keys[:-1], keys[1:])
    looks = np.array([line.look for line in lines])
    marked = float(np.mean([line.level > 0 for line in lines]))
    wide = float(np.mean([width > 48 for width in widths]))
    indented = float(np.mean([line.indent > 0 for line in lines]))
    spaced = float(np.mean([line.gap > 0 for line in lines]))
    shape = []
    for at in range(1, len(lines)):
        upper, lower = lines[at - 1], lines[at]
        typical = max(1, typical_width(widths, at))
        before = widths[at - 2] if at > 1 else 0
        behind = widths[at + 1] if at + 1 < len(widths) else 0
        shape.append(
            [
                widths[at - 1] / typical,
                widths[at] / typical,
                before / typical,
                behind / typical,
                abs(widths[at - 1] - typical) <= 1,
                widths[at - 1] < typical - 1,
                abs(widths[at - 1] - widths[at]) <= 1,
                np.log1p(typical),
                typical > 48,
                min(3, lower.gap),
                min(3, upper.gap),
                lower.gap > 0,
                min(3, lower.indent),
                min(3, upper.indent),
                lower.indent > upper.indent,
                lower.level,
                upper.level,
                marked,
                wide,
                indented,
                spaced,
            ]
        )
    return np.hstack([np.array(shape), crossing, borders[:-1], borders[1:], looks[:-1], looks[1:]])


def join_wraps(
    lines: Sequence[Fragment], association: Association, network: Network
) -> list[Fragment]:
    """Join each line with the one before where the network is all but certain."""
    if not lines:
        return []
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
    return joined


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
