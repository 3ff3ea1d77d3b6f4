"""Other makes of the span tagger's network, each trained alone on the same part of corpus/dev.

``ships``: as it is. ``width-64``, ``width-192``: numbers a character. ``two-layers``, ``four-layers``: its
convolutions reach 3 or 15 characters to each side instead of 7. ``no-words``: the list of words is not
shown to it. ``genre``: it learns the genre of the article from each line beside the tags.
``no-vectors``: random numbers in the place of the vectors; ``vectors-4m``: vectors from the first four
million characters of official documents instead of nineteen. ``distilled``: the mean of three networks
(printed as ``three``), and one network that also learns lines of those documents as the three mark
them. The last two need ``--raw official-zh.jsonl.xz``.

Run it from the repository after ``spacy project run dev``, for example
``python benchmarks/network_variants.py ships genre --seed 0``. Exact F1, gold articles in.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jax
import jax.numpy as jnp
import numpy as np
import spacy
from jax import Array
from networks import DEV, Mean
from spacy.tokens import DocBin
from span_finders import CORPUS, SETS, f1

from banmian import span_network as network
from banmian import span_network_training as training
from banmian.characters import normalize
from banmian.embedding_training import Settings, train_embeddings
from banmian.embeddings import Embeddings, bundled
from banmian.model import load
from banmian.raw_texts import read_texts
from banmian.span_crf import GoldText
from banmian.span_model import SpanModel, tagged_lines
from banmian.span_network import SpanNetwork
from banmian.types import GENRES

EPOCHS = 10
GENRE_SHARE = 1.0  # of the genre's loss for a line; that of the tags is 2 to 10
RAW_LINES, SHORTEST, LONGEST = 3000, 20, 300  # about as many characters as 387 articles have
TAGS = 100  # one number holds both: the genre times this, and the tag

Gold = Sequence[tuple[GoldText, str]]  # texts with their genre
Weights = dict[str, Array]


def main() -> None:
    """Train what is asked for, and print two rows for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", nargs="+", choices=[*PATCHES, *VECTORS, "distilled"])
    parser.add_argument("--articles", type=int, default=387)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--raw", type=Path)
    chosen = parser.parse_args()
    tagger: Any = load(DEV).get_pipe("span_tagger")
    part = list(gold())
    random.Random(chosen.seed).shuffle(part)  # noqa: S311 - a sample, no secret
    part = part[: chosen.articles]
    for name in chosen.variant:
        with ExitStack() as patches:
            for own in PATCHES.get(name, []):
                patches.enter_context(own)
            for trained, own_network in trained_as(
                name, tagger.model, part, chosen.seed, chosen.raw
            ):
                find = partial(found, replace(tagger.model, network=own_network, share=1.0))
                for where, path in SETS.items():
                    figures = f1(find, path)
                    print(
                        f"{trained}, {len(part)} articles, seed {chosen.seed}, {where}: {figures}"
                    )


def trained_as(
    name: str, model: SpanModel, part: Gold, seed: int, raw: Path
) -> Iterator[tuple[str, Any]]:
    """What a name stands for, trained."""
    if name == "distilled":
        teacher = Mean(tuple(one(model, part, 3 * seed + number) for number in range(3)))
        yield "three", teacher
        more = marked(replace(model, network=teacher, share=1.0), raw, seed)  # type: ignore[arg-type]
        yield name, one(model, [*part, *more], seed)
    elif name in VECTORS:
        yield name, one(model, part, seed, vectors=VECTORS[name](raw))
    else:
        yield name, one(model, part, seed, genre=name == "genre")


def gold() -> Iterator[tuple[GoldText, str]]:
    """The texts that the model of `dev` is trained on, with their spans, and their genres."""
    for doc in DocBin().from_disk(CORPUS).get_docs(spacy.blank("zh").vocab):
        spans = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        yield (doc.text, spans), max(GENRES, key=lambda name: doc.cats[f"genre:{name}"])


def found(model: SpanModel, text: str) -> list[tuple[int, int, str]]:
    """The spans that a model finds in a text."""
    return [span[:3] for span in model.predict([text])[0]]


