"""Matrices are multiplied in one thread while pages are cleaned and tagged, and only then."""

import pytest
from threadpoolctl import threadpool_info

from banmian.articles import clean_page
from banmian.pages import read_page
from banmian.reading_order import find_joints
from banmian.span_model import SpanModel


def threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def page(root):
    seed = min((root / "seeds").glob("*.txt"))
    return read_page(seed.name, str(seed))


def test_tagging_takes_one_thread(nlp, monkeypatch):
    before, seen = threads(), []
    emissions = SpanModel._emissions

    def watched(self, lines):
        seen.append(threads())
        return emissions(self, lines)

    monkeypatch.setattr(SpanModel, "_emissions", watched)
    nlp("青杨社区开展“板凳课堂”活动12场。")
    assert seen == [{1}]
    assert threads() == before


def test_cleaning_takes_one_thread(page, monkeypatch):
    before, seen = threads(), []

    def watched(*arguments, **options):
        seen.append(threads())
        return find_joints(*arguments, **options)

    monkeypatch.setattr("banmian.reading_order.find_joints", watched)
    clean_page(page)
    assert seen == [{1}]
    assert threads() == before
