"""Passages that stand twice on a page, exactly or with the variants of two OCR readings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from banmian.fragments import Fragment
from banmian.looks import TITLE_WIDTH

SHORTEST = 15
_SHINGLE = 5  # characters
_SHARED = 0.4  # of the shorter passage's shingles, for a closer look
_ALIKE = 90.0  # per cent, by rapidfuzz's partial ratio
_LENGTHS = 1.15  # a copy is at most so much longer than what it repeats
_COMMONPLACE = 12  # a shingle in more passages than that tells nothing


def find_copies(
    fragments: Sequence[Fragment], rate: Callable[[], Sequence[float]]
) -> dict[int, int]:
    """Number of each fragment that repeats another, and the number of that one.

    A fragment that stands inside a longer one is the copy; of two alike it is the one that fits
    its neighbours less, or the later. ``rate`` says how well each goes with those around it; it is
    asked only where there is something to choose.
    """
    from rapidfuzz.fuzz import partial_ratio

    shingles = [_shingles(fragment.key) for fragment in fragments]
    holders: dict[str, list[int]] = defaultdict(list)
    for number, own in enumerate(shingles):
        for shingle in own:
            holders[shingle].append(number)
    copies: dict[int, int] = {}
    fits: Sequence[float] = ()
    for number, own in enumerate(shingles):
        shared = Counter(
            other
            for shingle in own
            if len(holders[shingle]) <= _COMMONPLACE
            for other in holders[shingle]
            if other != number
        )
        for other, count in shared.most_common(3):
            if count < _SHARED * len(own):
                break
            if other in copies:
                continue
            if partial_ratio(fragments[number].key, fragments[other].key) < _ALIKE:
                continue
            fits = fits or rate()
            if _yields(fragments, fits, number, other):
                copies[number] = other
                break
    return copies


def _shingles(key: str) -> set[str]:
    if len(key) < SHORTEST:
        return set()
    return {key[at : at + _SHINGLE] for at in range(len(key) - _SHINGLE + 1)}


def _yields(fragments: Sequence[Fragment], fits: Sequence[float], one: int, other: int) -> bool:
    """Whether the first of two passages is the one to go."""
    length, longer = len(fragments[one].key), len(fragments[other].key)
    if length > longer * _LENGTHS:
        return False
    if longer > length * _LENGTHS:  # a headline comes again in its text and is no copy
        return length > TITLE_WIDTH or not {"，", "。"}.isdisjoint(fragments[one].key)
    return (fits[one], -one) < (fits[other], -other)


def counterparts(copy: Fragment, kept: Fragment) -> list[tuple[int, int, int]]:
    """(start, end, start of what is repeated) on the page for each stretch of a copy."""
    from rapidfuzz.fuzz import partial_ratio_alignment

    found = []
    for start, end in copy.stretches:
        alignment = partial_ratio_alignment(copy.key, kept.key)
        offset = alignment.dest_start - alignment.src_start if alignment else 0
        found.append((start, end, _place(kept, max(0, offset))))
    return found


def _place(fragment: Fragment, at: int) -> int:
    """Where on the page a fragment's character of that number stands, blanks not counted."""
    remaining = at
    texts = fragment.text
    position = 0
    for start, end in fragment.stretches:
        for on_page, char in zip(
            range(start, end), texts[position : position + end - start], strict=True
        ):
            if char.isspace():
                continue
            if remaining == 0:
                return on_page
            remaining -= 1
        position += end - start + 1
    return fragment.start
