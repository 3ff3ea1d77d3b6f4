"""Our counts under SemEval's schemes against those of nervaluate."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banmian.schemes import SCHEMES, score_schemes
from banmian.scoring import Mention
from banmian.types import SPAN_LABELS

COUNTS = ("correct", "incorrect", "partial", "missed", "spurious")


@st.composite
def spans(draw):
    """Spans of a text that do not overlap, some of which touch."""
    borders = sorted(draw(st.sets(st.integers(0, 40), max_size=16)))
    pairs = list(pairwise(borders))
    return [
        (start, end, draw(st.sampled_from(SPAN_LABELS)))
        for start, end in pairs
        if draw(st.booleans())
    ]


def mentions(spans, where="p"):
    return [Mention(where, tuple(range(s, e)), label, "") for s, e, label in spans]


@settings(max_examples=200)
@given(spans(), spans())
def test_the_counts_are_those_of_nervaluate(gold, predicted):
    nervaluate = pytest.importorskip("nervaluate")
    rows = [
        [{"label": label, "start": s, "end": e - 1} for s, e, label in side]
        for side in (gold, predicted)
    ]
    theirs = nervaluate.Evaluator([rows[0]], [rows[1]], tags=list(SPAN_LABELS), loader="dict")
    result = theirs.evaluate()
    ours = score_schemes(mentions(gold), mentions(predicted))
    for scheme in SCHEMES:
        by_label = {label: own[scheme] for label, own in result["entities"].items()}
        for label, want in {"all": result["overall"][scheme], **by_label}.items():
            row = ours[scheme][label].as_row()
            assert [row[key] for key in COUNTS] == [getattr(want, key) for key in COUNTS]
            assert row["f1"] == pytest.approx(want.f1, abs=1e-4)
            assert row["precision"] == pytest.approx(want.precision, abs=1e-4)


def test_each_scheme_by_hand():
    gold = mentions([(0, 4, "ORG"), (10, 14, "ORG"), (20, 24, "SLOGAN"), (30, 34, "ORG")])
    found = mentions([(0, 4, "ORG"), (11, 14, "ORG"), (20, 24, "INITIATIVE"), (50, 51, "ORG")])
    rows = {name: own["all"].as_row() for name, own in score_schemes(gold, found).items()}
    assert [rows["strict"][key] for key in COUNTS] == [1, 2, 0, 1, 1]
    assert [rows["exact"][key] for key in COUNTS] == [2, 1, 0, 1, 1]
    assert [rows["partial"][key] for key in COUNTS] == [2, 0, 1, 1, 1]
    assert [rows["ent_type"][key] for key in COUNTS] == [2, 1, 0, 1, 1]
    assert rows["partial"]["f1"] == 0.625


def test_a_span_that_layout_cut_is_right_only_whole():
    gold = [Mention("p", (1, 2, 8, 9), "ORG", "")]
    halves = [Mention("p", (1, 2), "ORG", ""), Mention("p", (8, 9), "ORG", "")]
    strict = score_schemes(gold, halves)["strict"]["all"].as_row()
    assert [strict[key] for key in COUNTS] == [0, 1, 0, 0, 1]