def one(
    model: SpanModel,
    part: Gold,
    seed: int,
    *,
    genre: bool = False,
    vectors: Embeddings | None = None,
) -> SpanNetwork:
    """One network; with ``genre``, the numbers of its tags hold that of the genre too."""
    scheme = model.crf.scheme
    lines = []
    for text, own in part:
        more = TAGS * GENRES.index(own) if genre else 0
        lines += [
            (line, [more + tag for tag in tags]) for line, tags in tagged_lines([text], scheme)
        ]
    return training.train_network(lines, scheme, vectors or bundled(), epochs=EPOCHS, seed=seed)


def random_vectors(_: Path) -> Embeddings:
    """The units of the vectors that ship, with random numbers."""
    own, source = bundled(), np.random.default_rng(0)
    shapes = own.character_vectors.shape, own.pair_vectors.shape
    first, second = (source.normal(size=shape) for shape in shapes)
    return Embeddings.from_vectors(own.characters, first, own.pairs, second)


def vectors_4m(raw: Path) -> Embeddings:
    """Vectors from the first four million characters of a text."""
    return train_embeddings(beginning(raw, 4_000_000), Settings(), seed=0)


def beginning(raw: Path, size: int) -> Iterator[str]:
    """The first texts, until they have so many characters."""
    for text in read_texts(raw):
        yield text
        size -= len(text)
        if size <= 0:
            return


def marked(model: SpanModel, raw: Path, seed: int) -> list[tuple[GoldText, str]]:
    """Lines of raw text as a model marks them."""
    lines = {
        normalize(line.strip())
        for text in read_texts(raw)
        for line in text.split("\n")
        if SHORTEST <= len(line.strip()) <= LONGEST
    }
    chosen = random.Random(seed).sample(sorted(lines), RAW_LINES)  # noqa: S311 - a sample, no secret
    return [
        ((line, [span[:3] for span in spans]), GENRES[0])
        for line, spans in zip(chosen, model.predict(chosen), strict=True)
    ]


def reaching(*reaches: int) -> list[Any]:
    """Convolutions that reach so far."""
    return [patch.object(module, "REACHES", reaches) for module in (network, training)]


def with_genre(size: int, tags: int) -> dict[str, tuple[int, ...]]:
    """The weights, and those from the mean of a line to its article's genre."""
    return {**SHAPES(size, tags), "genre": (network.WIDTH, len(GENRES))}


def loss_with_genre(
    weights: Weights,
    tables: tuple[Array, ...],
    constraints: tuple[Array, ...],
    batch: tuple[Array, Array, Array, Array],
    tags: Array,
    key: Array,
) -> Array:
    """The loss of the tags and that of the genre."""
    lengths = batch[3]
    hidden = training.encode(weights, tables, batch, key)
    inside = (jnp.arange(hidden.shape[1])[None] < lengths[:, None])[:, :, None]
    mean = (hidden * inside).sum(1) / jnp.maximum(lengths, 1)[:, None]
    likely = jax.nn.log_softmax(mean @ weights["genre"])
    missed = -jnp.take_along_axis(likely, tags[:, :1] // TAGS, 1)[:, 0]
    alive = lengths > 0
    genre = jnp.where(alive, missed, 0).sum() / alive.sum()
    return LOSS(weights, tables, constraints, batch, tags % TAGS, key) + GENRE_SHARE * genre


SHAPES, LOSS = network.shapes, training._loss  # noqa: SLF001 - what is changed here
PATCHES: dict[str, list[Any]] = {
    "ships": [],
    "width-64": [patch.object(network, "WIDTH", 64)],
    "width-192": [patch.object(network, "WIDTH", 192)],
    "two-layers": reaching(1, 2),
    "four-layers": reaching(1, 2, 4, 8),
    "no-words": [patch.object(network, "longest_words", lambda _: [])],
    "genre": [
        patch.object(network, "shapes", with_genre),
        patch.object(training, "shapes", with_genre),
        patch.object(training, "_loss", loss_with_genre),
    ],
}
VECTORS: dict[str, Callable[[Path], Embeddings]] = {
    "no-vectors": random_vectors,
    "vectors-4m": vectors_4m,
}

if __name__ == "__main__":
    main()
