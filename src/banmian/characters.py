"""One-to-one normal forms of characters: widths, straight quotes, compatibility forms.

Nothing here changes the length of a string, so offsets stay true.
"""

from __future__ import annotations

import re
import unicodedata

_FULL_WIDTH_OF = {",": "，", ";": "；", ":": "：", "!": "！", "?": "？", "(": "（", ")": "）"}
_ASCII_PUNCTUATION = re.compile(r"[,;:!?()]")
_STRAIGHT_QUOTE = re.compile("[\"'＂＇]")
# What opens, and what closes it.
QUOTES = {"“": "”", "‘": "’", "「": "」", "『": "』", "《": "》"}
PARTNER = {**QUOTES, "（": "）", "(": ")", "【": "】"}
_STRAIGHT_OF = {"\uff02": '"', "\uff07": "'"}
_PAIRS = {'"': "“”", "'": "‘’"}

# Full-width forms that print as Chinese punctuation keep their width.
_KEEP_WIDE = frozenset("，；：！？（）～")
# NFKC would turn these into forms that Chinese text does not use.
_KEEP_AS_IS = frozenset("…·•　")


def is_han(char: str) -> bool:
    """Whether a character is a Chinese ideograph (CJK, its extensions, 〇)."""
    code = ord(char) if char else 0
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x323AF
        or 0xF900 <= code <= 0xFAFF
        or char == "〇"
    )


def is_wide(char: str) -> bool:
    """Whether a character is set in Chinese width: an ideograph or Chinese punctuation."""
    return bool(char) and (
        is_han(char) or char in "“”‘’…—·" or unicodedata.east_asian_width(char) in "WF"
    )


def normalize(text: str) -> str:
    """Bring widths and quotes into their normal form, one character for one.

    Full-width letters, digits and signs become half-width; ASCII punctuation that stands beside
    Chinese becomes full-width; straight quotes become pairs (a pair opens and closes within
    one line); compatibility characters become their plain form (Unicode NFKC, where that is
    one character).
    """
    return _widen_punctuation(_pair_quotes(text.translate(_narrow)))


class _Narrow(dict[int, str]):
    """The narrow form of each code point, found when it is first asked for."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if not (char.isascii() or char in _KEEP_WIDE or char in _KEEP_AS_IS):
            plain = unicodedata.normalize("NFKC", char)
            char = plain if len(plain) == 1 and not plain.isspace() else char
        self[code] = char
        return char


_narrow = _Narrow()


def _widen_punctuation(text: str) -> str:
    places = [match.start() for match in _ASCII_PUNCTUATION.finditer(text)]
    if not places:
        return text
    chars = list(text)
    # Once forwards and once backwards: a mark made wide makes the one beside it wide.
    for at in (*places, *reversed(places)):
        before, after = chars[at - 1] if at else "", chars[at + 1] if at + 1 < len(chars) else ""
        if chars[at] in _FULL_WIDTH_OF and _stands_in_chinese(
            before, after, text[max(0, at - 8) : at]
        ):
            chars[at] = _FULL_WIDTH_OF[chars[at]]
    return "".join(chars)


def _stands_in_chinese(before: str, after: str, context: str) -> bool:
    if before.isdigit() and after.isdigit():
        return False
    if is_wide(before) or is_wide(after):
        return True
    # A mark between a digit and a blank or an end, as in "共3项," at a wrap, follows its line.
    return (after.isspace() or not after) and any(map(is_han, context))


def _pair_quotes(text: str) -> str:
    if not _STRAIGHT_QUOTE.search(text):
        return text
    return "\n".join(map(_pair_quotes_in_line, text.split("\n")))


def _pair_quotes_in_line(line: str) -> str:
    chars = list(line)
    is_open = {'"': False, "'": False}
    for match in _STRAIGHT_QUOTE.finditer(line):
        at = match.start()
        quote = _STRAIGHT_OF.get(match[0], match[0])
        before, after = line[at - 1 : at], line[at + 1 : at + 2]
        if quote == "'" and before.isalnum() and (before + after).isascii() and after.isalnum():
            continue  # an apostrophe in a foreign word
        opens = not is_open[quote]
        chars[at] = _PAIRS[quote][0 if opens else 1]
        is_open[quote] = opens
    return "".join(chars)
