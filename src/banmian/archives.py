"""Reading a zip that nobody vouches for: in memory, member by member, under caps."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

MOST_MEMBERS = 1000
MOST_BYTES = 512 * 1024 * 1024  # of all members together, unpacked

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class ArchiveError(Exception):
    """A zip that cannot be read; the message says what is wrong and is to follow its name."""


def read_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each file in a zip, without its folders.

    Names are whatever the archive says: compare them, never use them as paths. Raises ArchiveError.
    """
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) > MOST_MEMBERS:
                raise ArchiveError(f"holds more than {MOST_MEMBERS} files")
            for info in members:
                if info.compress_type not in _METHODS:
                    raise ArchiveError("is packed in an unusual way")
                with archive.open(info) as member:
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise ArchiveError(f"is larger than {MOST_BYTES // 1024 // 1024} MB unpacked")
                yield info.filename, content
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise ArchiveError("is no readable zip file") from error
