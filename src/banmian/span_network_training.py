"""Train the span network with JAX: a linear-chain CRF's likelihood, Adam, averaged weights."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from banmian.crf import TagScheme
from banmian.embeddings import UNKNOWN, Embeddings
from banmian.span_network import COMMON, REACHES, TABLES, SpanNetwork, read_line, shapes, stack

Weights = dict[str, Array]
Inputs = tuple[Array, Array, Array, Array]  # the fields of a Batch
Example = tuple[str, list[int]]
Read = tuple[NDArray[np.int32], list[int]]  # as ``read_line`` gives it, and its tags

logger = logging.getLogger(__name__)

# Lines are padded to one of these lengths, so that XLA compiles for few shapes.
_LENGTHS = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1000)
_CHARACTERS_AT_ONCE = 3000
_RATE, _LAST_RATE, _WARM_UP = 2e-3, 4e-5, 200
_DECAY, _LONGEST_STEP, _KEEP = 1e-3, 5.0, 0.995
_LOSE_INPUT, _LOSE_HIDDEN = 0.4, 0.2
_LOSE_CHARACTER, _LOSE_PAIR = 0.05, 0.2  # turned into unknown ones
_MEAN_LINE = 30  # the loss is that of so many characters, so that it does not depend on the batch


@dataclass(frozen=True)
class _Prepared:
    """A batch with its tags, (lines, longest)."""

    inputs: tuple[NDArray[np.int32], ...]
    tags: NDArray[np.int32]


def train_network(
    examples: Sequence[Example],
    scheme: TagScheme,
    embeddings: Embeddings,
    *,
    epochs: int,
    seed: int,
) -> SpanNetwork:
    """Train on lines in normal form with one tag a character.

    On one machine the same examples and seed give the same weights.
    """
    shuffle, prepared = random.Random(seed), _group(examples, embeddings)  # noqa: S311
    steps = epochs * len(_batches(prepared, None))
    rate = optax.warmup_cosine_decay_schedule(
        0, _RATE, min(_WARM_UP, max(1, steps // 10)), steps, _LAST_RATE
    )
    adam = optax.adamw(rate, b2=0.99, weight_decay=_DECAY)
    optimizer = optax.chain(optax.clip_by_global_norm(_LONGEST_STEP), adam)
    weights = _initial_weights(embeddings.size, scheme.size, seed)
    tables = tuple(map(jnp.asarray, embeddings.tables()))
    constraints = tuple(jnp.asarray(part, jnp.float32) for part in scheme.constraints())

    @jax.jit
    def step(weights, state, average, batch, tags, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        loss, gradient = jax.value_and_grad(_loss)(weights, tables, constraints, batch, tags, key)
        change, state = optimizer.update(gradient, state, weights)
        weights = optax.apply_updates(weights, change)
        average = jax.tree.map(lambda a, b: _KEEP * a + (1 - _KEEP) * b, average, weights)
        return weights, state, average, loss

    # The counter of steps is a poor random source for research on chance, and fast on a processor.
    key = jax.random.key(seed, impl="unsafe_rbg")
    state, average = optimizer.init(weights), weights
    for epoch in range(epochs):
        losses = []
        for one in _batches(prepared, shuffle):
            key, own = jax.random.split(key)
            weights, state, average, loss = step(weights, state, average, one.inputs, one.tags, own)
            losses.append(float(loss))
        logger.info("network, epoch %d of %d: loss %.3f", epoch + 1, epochs, np.mean(losses))
    return SpanNetwork.of(embeddings, {name: np.asarray(value) for name, value in average.items()})


def _group(examples: Sequence[Example], embeddings: Embeddings) -> dict[int, list[Read]]:
    """Read lines, by the length that they are padded to."""
    groups: dict[int, list[Read]] = defaultdict(list)
    for line, tags in examples:
        longest = next(length for length in _LENGTHS if len(line) <= length)
        groups[longest].append((read_line(line, embeddings), tags))
    return groups


def _batches(groups: dict[int, list[Read]], shuffle: random.Random | None) -> list[_Prepared]:
    batches = []
    for longest, lines in sorted(groups.items()):
        order, size = list(lines), max(1, _CHARACTERS_AT_ONCE // longest)
        if shuffle:
            shuffle.shuffle(order)
        firsts = range(0, len(order), size)
        batches += [_prepare(order[first : first + size], size, longest) for first in firsts]
    if shuffle:
        shuffle.shuffle(batches)
    return batches


def _prepare(lines: Sequence[Read], size: int, longest: int) -> _Prepared:
    """A batch of exactly ``size`` lines, empty ones at its end."""
    empty = np.zeros((2 + len(TABLES), 0), np.int32)
    batch = stack([line for line, _ in lines] + [empty] * (size - len(lines)), longest)
    tags = np.zeros((size, longest), np.int32)
    for index, (_, own) in enumerate(lines):
        tags[index, : len(own)] = own
    return _Prepared((batch.characters, batch.pairs, batch.places, batch.lengths), tags)


def _initial_weights(size: int, tags: int, seed: int) -> Weights:
    """Normal weights scaled to what comes in; ones for scales, zeros for biases."""
    source = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes(size, tags).items():
        kind = name.split("_")[0]
        if kind in ("common", "table"):
            value = source.normal(size=shape) * (0.3 if kind == "common" else 0.5)
        elif kind == "kernel" or name in ("in", "out"):
            value = source.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        else:
            value = np.full(shape, 1.0 if kind == "scale" else 0.0)
        weights[name] = jnp.asarray(value, jnp.float32)
    return weights


def _drop(values: Array, key: Array, share: float) -> Array:
    return values * jax.random.bernoulli(key, 1 - share, values.shape) / (1 - share)


def _scores(weights: Weights, tables: tuple[Array, ...], batch: Inputs, key: Array) -> Array:
    """The scores of tags, (lines, longest, tags): ``SpanNetwork._forward`` with dropout."""
    keys = jax.random.split(key, 4)
    characters, pairs, places, lengths = batch
    characters = jnp.where(
        jax.random.bernoulli(keys[0], _LOSE_CHARACTER, characters.shape), UNKNOWN, characters
    )
    pairs = jnp.where(jax.random.bernoulli(keys[1], _LOSE_PAIR, pairs.shape), UNKNOWN, pairs)
    hidden = encode(weights, tables, (characters, pairs, places, lengths), keys[2])
    return _drop(hidden, keys[3], _LOSE_INPUT) @ weights["out"] + weights["out_bias"]


def encode(
    weights: Weights,
    tables: tuple[Array, ...],
    batch: Inputs,
    key: Array,
    lose: tuple[float, float] = (_LOSE_INPUT, _LOSE_HIDDEN),
) -> Array:
    """What the network holds of each character before the last layer, (lines, longest, width).

    ``lose`` is the share that dropout takes of the inputs and of what the convolutions see.
    """
    characters, pairs, places, lengths = batch
    keys = jax.random.split(key, 1 + len(REACHES))
    pair = tables[1][pairs]
    before = jnp.pad(pair, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    # One-hot products instead of lookups: their gradient is much faster than a scatter on a CPU.
    own = jax.nn.one_hot(jnp.minimum(characters, COMMON + 1), COMMON + 2) @ weights["common"]
    seen = [tables[0][characters], own, pair, before]
    for number, (rows, _) in enumerate(TABLES):
        seen.append(jax.nn.one_hot(places[number], rows) @ weights[f"table_{number}"])
    inputs = _drop(jnp.concatenate(seen, axis=2), keys[0], lose[0])
    hidden = inputs @ weights["in"] + weights["in_bias"]
    inside = (jnp.arange(hidden.shape[1])[None] < lengths[:, None])[:, :, None]
    for number, reach in enumerate(REACHES):
        scaled = jax.nn.standardize(hidden, axis=2, epsilon=1e-5) * weights[f"scale_{number}"]
        scaled = _drop((scaled + weights[f"shift_{number}"]) * inside, keys[number + 1], lose[1])
        length, kernel = hidden.shape[1], weights[f"kernel_{number}"]
        padded = jnp.pad(scaled, ((0, 0), (reach, reach), (0, 0)))
        taps = [padded[:, k * reach : k * reach + length] @ kernel[k] for k in range(3)]
        value, gate = jnp.split(sum(taps) + weights[f"bias_{number}"], 2, axis=2)
        hidden = hidden + value * jax.nn.sigmoid(gate)
    return jax.nn.gelu(hidden)


def _loss(
    weights: Weights,
    tables: tuple[Array, ...],
    constraints: tuple[Array, ...],
    batch: Inputs,
    tags: Array,
    key: Array,
) -> Array:
    """The negative log-likelihood of the tags under the CRF, for ``_MEAN_LINE`` characters."""
    moves, first, last = constraints
    lengths, scores = batch[3], _scores(weights, tables, batch, key)
    places = jnp.arange(scores.shape[1])[None]
    inside, ends = places < lengths[:, None], places == lengths[:, None] - 1
    scores = scores.at[:, 0].add(first) + ends[:, :, None] * last
    moves = moves + weights["transitions"]
    wanted = (jnp.take_along_axis(scores, tags[:, :, None], 2)[:, :, 0] * inside).sum(1)
    wanted += (moves[tags[:, :-1], tags[:, 1:]] * inside[:, 1:]).sum(1)
    factors = jnp.exp(moves)

    def forward(alpha: Array, at: tuple[Array, Array]) -> tuple[Array, None]:
        own, alive = at
        largest = alpha.max(axis=1, keepdims=True)
        summed = largest + jnp.log(jnp.exp(alpha - largest) @ factors + 1e-30) + own
        return jnp.where(alive[:, None], summed, alpha), None

    along = (scores[:, 1:].swapaxes(0, 1), inside[:, 1:].T)
    alpha, _ = jax.lax.scan(forward, scores[:, 0], along, unroll=4)
    missed = jnp.where(lengths > 0, jax.nn.logsumexp(alpha, axis=1) - wanted, 0.0)
    return missed.sum() / lengths.sum() * _MEAN_LINE
