"""What must hold for any page at all."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent))
from banmian.articles import clean_page
from banmian.characters import normalize
from banmian.cleaning import to_page
from banmian.edges import trim
from banmian.features import line_features
from banmian.types import Page
from contract import assert_nothing_lost, assert_traced

PIECES = [
    "本报讯", "（记者王平）", "近日，", "青杨社区", '"夜校"', "“夜校”", "开课。", "1200亩", "１２", "85%", "\n", "\n\n", "\r\n", " ", "　", "\t",
    "# ", "- ", "△", "摄", "本报记者 王平", "青杨日报", "星期五", "强化阵地建设 增强治理能力", "𠮷", "é", "e\u0301", "👍", "\u200b", "\f", "(", ")", ",", "'",
]  # fmt: skip
pages = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join)


@given(pages)
@settings(max_examples=400)
def test_no_character_is_lost_and_every_one_is_traced(text):
    cleaned = clean_page(Page("p", text, "", "utf-8"))
    assert_nothing_lost(cleaned)
    assert_traced(cleaned)


@given(pages)
@settings(max_examples=200)
def test_a_span_maps_to_the_page_and_back(text):
    for article in clean_page(Page("p", text, "", "utf-8")).articles:
        for block in article.blocks:
            pieces = to_page(article.source, block.start, block.end)
            assert sum(end - start for start, end in pieces) == block.end - block.start
            raw = "".join(text[start:end] for start, end in pieces)
            clean = article.text[block.start : block.end]
            assert all(r.isspace() == c.isspace() for r, c in zip(raw, clean, strict=True))


@given(st.text())
def test_normal_form_never_changes_the_length(text):
    assert len(normalize(text)) == len(text)


@given(pages)
def test_normal_form_is_stable(text):
    assert normalize(normalize(text)) == normalize(text)


@given(pages, st.data())
def test_trimming_stays_inside_or_takes_in_one_opening_quote(text, data):
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    trimmed = trim(text, start, end, "INITIATIVE")
    if trimmed is not None:
        assert start - 1 <= trimmed[0] < trimmed[1] <= end
        assert trim(text, *trimmed, "INITIATIVE") == trimmed


@given(st.text(max_size=60).filter(lambda line: "\n" not in line))
def test_every_character_has_features(line):
    features = line_features(line)
    assert len(features) == len(line)
    assert all("\n" not in feature or "\n" in line for own in features for feature in own)
