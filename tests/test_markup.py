import pytest

from banmian.markup import MarkupError, parse, render

TEXT = """=== genre: news | topics: governance, public_service | desk: hotline
K: 社区来信
H: 老街口有了“板凳会”
P: 每周三晚，{O:青杨社区}的“{I:板凳会}”准时开场，{N:3个月}议成{N:17件}事。
"""


def test_articles_are_read_with_spans_and_blocks():
    (article,) = parse(TEXT).articles
    assert [(s.label, s.text) for s in article.spans] == [
        ("ORG", "青杨社区"),
        ("INITIATIVE", "板凳会"),
        ("INDICATOR", "3个月"),
        ("INDICATOR", "17件"),
    ]
    assert all(article.text[s.start : s.end] == s.text for s in article.spans)
    assert [b.role for b in article.blocks] == ["kicker", "headline", "paragraph"]
    assert article.meta == {"desk": "hotline"}


def test_what_is_rendered_is_what_was_read():
    assert render(parse(TEXT).articles[0]) == TEXT


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("P: 没有标题行", "line 1: text before"),
        ("=== genre: poem | topics: governance\nP: 甲", "line 1: genre 'poem'"),
        ("=== genre: news | topics: weather\nP: 甲", "line 1: topics"),
        ("=== genre: news | topics: governance\n甲乙丙", "line 2: expected a block"),
        ("=== genre: news | topics: governance\nP: {O:甲{I:乙}}", "line 2: a brace"),
        ("=== genre: news | topics: governance\nP: 甲{O:}", "line 2: an empty span"),
        ("=== genre: news | topics: governance\n", "line 1: an article without"),
        ("=== furniture\nP: 甲", "line 2: only F"),
    ],
)
def test_a_slip_is_named_with_its_line(text, problem):
    with pytest.raises(MarkupError, match=problem):
        parse(text)
