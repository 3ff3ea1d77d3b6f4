"""The network of the span tagger: it learns, it is kept as plain numbers, numpy says what JAX says."""

from __future__ import annotations

import numpy as np
import pytest

from banmian.embeddings import bundled
from banmian.span_crf import TrainSettings
from banmian.span_model import NetworkSettings, SpanModel
from banmian.span_network import SpanNetwork, read_line, stack

TOWNS = ("青杨", "石桥", "白塔", "云岭", "沙河", "新安", "南湖", "东川")
TEXTS = [(f"昨天，{town}社区开展了活动。", [(3, 7, "ORG")]) for town in TOWNS]
CRF = TrainSettings(0.1, 40, 1)


@pytest.fixture(scope="module")
def model() -> SpanModel:
    return SpanModel.train(TEXTS * 4, CRF, NetworkSettings(epochs=100, seed=1, share=0.5))


def test_both_voices_find_an_unseen_name(model: SpanModel) -> None:
    alone = SpanModel(model.crf, model.network, share=1.0)
    for voices in (model, alone):
        [spans] = voices.predict(["昨天，红柳社区开展了活动。"])
        assert [span[:3] for span in spans] == [(3, 7, "ORG")]
        assert 0 < spans[0][3] <= 1


def test_the_network_survives_saving(model: SpanModel) -> None:
    assert model.network is not None
    copy = SpanNetwork.from_bytes(model.network.to_bytes())
    texts = ["昨天，红柳社区开展了活动。", "“一”", "1200户 𠮷\u3000A"]
    for own, saved in zip(model.network.emissions(texts), copy.emissions(texts), strict=True):
        assert np.allclose(own, saved, atol=0.05)  # kept in half precision


def test_a_line_reads_the_same_alone_and_among_others(model: SpanModel) -> None:
    assert model.network is not None
    lines = ["短", "昨天，红柳社区开展了活动。" * 9, "“一”和《二》"]
    together = model.network.emissions(lines)
    for line, scores in zip(lines, together, strict=True):
        [alone] = model.network.emissions([line])
        assert scores.shape == (len(line), 5)
        assert np.allclose(scores, alone, atol=1e-4)


def test_numpy_says_what_was_trained(model: SpanModel) -> None:
    import jax

    from banmian.span_network_training import encode

    assert model.network is not None
    network, lines = model.network, ["昨天，“红柳社区”开展了12项活动。", "石桥镇"]
    read = [read_line(line, network.embeddings) for line in lines]
    batch = stack(read, 32)
    hidden = encode(
        network.weights, network.tables,
        (batch.characters, batch.pairs, batch.places, batch.lengths), jax.random.key(0), (0.0, 0.0),
    )  # fmt: skip
    scores = np.asarray(hidden @ network.weights["out"] + network.weights["out_bias"])
    for row, line, own in zip(scores, lines, network.emissions(lines), strict=True):
        assert np.allclose(row[: len(line)], own, atol=1e-3)


def test_the_same_seed_gives_the_same_network() -> None:
    settings = NetworkSettings(epochs=2, seed=1, share=0.5)
    one, again = (SpanModel.train(TEXTS, CRF, settings).network for _ in range(2))
    assert one is not None
    assert again is not None
    assert one.to_bytes() == again.to_bytes()


def test_damaged_weights_are_refused(model: SpanModel) -> None:
    assert model.network is not None
    data = model.network.to_bytes()
    with pytest.raises(ValueError, match="damaged"):
        SpanNetwork.from_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="damaged"):
        SpanNetwork.of(bundled(), {"out": np.zeros((3, 3))})
    other = SpanModel.train(
        [("甲乙", [(0, 1, "ORG"), (1, 2, "SLOGAN")])], CRF, NetworkSettings(0, 0, 0.0)
    )
    with pytest.raises(ValueError, match="damaged"):
        SpanModel(other.crf, model.network, 0.5)


def test_vectors_know_what_stands_in_like_places() -> None:
    vectors = bundled()
    table = vectors.tables()[0]

    def likeness(a: str, b: str) -> float:
        one, two = table[vectors.characters[a]], table[vectors.characters[b]]
        return float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))

    assert likeness("省", "市") > likeness("省", "吃")
    assert vectors.numbers("𪚥。")[0][0] == 1  # not known
