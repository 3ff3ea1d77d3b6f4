"""Agreement between annotators."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.agreement import alpha, compare, kappa, masi_distance, measure_reliability
from banmian.markup import parse


def articles(*texts, genre="news", topics="governance"):
    source = "\n".join(
        f"=== genre: {genre} | topics: {topics} | key: {n}\nP: {t}" for n, t in enumerate(texts)
    )
    return list(parse(source).articles)


def test_kappa_by_hand():
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("y", "y")] * 3) is None
    assert kappa([]) is None


def test_alpha_of_krippendorffs_own_example():
    # Krippendorff (2011), part C: four observers, twelve units, gaps, nominal: 0.743.
    observers = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    )
    units = (tuple(v for v in unit if v is not None) for unit in zip(*observers, strict=True))
    assert alpha(Counter(units)) == pytest.approx(0.743, abs=0.0005)


def test_masi_by_hand():
    a, b, c = frozenset("x"), frozenset("xy"), frozenset("yz")
    assert masi_distance(a, a) == 0
    assert masi_distance(frozenset(), frozenset()) == 0
    assert masi_distance(a, c) == 1
    assert masi_distance(a, b) == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert masi_distance(b, c) == pytest.approx(1 - 1 / 3 * 1 / 3)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"))))
def test_alpha_is_one_only_where_all_agree_and_never_more(pairs):
    value = alpha(Counter(pairs))
    if value is not None:
        assert value <= 1
        assert (value == 1) == all(a == b for a, b in pairs)


def test_one_span_missed_shows_in_its_label_alone():
    one = articles("{O:青杨社区}办“{I:夜校}”，收诉求{N:35件}。")
    two = articles("{O:青杨社区}办“夜校”，收诉求{N:35件}。")
    found = measure_reliability([one, two])
    assert found.spans["ORG"] == found.spans["INDICATOR"] == 1
    assert found.spans["INITIATIVE"] <= 0
    assert 0 < found.spans["all"] < 1
    assert found.spans["SLOGAN"] is None
    assert found.articles == 1


def test_what_only_one_annotator_did_counts_for_nothing():
    one = articles("{O:青杨社区}办夜校。", "{O:柳河社区}办夜校。")
    two = articles("{O:青杨社区}办夜校。")
    assert compare(one, two).figures["exact"]["all"]["f1"] == 1
    assert measure_reliability([one, two]).articles == 1
    with pytest.raises(ValueError, match="no article in common"):
        compare(one[1:], two)


def test_three_annotators_with_gaps():
    one, two = articles("{O:青杨社区}。", "{O:柳河社区}。"), articles("{O:青杨社区}。")
    three = articles("青杨社区。", "{O:柳河社区}。", genre="photo", topics="enterprise, governance")
    found = measure_reliability([one, two, three])
    assert found.articles == 2
    assert 0 < found.spans["ORG"] < 1
    assert found.genre < 1
    assert found.topics < 1


def test_articles_without_names_are_told_apart_by_their_text():
    one = [replace(a, meta={}) for a in articles("{O:青杨社区}。", "柳河社区。")]
    two = [replace(a, meta={}) for a in articles("{O:青杨社区}。", "{O:柳河社区}。")]
    counts = compare(one, two).figures["exact"]["ORG"]
    assert (counts["hits"], counts["gold"], counts["predicted"]) == (1, 1, 2)
