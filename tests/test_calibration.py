"""Scores that mean something: fitted on what a model never saw, carried by every model."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.calibration import Calibration, Curve
from banmian.calibration_fit import Observed, ObservedGenre, Sample, check, cross_validate, fit
from banmian.components import Consistency, scored_spans, set_scored_spans
from banmian.corpus import blank_pipeline

SCORES = st.floats(0, 1)
CURVES = st.builds(Curve, st.floats(0.05, 20), st.floats(-10, 10))


def overconfident(seed, label="ORG", size=600, batches="xyz"):
    """Spans that are right less often than their scores say, the surer the more so."""
    rng = random.Random(seed)
    scores = [rng.uniform(0.5, 0.99) for _ in range(size)]
    return tuple(
        Observed(
            batches[at % len(batches)], label, score, rng.random() < 0.25 + 0.6 * (score - 0.5)
        )
        for at, score in enumerate(scores)
    )


def sample(spans=(), topics=(), genres=()):
    return Sample(tuple(spans), tuple(topics), tuple(genres))


def test_of_what_is_given_0_8_about_80_per_cent_is_right():
    calibration = fit(sample(overconfident(1)))
    raw, after = check(sample(overconfident(2, size=3000)), lambda _: calibration)["ORG"]
    assert raw.ece > 0.3
    assert after.ece < 0.05
    assert after.count == 3000


def test_labels_are_calibrated_each_by_itself():
    sure = tuple(Observed(one.batch, "INDICATOR", one.score, True) for one in overconfident(3))
    half_right = [
        Observed(one.batch, "INDICATOR", one.score, one.right) for one in overconfident(4, size=90)
    ]
    calibration = fit(sample((*overconfident(1), *sure, *half_right)))
    assert calibration.span("INDICATOR", 0.9) > calibration.span("ORG", 0.9) + 0.2


def test_a_label_with_few_samples_takes_the_curve_of_all():
    few = overconfident(5, label="SLOGAN", size=20)
    calibration = fit(sample((*overconfident(1), *few)))
    assert set(calibration.spans) == {"ORG"}
    assert calibration.span("SLOGAN", 0.9) == calibration.other(0.9) != 0.9


def test_with_too_few_samples_nothing_changes():
    calibration = fit(sample(overconfident(1, size=20)))
    assert calibration == Calibration()
    assert calibration.span("ORG", 0.123) == 0.123


@given(CURVES, SCORES, SCORES)
def test_no_order_changes_and_no_score_leaves_0_to_1(curve, one, other):
    low, high = sorted((one, other))
    assert 0 <= curve(low) <= curve(high) <= 1


@given(st.floats(0.2, 5), st.lists(st.floats(0.001, 1), min_size=2, max_size=6))
def test_the_genre_stays_the_same(temperature, weights):
    shares = {str(n): weight / sum(weights) for n, weight in enumerate(weights)}
    found = Calibration(temperature=temperature).genres(shares)
    assert sum(found.values()) == pytest.approx(1)
    assert found[max(shares, key=shares.get)] == max(found.values())


def test_shares_of_genres_are_made_as_sure_as_they_may_be():
    rng = random.Random(1)
    genres = [
        ObservedGenre(
            "xyz"[n % 3], {"news": 0.98, "photo": 0.02}, rng.choice(["news"] * 3 + ["photo"])
        )
        for n in range(300)
    ]
    calibration = fit(sample(genres=genres))
    assert calibration.genres({"news": 0.98, "photo": 0.02})["news"] == pytest.approx(0.75, abs=0.1)


def test_topics_shown_stay_the_same():
    topics = [
        Observed("xyz"[n % 3], "topics", 0.5 + n / 1000, n * 7 % 100 < 50 + n / 25)
        for n in range(500)
    ]
    curve = fit(sample(topics=topics)).topics
    assert curve != Curve()
    assert curve(0.5) == pytest.approx(0.5)


def test_a_batch_is_not_checked_by_a_fit_to_itself():
    """Of the same scores far more is right in one batch than in the other: each misleads the other."""
    spans = [
        Observed(batch, "ORG", 0.5 + n / 1000, n * 7 % 100 < always + n / 10)
        for batch, always in (("x", 0), ("y", 40))
        for n in range(500)
    ]
    assert check(sample(spans), lambda _: fit(sample(spans)))["ORG"][1].ece < 0.1
    assert cross_validate(sample(spans))["ORG"][1].ece > 0.3


def test_one_batch_cannot_be_checked():
    with pytest.raises(ValueError, match="at least two batches"):
        cross_validate(sample(overconfident(1, batches="x")))


def calibrated_pipeline():
    nlp = blank_pipeline()
    component = nlp.add_pipe("banmian_calibration", name="calibration")
    component.calibration = Calibration({"ORG": Curve(1, -8)}, Curve(1, 1), Curve(2, 0), 2.0)
    return nlp


def test_it_changes_scores_and_no_spans():
    nlp = calibrated_pipeline()
    doc = nlp.make_doc("青杨社区办夜校。大家都说青杨社区好。")
    set_scored_spans(doc, [(0, 4, "ORG", 0.9), (5, 7, "INITIATIVE", 0.5)])
    doc.cats = {"genre:news": 0.9, "genre:photo": 0.1, "topic:governance": 0.8}
    Consistency(0.8, 4)(doc)  # goes by the raw score
    nlp.get_pipe("calibration")(doc)
    found = {(start, end): score for start, end, _, score in scored_spans(doc)}
    assert set(found) == {(0, 4), (5, 7), (12, 16)}
    assert found[0, 4] == found[12, 16] < 0.01
    assert found[5, 7] == pytest.approx(0.731, abs=0.001)
    assert doc.cats["genre:news"] == pytest.approx(0.75)
    assert doc.cats["topic:governance"] == pytest.approx(16 / 17)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    nlp = calibrated_pipeline()
    nlp.to_disk(tmp_path)
    component = calibrated_pipeline().get_pipe("calibration")
    component.calibration = Calibration()
    assert (
        component.from_disk(tmp_path / "calibration").calibration
        == nlp.get_pipe("calibration").calibration
    )
    component.calibration = Calibration()
    data = nlp.get_pipe("calibration").to_bytes()
    assert component.from_bytes(data).calibration == nlp.get_pipe("calibration").calibration
