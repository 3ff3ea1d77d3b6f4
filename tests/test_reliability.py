import pytest

from banmian.reliability import reliability


def test_scores_that_come_true_have_no_error():
    result = reliability([0.75] * 4 + [0.25] * 4, [True, True, True, False, True] + [False] * 3)
    assert [(b.low, b.high, b.share_right, b.count) for b in result.bins] == [
        (0.2, 0.3, 0.25, 4),
        (0.7, 0.8, 0.75, 4),
    ]
    assert result.ece == 0
    assert result.count == 8


def test_the_error_is_the_mean_distance_weighted_by_counts():
    result = reliability([0.95] * 3 + [0.15], [True, True, False, True])
    # |0.95 - 2/3| over three of four, |0.15 - 1| over one
    assert result.ece == pytest.approx((3 * (0.95 - 2 / 3) + 0.85) / 4)
    assert result.bins[-1].mean_score == pytest.approx(0.95)


def test_the_ends_of_the_scale_have_a_bin():
    result = reliability([0.0, 1.0], [False, True], bins=2)
    assert [b.count for b in result.bins] == [1, 1]
    assert reliability([], []).ece == 0


def test_what_cannot_be_a_probability_is_refused():
    with pytest.raises(ValueError, match="within 0"):
        reliability([1.2], [True])
    with pytest.raises(ValueError, match="zip"):
        reliability([0.5], [])
