"""Pretrain the span network's layers on raw text: say the masked characters (Devlin et al. 2019).

Two neighbouring characters are masked at a time, so that what is said of one does not rest on the
other. The last layer is learned from annotations alone (``span_network_training``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from banmian.characters import normalize
from banmian.embeddings import UNKNOWN, Embeddings
from banmian.span_network import WIDTH, read_line, stack
from banmian.span_network_training import encode, initial_weights

_LENGTH, _SHORTEST = 128, 64  # of a piece of text
_PIECES = 24  # in a batch
_MASKED = 10  # pairs of neighbours in a piece
_PLACES = 2  # the row of ``read_line`` that tells of listed words
_LOSE = (0.1, 0.1)
_RATE, _LAST_RATE, _WARM_UP, _LONGEST_STEP = 2e-3, 1e-4, 200, 5.0
_SAID_EVERY = 100  # batches
_LAST_LAYER = frozenset({"out", "out_bias", "transitions"})

Arrays = dict[str, NDArray[np.float32]]


def pretrain(
    texts: Iterable[str],
    embeddings: Embeddings,
    *,
    characters: int,
    seed: int,
    say: Callable[[str], None],
) -> Arrays:
    """Train on about so many characters of texts; returns the weights by name, but the last layer.

    On one machine the same texts and seed give the same weights.
    """
    batches = max(2, characters // (_PIECES * _LENGTH))
    rate = optax.warmup_cosine_decay_schedule(
        0, _RATE, min(_WARM_UP, batches // 2), batches, _LAST_RATE
    )
    optimizer = optax.chain(
        optax.clip_by_global_norm(_LONGEST_STEP), optax.adamw(rate, b2=0.99, weight_decay=1e-3)
    )
    weights = {
        name: value
        for name, value in initial_weights(embeddings.size, 1, seed).items()
        if name not in _LAST_LAYER
    }
    tables = tuple(map(jnp.asarray, embeddings.tables()))
    head = jax.random.normal(jax.random.key(seed), (WIDTH, embeddings.size)) / WIDTH**0.5
    weights |= {"head": head, "head_bias": jnp.zeros(len(tables[0]))}

    def loss_of(weights, inputs, masked, wanted, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        hidden = encode(weights, tables, inputs, key, _LOSE)
        chosen = jnp.take_along_axis(hidden, masked[:, :, None], axis=1)
        said = chosen @ weights["head"] @ tables[0].T + weights["head_bias"]
        missed = optax.softmax_cross_entropy_with_integer_labels(said, wanted)
        known = wanted != UNKNOWN
        return (missed * known).sum() / known.sum()

    @jax.jit
    def step(weights, state, inputs, masked, wanted, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        loss, gradient = jax.value_and_grad(loss_of)(weights, inputs, masked, wanted, key)
        change, state = optimizer.update(gradient, state, weights)
        return optax.apply_updates(weights, change), state, loss

    key, state = jax.random.key(seed, impl="unsafe_rbg"), optimizer.init(weights)
    began, losses = time.monotonic(), []
    for number, batch in enumerate(islice(_batches(texts, embeddings, seed), batches), 1):
        key, own = jax.random.split(key)
        weights, state, loss = step(weights, state, *batch, own)
        losses.append(float(loss))
        if number % _SAID_EVERY == 0:
            mean, spent = np.mean(losses[-_SAID_EVERY:]), time.monotonic() - began
            say(f"batch {number} of {batches}: loss {mean:.3f}, {spent:.0f} s")
    return {
        name: np.asarray(value) for name, value in weights.items() if not name.startswith("head")
    }


def _batches(
    texts: Iterable[str], embeddings: Embeddings, seed: int
) -> Iterator[tuple[tuple[NDArray[np.int32], ...], NDArray[np.int32], NDArray[np.int32]]]:
    """Masked batches: the network's inputs, which characters are masked, and their numbers."""
    source, pieces = np.random.default_rng(seed), list(_pieces(texts))
    order = source.permutation(len(pieces))
    for first in range(0, len(pieces) - _PIECES + 1, _PIECES):
        chosen = [pieces[at] for at in order[first : first + _PIECES]]
        lines = [read_line(piece, embeddings) for piece in chosen]
        masked = np.stack([_choose(line.shape[1], source) for line in lines])
        wanted = np.stack([line[0, own] for line, own in zip(lines, masked, strict=True)])
        for line, own in zip(lines, masked, strict=True):
            line[:2, own] = UNKNOWN
            line[1, own[own > 0] - 1] = UNKNOWN  # the pair that ends on it
            line[_PLACES, own] = 0
        batch = stack(lines, _LENGTH)
        yield (batch.characters, batch.pairs, batch.places, batch.lengths), masked, wanted


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Lines in normal form, cut to length; short ones are left out."""
    for text in texts:
        for line in normalize(text).split("\n"):
            for start in range(0, len(line) - _SHORTEST + 1, _LENGTH):
                yield line[start : start + _LENGTH]


def _choose(length: int, source: np.random.Generator) -> NDArray[np.int32]:
    """Places of the masked characters in a piece, two neighbours each, in order."""
    first = source.choice((length - 1) // 2, _MASKED, replace=False) * 2 + source.integers(2)
    return np.sort(np.concatenate([first, first + 1])).astype(np.int32)
