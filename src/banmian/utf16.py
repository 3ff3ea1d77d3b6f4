"""Offsets in UTF-16 units, as JavaScript counts them, to and from code points.

doccano's page is JavaScript: behind a 𠮷 or an emoji its offsets run one ahead of Python's.
"""

from __future__ import annotations

from itertools import accumulate

_LAST_OF_ONE_UNIT = "\uffff"


class Utf16Offsets:
    """The offsets of one text, both ways; offset ``len`` is the end of the text."""

    def __init__(self, text: str) -> None:
        widths = (2 if char > _LAST_OF_ONE_UNIT else 1 for char in text)
        self._units = list(accumulate(widths, initial=0))
        self._points = {units: point for point, units in enumerate(self._units)}

    def to_units(self, point: int) -> int:
        """The UTF-16 offset of a code point's. Raises ValueError outside the text."""
        if not 0 <= point < len(self._units):
            raise ValueError(f"offset {point} lies outside the text")
        return self._units[point]

    def to_points(self, units: int) -> int:
        """The code point offset of a UTF-16 one.

        Raises ValueError outside the text and within a character of two units.
        """
        if units not in self._points:
            where = "within a character" if 0 < units < self._units[-1] else "outside the text"
            raise ValueError(f"UTF-16 offset {units} lies {where}")
        return self._points[units]
