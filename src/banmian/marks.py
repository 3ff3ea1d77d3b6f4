"""Gold and predicted spans drawn into one text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from banmian.confusion import Outcome
from banmian.evaluation import ArticleResult
from banmian.scoring import Mention


@dataclass(frozen=True)
class Segment:
    """A stretch of text, and the labels of the gold and the predicted span that it is in, if any.

    ``right`` says that both are the same span with the same label. ``gold_ends`` and ``predicted_ends`` say that the span does not go on in the next segment.
    """

    text: str
    gold: str | None
    predicted: str | None
    right: bool
    gold_ends: bool
    predicted_ends: bool


def marked(result: ArticleResult, start: int = 0, end: int | None = None) -> Iterator[Segment]:
    """The article's text, or a part of it, in segments."""
    stop = len(result.text) if end is None else end
    gold = _by_offset(result, result.gold)
    predicted = _by_offset(result, result.predicted)
    for (own, found), group in groupby(
        range(start, stop), key=lambda at: (gold.get(at), predicted.get(at))
    ):
        at = list(group)
        behind = at[-1] + 1
        wanted = None if own is None else result.gold[own]
        marked_as = None if found is None else result.predicted[found]
        yield Segment(
            text=result.text[at[0] : behind],
            gold=wanted and wanted.label,
            predicted=marked_as and marked_as.label,
            right=wanted is not None and Outcome(wanted, marked_as).kind == "right",
            gold_ends=own is not None and gold.get(behind) != own,
            predicted_ends=found is not None and predicted.get(behind) != found,
        )


def _by_offset(result: ArticleResult, mentions: Sequence[Mention]) -> dict[int, int]:
    """Which mention each character of the text is in; blanks inside a span belong to it."""
    numbers: dict[int, int] = {}
    for number, m in enumerate(mentions):
        offsets = offsets_of(result, m)
        for before, at in zip(offsets, [*offsets[1:], None], strict=True):
            numbers[before] = number
            if at is not None and result.text[before + 1 : at].isspace():
                numbers.update(dict.fromkeys(range(before + 1, at), number))
    return numbers


def offsets_of(result: ArticleResult, m: Mention) -> list[int]:
    """Where a mention stands in an article's text; what of it is elsewhere is left out."""
    wanted = set(m.places)
    return [at for at, place in enumerate(result.places) if place in wanted]
