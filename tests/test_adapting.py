"""A model carried on with new annotations: near the old one, and better at what is new."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import check_grad

from banmian import adapting
from banmian.adapting import adapt_spans
from banmian.span_crf import SpanCrf

KNOWN = "青杨社区办起夜校，居民都说好。"
ODD = [
    (
        "雨下了一天，呜啦啦呜啦啦。\n河水呜啦啦。",
        [(6, 9, "SLOGAN"), (9, 12, "SLOGAN"), (16, 19, "SLOGAN")],
    )
]


@pytest.fixture(scope="module")
def old(nlp):
    """The span tagger that ships, network and all."""
    return nlp.get_pipe("span_tagger").model


def spans(tagger, text):
    return [(start, end, label) for start, end, label, _ in tagger.predict([text])[0]]


def scores(tagger, text):
    (found,) = tagger._emissions([text])
    return found


def test_it_learns_what_is_new_and_keeps_what_it_knew(old):
    (text, gold) = ODD[0]
    assert spans(old, text) != gold
    new = adapt_spans(old, ODD, prior=1)
    assert spans(new, text) == gold
    assert spans(new, KNOWN) == spans(old, KNOWN) != []


def test_a_firm_prior_leaves_everything_where_it_was(old):
    new = adapt_spans(old, ODD, prior=1e9)
    assert np.allclose(scores(new, KNOWN), scores(old, KNOWN), atol=1e-2)
    assert np.allclose(new.crf.transitions, old.crf.transitions, atol=1e-6)


def test_what_it_learns_is_kept_on_disk(old):
    new = adapt_spans(old, ODD, prior=1)
    kept = replace(new, crf=SpanCrf.from_bytes(new.crf.to_bytes()))
    assert spans(kept, ODD[0][0]) == ODD[0][1]


def test_a_label_that_the_model_does_not_know_is_named(old):
    with pytest.raises(ValueError, match="does not know the label PERSON"):
        adapt_spans(old, [(KNOWN, [(0, 2, "PERSON")])])


@pytest.mark.parametrize("alone", [True, False], ids=["the CRF alone", "beside the network"])
def test_the_gradient_is_that_of_the_likelihood(old, alone):
    """Against differences, at weights drawn at random, over lines of unlike length."""
    old = replace(old, network=None) if alone else old
    lines = adapting._read(old, [*ODD, (KNOWN, [(0, 4, "ORG")])])
    shape, moves = (len(lines.names), old.crf.scheme.size), old.crf.transitions.shape
    split = shape[0] * shape[1]

    def likelihood(point):
        weights, move = point[:split].reshape(shape), point[split:].reshape(moves)
        return adapting._likelihood(lines, weights, move, old.crf.scheme)

    point = np.random.default_rng(0).normal(0, 0.3, split + moves[0] * moves[1])
    error = check_grad(
        lambda point: likelihood(point)[0],
        lambda point: np.concatenate([part.ravel() for part in likelihood(point)[1:]]),
        point,
        direction="random",
        seed=1,
    )
    assert error < 1e-3
