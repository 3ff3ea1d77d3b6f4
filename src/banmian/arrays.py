"""Strings as arrays of bytes, for archives that hold no objects."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_SEPARATOR = "\x00"


def from_strings(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Strings (without the character NUL) as one array of UTF-8 bytes."""
    return np.frombuffer(_SEPARATOR.join(strings).encode("utf-8"), dtype=np.uint8)


def to_strings(array: NDArray[np.generic]) -> list[str]:
    """The inverse. Raises ValueError for bytes that are no UTF-8."""
    text = array.astype(np.uint8).tobytes().decode("utf-8")
    return text.split(_SEPARATOR) if text else []
