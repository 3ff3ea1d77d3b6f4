"""Reading under a cap, writing aside and renaming, JSON Lines, hashes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

MAX_BYTES = 64 * 1024 * 1024


class FileError(Exception):
    """A file that cannot be used; the message names it, says what is wrong and what to do."""


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """Read a file of at most ``limit`` bytes. Raises FileError."""
    try:
        with path.open("rb") as stream:
            return read_stream(stream, str(path), limit=limit)
    except OSError as error:
        raise FileError(f"{path}: {_reason(error)}") from error
    except ValueError as error:  # a name with a NUL in it
        raise FileError(f"{path!r}: is no file name") from error


def read_stream(stream: IO[bytes], name: str, *, limit: int = MAX_BYTES) -> bytes:
    """Read a stream to its end. Raises FileError where that is more than ``limit`` bytes."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise FileError(f"{name}: larger than {limit // 1024 // 1024} MB; split it")
    return data


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder, not a file"
    if isinstance(error, PermissionError):
        return "may not be read or written (permission denied)"
    return error.strerror or str(error)


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def atomic_writer(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file that appears under its name only once it is whole.

    Raises FileError where the folder cannot be written to.
    """
    with (
        _written_aside(path) as handle,
        os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream,
    ):
        yield stream


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, all or nothing. Raises FileError where the folder cannot be written to."""
    with _written_aside(path) as handle, os.fdopen(handle, "wb") as stream:
        stream.write(data)


@contextmanager
def _written_aside(path: Path) -> Iterator[int]:
    """A handle of a file beside the path (to be closed by the caller), renamed to it at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise FileError(f"{path}: {_reason(error)}") from error
    aside = Path(name)
    try:
        yield handle
        aside.chmod(0o666 & ~_umask())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def dumps(row: Mapping[str, Any]) -> str:
    """One row as a line of JSON, keys in their order, Chinese readable, without newline."""
    return json.dumps(row, ensure_ascii=False)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON Lines, all or nothing."""
    with atomic_writer(path) as stream:
        for row in rows:
            stream.write(dumps(row) + "\n")


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, all or nothing."""
    with atomic_writer(path) as stream:
        json.dump(value, stream, ensure_ascii=False, indent=2)
        stream.write("\n")


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, row). Raises FileError with the line that is no JSON object."""
    yield from parse_jsonl(read_bytes(path), str(path))


def parse_jsonl(data: bytes, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The same for what was read already; messages call it ``name``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{name}: is not UTF-8 (byte {error.start})") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        yield number, parse_object(line, f"{name}, line {number}")


def parse_object(text: str, place: str) -> dict[str, Any]:
    """Text as a JSON object. Raises FileError, which begins with the place, for what is none."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{place}: is not JSON ({error})") from error
    if not isinstance(row, dict):
        raise FileError(f"{place}: is not a JSON object")
    return row


def replace_part(path: Path, name: str, content: str) -> None:
    """Renew what stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->`` in a file.

    Raises FileError where the file has no such lines.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, found_begin, rest = read_bytes(path).decode("utf-8").partition(begin)
    _, found_end, tail = rest.partition(end)
    if not (found_begin and found_end):
        raise FileError(f"{path}: has no lines {begin} and {end}")
    with atomic_writer(path) as stream:
        stream.write(f"{head}{begin}\n{content.strip()}\n{end}{tail}")
