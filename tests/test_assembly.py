"""The parts of an article put in reading order."""

from __future__ import annotations

import numpy as np

from banmian.assembly import Part, in_order
from banmian.fragments import Fragment
from banmian.roles import CLASSES


def part(first, *blocks):
    """A part of blocks (role, text, mark), the first of which has this number on the page."""
    roles = tuple(role for role, *_ in blocks)
    nothing = (0.0,) * 6
    return Part(
        numbers=tuple(range(first, first + len(blocks))),
        roles=roles,
        fragments=tuple(
            Fragment(((0, len(text)),), text, text, "".join(mark), 0, 0, nothing, nothing)
            for _, text, *mark in blocks
        ),
        chances=np.array([[float(name == role) for name in CLASSES] for role in roles]),
        begins=1.0,
        lead=0.0,
    )


def order(*parts):
    return [(role, fragment.text) for role, fragment in in_order(parts)]


ARTICLE = part(0, ("headline", "红柳村办起夜校"), ("paragraph", "村里办起了夜校。"))


def test_a_title_that_was_cut_off_heads_the_text_right_below_it():
    title = part(2, ("headline", "灯下的课堂"))
    text = part(3, ("paragraph", "夜里八点，教室坐满。"))
    assert order(ARTICLE, title, text) == [
        ("headline", "红柳村办起夜校"),
        ("paragraph", "村里办起了夜校。"),
        ("subhead", "灯下的课堂"),
        ("paragraph", "夜里八点，教室坐满。"),
    ]


def test_a_title_with_no_text_right_below_it_joins_the_head():
    title = part(2, ("headline", "灯下的课堂"))
    text = part(6, ("paragraph", "夜里八点，教室坐满。"))
    assert [words for _, words in order(ARTICLE, title, text)][:2] == [
        "灯下的课堂",
        "红柳村办起夜校",
    ]


def test_a_title_of_a_lower_markdown_level_below_text_heads_a_section():
    head = part(0, ("headline", "红柳村办起夜校", "##"))
    text = part(3, ("paragraph", "村里办起了夜校。"))
    lower = part(4, ("headline", "灯下的课堂", "###"))
    assert order(head, text, lower)[-1] == ("subhead", "灯下的课堂")
    same_level = part(4, ("headline", "灯下的课堂", "##"))
    assert order(head, text, same_level)[-1] == ("paragraph", "村里办起了夜校。")
