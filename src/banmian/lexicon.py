"""The word list that spacy-pkuseg ships, and where its words stand in a line."""

from __future__ import annotations

import pickle
from functools import cache
from importlib import resources

_LONGEST = 6


@cache
def words() -> frozenset[str]:
    """Words of two to six characters from the list in the installed spacy-pkuseg."""
    # A pickled string, read from an installed, hash-locked dependency as that package itself does.
    data = resources.files("spacy_pkuseg").joinpath("dicts", "default.pkl").read_bytes()
    listed = pickle.loads(data)  # noqa: S301
    return frozenset(word for word in str(listed).split("\n") if 2 <= len(word) <= _LONGEST)


def longest_words(line: str) -> list[tuple[int, int]]:
    """Cut a line into words by taking the longest that fits, left to right (half open)."""
    listed = words()
    cuts, start = [], 0
    while start < len(line):
        end = next(
            (
                start + n
                for n in range(min(_LONGEST, len(line) - start), 1, -1)
                if line[start : start + n] in listed
            ),
            start + 1,
        )
        cuts.append((start, end))
        start = end
    return cuts
