"""doccano's exported files into annotations, for people who use it by hand. No network.

An export is a JSONL file, or a zip with one for each annotator. Names in a zip are never used as
such: one that looks like a user's name becomes ``meta.annotator``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from banmian.annotations import from_row
from banmian.archives import ArchiveError, read_members
from banmian.doccano_rows import Example, Labels, from_doccano
from banmian.files import FileError, parse_jsonl, read_bytes
from banmian.types import GENRES, AnnotatedArticle
from banmian.utf16 import Utf16Offsets

_USER_NAME = re.compile(r"[\w.@+-]{1,150}")
_OWN_KEYS = frozenset(
    {"id", "text", "data", "entities", "label", "labels", "cats", "meta", "Comments"}
)


def read_export(path: Path, *, utf16: bool = True) -> Iterator[AnnotatedArticle]:
    """Read an export, offsets into code points.

    Articles that banmian sent say how their offsets count; for others ``utf16`` says it (doccano's
    page counts UTF-16 units). Raises FileError, naming file, line and article, for what is none.
    """
    for annotator, name, data in _members(path):
        for number, row in parse_jsonl(data, name):
            try:
                yield from_export_row(row, annotator=annotator, utf16=utf16)
            except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
                reason = f"the key {error} is missing" if isinstance(error, KeyError) else error
                raise FileError(f"{name}, line {number}, {_named(row)}: {reason}") from error


def _members(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield (annotator, what messages call it, content) for each file of an export."""
    data = read_bytes(path)
    if not data.startswith(b"PK"):
        yield "", str(path), data
        return
    try:
        members = list(read_members(data))
    except ArchiveError as error:
        raise FileError(f"{path}: {error}") from error
    for number, (member, content) in enumerate(members, 1):
        user = member.removesuffix(".jsonl")
        known = user if _USER_NAME.fullmatch(user) else f"annotator {number}"
        yield known if len(members) > 1 else "", f"{path}, file {number}", content


def _named(row: dict[str, Any]) -> str:
    meta = row.get("meta")
    key = meta.get("key") if isinstance(meta, dict) else None
    return f"article {key or row.get('id', '?')}"


def from_export_row(
    row: dict[str, Any], *, annotator: str = "", utf16: bool = True
) -> AnnotatedArticle:
    """One row of an export. Raises KeyError, TypeError, ValueError or IndexError where it is none."""
    text = row["text"] if "text" in row else row["data"]
    if not isinstance(text, str):
        raise TypeError("text is not a string")
    text.encode("utf-8")  # half a surrogate pair is no character
    labels = _labels(row)
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    meta = {
        **{k: v for k, v in row.items() if k not in _OWN_KEYS and v is not None},
        **(meta or {}),
    }
    example = Example(int(row.get("id", 0)), text, meta)
    if example.sent:
        return from_doccano(example, labels, annotator)
    genres = [cat for cat in labels.cats if cat in GENRES]
    if len(genres) > 1:
        raise ValueError(f"has {len(genres)} genres ({', '.join(genres)}); an article has one")
    count = Utf16Offsets(text).to_points if utf16 else int
    return from_row(
        {
            "id": example.id,
            "text": text,
            "entities": [
                (count(start), count(end), label) for start, end, label in labels.entities
            ],
            "cats": labels.cats,
            "meta": {**meta, "annotator": annotator} if annotator else meta,
        }
    )


def _labels(row: dict[str, Any]) -> Labels:
    """Spans and categories, under any of the keys that doccano's project types give them."""
    given = [*(row.get("entities") or ()), *(row.get("label") or ()), *(row.get("labels") or ())]
    entities = []
    cats = [str(cat) for cat in row.get("cats") or ()]
    for label in given:
        if isinstance(label, str):
            cats.append(label)
        elif isinstance(label, dict):
            entities.append((label["start_offset"], label["end_offset"], str(label["label"])))
        else:
            start, end, name = label
            entities.append((start, end, str(name)))
    return Labels(tuple(sorted((int(s), int(e), name) for s, e, name in entities)), tuple(cats))
