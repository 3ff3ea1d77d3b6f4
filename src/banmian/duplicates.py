"""Passages that stand twice on a page, exactly or with the variants of two OCR readings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby, permutations
from operator import itemgetter

import numpy as np

from banmian.fragments import Fragment
from banmian.looks import TITLE_WIDTH
from banmian.ngrams import ngrams

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

    shared = _shared_shingles(fragments)
    copies: dict[int, int] = {}
    fits: Sequence[float] = ()
    for number, (size, others) in sorted(shared.items()):
        for other, count in others.most_common(3):
            if count < _SHARED * size:
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


def _shared_shingles(fragments: Sequence[Fragment]) -> dict[int, tuple[int, Counter[int]]]:
    """For the passages that share shingles: how many they have, and share with which others."""
    keys = [f.key if len(f.key) >= SHORTEST else "" for f in fragments]
    owners, shingles = ngrams(keys, _SHINGLE)
    found, numbers = np.unique(shingles, return_inverse=True)
    once = np.unique(numbers * len(keys) + owners)  # a shingle counts once in a passage
    of, owners = np.divmod(once, len(keys))
    holders = np.bincount(of, minlength=len(found))
    sizes = np.bincount(owners, minlength=len(keys)).tolist()
    several = (holders > 1) & (holders <= _COMMONPLACE)
    shared: dict[int, Counter[int]] = defaultdict(Counter)
    for _, same in groupby(
        zip(of[several[of]].tolist(), owners[several[of]].tolist(), strict=True), itemgetter(0)
    ):
        for (_, one), (_, other) in permutations(same, 2):
            shared[one][other] += 1
    return {number: (sizes[number], others) for number, others in shared.items()}


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
