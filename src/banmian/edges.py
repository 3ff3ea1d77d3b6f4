"""Where a span begins and ends by the guidelines' rules on quotes, brackets and punctuation."""

from __future__ import annotations

_PARTNER = {
    "“": "”",
    "‘": "’",
    "「": "」",
    "『": "』",
    "《": "》",
    "（": "）",
    "(": ")",
    "【": "】",
}
_QUOTES = frozenset("“‘「『《")
_OPENER = {closer: opener for opener, closer in _PARTNER.items()}
_PUNCTUATION = frozenset("，。、；：！？,.;:!?…—-–·~～/| \t\n　")


def trim(text: str, start: int, end: int, label: str) -> tuple[int, int] | None:  # noqa: C901 - one rule a branch
    """Adjust ``text[start:end]``; None where nothing is left.

    Blanks and punctuation at the ends go. A quote or bracket whose partner is outside goes, or, at
    the front, comes in when its partner is inside and the span goes on past it. Quotes that wrap
    the whole span go (guidelines, rules for every span, 3 and 4).
    """
    before = (-1, -1)
    while before != (start, end) and start < end:
        before = (start, end)
        if text[start] in _PUNCTUATION or text[start] in _OPENER:
            start += 1
        elif text[end - 1] in _PUNCTUATION or text[end - 1] in _PARTNER:
            end -= 1
        elif text[start] in _PARTNER and _partner_of_opener(text, start, end) < 0:
            start += 1
        elif text[end - 1] in _OPENER and _partner_of_closer(text, start, end) < 0:
            if start and text[start - 1] == _OPENER[text[end - 1]]:
                start -= 1
                if _partner_of_opener(text, start, end) == end - 1:
                    start, end = start + 1, end - 1
            else:
                end -= 1
        elif text[start] in _QUOTES and _partner_of_opener(text, start, end) == end - 1:
            start, end = start + 1, end - 1
        elif text[end - 1] in "）)" and label in ("ORG", "INITIATIVE"):
            end = _partner_of_closer(text, start, end)  # a gloss behind a name
    if start >= end:
        return None
    if start and text[start - 1] in _QUOTES and _closes_inside(text, start, end):
        start -= 1
    return start, end


def _closes_inside(text: str, start: int, end: int) -> bool:
    """Whether the quote that opens just before the span closes within it, before its end."""
    partner = _partner_of_opener(text, start - 1, end)
    return start <= partner < end - 1


def _partner_of_opener(text: str, at: int, end: int) -> int:
    depth = 0
    for position in range(at, end):
        if text[position] == text[at]:
            depth += 1
        elif text[position] == _PARTNER[text[at]]:
            depth -= 1
            if depth == 0:
                return position
    return -1


def _partner_of_closer(text: str, start: int, end: int) -> int:
    depth = 0
    for position in range(end - 1, start - 1, -1):
        if text[position] == text[end - 1]:
            depth += 1
        elif text[position] == _OPENER[text[end - 1]]:
            depth -= 1
            if depth == 0:
                return position
    return -1
