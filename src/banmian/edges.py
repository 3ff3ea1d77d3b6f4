"""Where a span begins and ends by the guidelines' rules on quotes, brackets and punctuation."""

from __future__ import annotations

import re

from banmian.characters import PARTNER, QUOTES

_OPENER = {closer: opener for opener, closer in PARTNER.items()}
_PUNCTUATION = frozenset("，。、；：！？,.;:!?…—-–·~～/| \t\n　")

# A verb that a body's name does not begin with, and a person's role that ends it.
_VERB_BEFORE_BODY = re.compile(
    "(?:成立|组建|加强|依托|邀请|协同|会同|推动|指导|引导|带领|着眼解决)(?=.{3})"
)
_ROLE_BEHIND_BODY = re.compile(
    "(?<=.{3})(?:相关)?(?:有关)?(?:负责人|工作人员|党支部书记|党总支书记|党委书记|书记|主任|局长|部长)"
)
# What is done with a thing that has a name, where the thing's own head noun stands before it.
_DONE_WITH_IT = re.compile("(?<=品牌|平台|体系|机制|基地)(?:建设|创建|打造)$|(?<=示范带)建设$")
LONGEST_SPAN = 200  # the longest that annotators marked has 38 characters
_QUOTE_MARKS = re.compile("[“”‘’「」]")


def adjust(text: str, start: int, end: int, label: str) -> tuple[int, int] | None:
    """``trim`` and the label's own rules; None where no span of that label can stand there.

    Nothing inside a title 《…》 is one. A body's name sheds a verb before it and ends before a
    person's role; an initiative sheds what is done with it; the halves of a couplet differ by one
    character at most, quotes not counted (guidelines, SLOGAN c).
    """
    borders = trim(text, start, end, label) if end - start <= LONGEST_SPAN else None
    if borders is None or in_title(text, *borders):
        return None
    start, end = borders
    if label == "ORG":
        verb = _VERB_BEFORE_BODY.match(text, start, end)
        start = verb.end() if verb else start
        role = _ROLE_BEHIND_BODY.search(text[start:end])
        end = start + role.start() if role and role.end() < end - start else end
    elif label == "INITIATIVE":
        done = _DONE_WITH_IT.search(text[start:end])
        end = start + done.start() if done else end
    elif label == "SLOGAN" and not _balanced(text[start:end]):
        return None
    return trim(text, start, end, label)


def in_title(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` stands inside the title of a work or a paper, 《…》, on its line."""
    if not title_is_open(text, start):
        return False
    closed = text.find("》", start)
    return closed >= end and "\n" not in text[start:closed]


def title_is_open(text: str, at: int) -> bool:
    """Whether a title 《… has begun before ``text[at]`` on its line, and has not ended."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return before.count("《") > before.count("》")


def _balanced(words: str) -> bool:
    halves = [len(_QUOTE_MARKS.sub("", half)) for half in words.split(" ")]
    return max(halves) - min(halves) <= 1


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
        elif text[end - 1] in _PUNCTUATION or text[end - 1] in PARTNER:
            end -= 1
        elif text[start] in PARTNER and _partner_of_opener(text, start, end) < 0:
            start += 1
        elif text[end - 1] in _OPENER and _partner_of_closer(text, start, end) < 0:
            if start and text[start - 1] == _OPENER[text[end - 1]]:
                start -= 1
                if _partner_of_opener(text, start, end) == end - 1:
                    start, end = start + 1, end - 1
            else:
                end -= 1
        elif text[start] in QUOTES and _partner_of_opener(text, start, end) == end - 1:
            start, end = start + 1, end - 1
        elif text[end - 1] in "）)" and label in ("ORG", "INITIATIVE"):
            end = _partner_of_closer(text, start, end)  # a gloss behind a name
    if start >= end:
        return None
    if start and text[start - 1] in QUOTES and _closes_inside(text, start, end):
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
        elif text[position] == PARTNER[text[at]]:
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
