"""Offsets as JavaScript counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.utf16 import Utf16Offsets


def test_what_stands_behind_two_unit_characters():
    offsets = Utf16Offsets("𠮷野家😀。")
    assert [offsets.to_units(at) for at in range(6)] == [0, 2, 3, 4, 6, 7]
    assert offsets.to_points(4) == 3


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_there_and_back(text):
    offsets = Utf16Offsets(text)
    for at in range(len(text) + 1):
        assert offsets.to_units(at) == len(text[:at].encode("utf-16-le")) // 2
        assert offsets.to_points(offsets.to_units(at)) == at


@pytest.mark.parametrize(("units", "why"), [(1, "within"), (-1, "outside"), (4, "outside")])
def test_an_offset_that_is_none_is_refused(units, why):
    with pytest.raises(ValueError, match=why):
        Utf16Offsets("𠮷野").to_points(units)
