"""Archives of plain arrays (NPZ) that hold no objects, and strings in them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

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


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays by name as a compressed NPZ archive."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()
