"""Raw text to learn from: JSON lines with a key ``text``."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

from banmian.files import FileError


def read_texts(path: Path) -> Iterator[str]:
    """The texts of a JSONL file with a key ``text``, xz or plain. Raises FileError for others."""
    opener = lzma.open if path.suffix == ".xz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row = json.loads(line)
                if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                    raise FileError(f"{path}, line {number}: no key “text” with a string")
                yield row["text"]
    except (OSError, lzma.LZMAError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileError(f"{path}: cannot be read as JSON lines ({error})") from error
