"""What cleaning has learned: the networks and the n-gram counts, kept in one file of plain numbers."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banmian.arrays import from_strings, to_strings
from banmian.association import Association
from banmian.leads import Leads
from banmian.likeness import Rarity
from banmian.network import UNTRAINED, Network
from banmian.topics import Topics

_NETWORKS = ("wraps", "roles", "joints", "begins", "links")
BUNDLED = Path(__file__).parent / "data" / "layout.npz"


@dataclass(frozen=True)
class Layout:
    """The networks in the order in which they work, and what they look at beside the page.

    ``association``: which characters stand together. ``rarity``: which words say much. ``topics``:
    which words are about the same. ``leads``: how articles begin.

    ``wraps``: does a line go on where the one above it was wrapped? ``roles``: what is a fragment?
    ``joints``: does one fragment go on in another? ``begins``: does an article begin with a block?
    ``links``: are two parts of one article?
    """

    association: Association
    rarity: Rarity
    topics: Topics
    leads: Leads
    wraps: Network = UNTRAINED
    roles: Network = UNTRAINED
    joints: Network = UNTRAINED
    begins: Network = UNTRAINED
    links: Network = UNTRAINED
    trained_on: tuple[str, ...] = ()  # origins of the articles: batches, pages

    def with_network(self, name: str, network: Network) -> Layout:
        """The same with another network of that name."""
        return replace(self, **{name: network})  # type: ignore[arg-type]

    def to_bytes(self) -> bytes:
        """As a compressed NPZ archive of plain arrays."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for name in ("association", "rarity", "topics", "leads", *_NETWORKS):
            part: Association | Rarity | Topics | Leads | Network = getattr(self, name)
            arrays |= {f"{name}.{key}": value for key, value in part.to_arrays().items()}
        arrays["trained_on"] = from_strings(self.trained_on)
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Layout:
        """The inverse. Raises ValueError for data that is none; no pickle is ever read."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as parts:
                arrays = {name: parts[name] for name in parts.files}
            networks = {name: Network.from_arrays(_named(arrays, name)) for name in _NETWORKS}
            return cls(
                association=Association.from_arrays(_named(arrays, "association")),
                rarity=Rarity.from_arrays(_named(arrays, "rarity")),
                topics=Topics.from_arrays(_named(arrays, "topics")),
                leads=Leads.from_arrays(_named(arrays, "leads")),
                trained_on=tuple(to_strings(arrays["trained_on"])),
                **networks,
            )
        except (KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"the weights of the layout are damaged ({error})") from error


def _named(arrays: dict[str, NDArray[np.generic]], name: str) -> dict[str, NDArray[np.generic]]:
    return {
        key.removeprefix(f"{name}."): value
        for key, value in arrays.items()
        if key.startswith(f"{name}.")
    }


@cache
def bundled() -> Layout:
    """The layout that ships with the package."""
    return Layout.from_bytes(BUNDLED.read_bytes())
