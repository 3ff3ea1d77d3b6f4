"""Learn vectors of characters and pairs from raw text, with gensim's word2vec."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banmian.characters import normalize
from banmian.embeddings import Embeddings

_PIECE = 300  # characters of a line that word2vec sees at once


@dataclass(frozen=True)
class Settings:
    """Size of the vectors, neighbours to each side, rarest units kept, rounds over the text."""

    size: int = 64
    window: int = 4
    rarest: int = 12
    most_pairs: int = 40_000
    epochs: int = 3


def train_embeddings(texts: Iterable[str], settings: Settings, seed: int) -> Embeddings:
    """Learn from texts. The same texts, settings and seed give the same vectors.

    Raises ModuleNotFoundError without the extra ``train``.
    """
    with tempfile.TemporaryDirectory() as folder:
        characters, pairs = Path(folder) / "characters", Path(folder) / "pairs"
        with (
            characters.open("w", encoding="utf-8") as one,
            pairs.open("w", encoding="utf-8") as two,
        ):
            for piece in _pieces(texts):
                one.write(" ".join(piece) + "\n")
                two.write(" ".join(map("".join, pairwise(piece))) + "\n")
        known, vectors = _word2vec(characters, settings, seed)
        known_pairs, pair_vectors = _word2vec(pairs, settings, seed)
    most = settings.most_pairs
    return Embeddings.from_vectors(known, vectors, known_pairs[:most], pair_vectors[:most])


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Lines in normal form without blanks, every digit as 0, cut to length."""
    digits = str.maketrans("123456789", "0" * 9)
    for text in texts:
        for line in normalize(text).translate(digits).split("\n"):
            plain = "".join(line.split())
            for start in range(0, len(plain), _PIECE):
                yield plain[start : start + _PIECE]


def _word2vec(
    corpus: Path, settings: Settings, seed: int
) -> tuple[list[str], NDArray[np.floating[Any]]]:
    from gensim.models import Word2Vec

    model = Word2Vec(
        corpus_file=str(corpus), vector_size=settings.size, window=settings.window,
        min_count=settings.rarest, negative=6, sample=1e-4, epochs=settings.epochs,
        workers=1, seed=seed,
    )  # fmt: skip
    return model.wv.index_to_key, model.wv.vectors
