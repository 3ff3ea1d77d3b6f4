"""Articles as doccano takes them and gives them back, without a server."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.doccano_rows import (
    Example,
    Labels,
    RowError,
    from_doccano,
    labels_of,
    own_id,
    plan_push,
    to_doccano,
)
from banmian.types import GENRES, SPAN_LABELS, TOPICS, AnnotatedArticle, Block, Span

TEXT = "𠮷县😀村委会\r\ne\u0301好\u3000\u3000农旅合作社👨‍👩‍👧"


def article(text=TEXT, *, start=3, end=6, number=1, **meta):
    spans = (Span(start, end, "ORG", text[start:end]),)
    origin = {"page": "a.txt", "page_sha256": "0" * 64, "article": number, **meta}
    blocks = (Block("paragraph", 0, len(text)),)
    return AnnotatedArticle(0, text, spans, "news", ("governance",), blocks, origin)


def example(article, number=1, **changes):
    row = to_doccano(article)
    return replace(Example(number, row["text"], row["meta"]), **changes)


def test_offsets_are_utf16_units_in_doccano_and_code_points_here():
    row = to_doccano(article())
    assert row["entities"] == [[5, 8, "ORG"]]  # 𠮷 and 😀 are two units each
    assert row["meta"]["doccano"]["offsets"] == "utf-16"
    back = from_doccano(example(article()), Labels(((5, 8, "ORG"),), ("governance", "news")))
    assert [span.text for span in back.spans] == ["村委会"]


@st.composite
def annotated(draw):
    text = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
    borders = draw(st.lists(st.integers(0, len(text)), unique=True, max_size=6).map(sorted))
    pairs = zip(borders[::2], borders[1::2], strict=False)
    spans = tuple(Span(a, b, draw(st.sampled_from(SPAN_LABELS)), text[a:b]) for a, b in pairs)
    genre = draw(st.none() | st.sampled_from(GENRES))
    topics = tuple(sorted(draw(st.sets(st.sampled_from(TOPICS)))))
    blocks = (Block("paragraph", 0, len(text)),)
    meta = {"key": "k", "article": 1, "note": draw(st.text() | st.none() | st.floats(0, 1))}
    return AnnotatedArticle(0, text, spans, genre, topics, blocks, meta)


@given(annotated())
def test_there_and_back_nothing_changes(article):
    row = json.loads(json.dumps(to_doccano(article)))
    labels = Labels(tuple((s, e, label) for s, e, label in row["entities"]), tuple(row["cats"]))
    assert from_doccano(Example(7, row["text"], row["meta"]), labels) == article


@pytest.mark.parametrize(
    ("labels", "changes", "why"),
    [
        (Labels(((1, 3, "ORG"),)), {}, "within a character"),
        (Labels(((5, 900, "ORG"),)), {}, "outside the text"),
        (Labels(((5, 8, "PLACE"),)), {}, "unknown label"),
        (Labels((), ("news", "photo")), {}, "2 genres"),
        (Labels((), ("sport",)), {}, "unknown category"),
        (Labels(), {"text": TEXT + "。"}, "changed in doccano"),
        (Labels(), {"meta": {"key": "by hand"}}, "not pushed by banmian"),
        (Labels(), {"meta": {"doccano": "x"}}, "not pushed by banmian"),
    ],
)
def test_what_is_no_article_is_refused_and_says_why(labels, changes, why):
    with pytest.raises(RowError, match=why):
        from_doccano(example(article(), **changes), labels)


def test_overlapping_spans_are_refused_as_doccano_would_drop_one():
    spans = (Span(0, 4, "ORG", TEXT[:4]), Span(3, 6, "SLOGAN", TEXT[3:6]))
    with pytest.raises(RowError, match="overlap"):
        labels_of(replace(article(), spans=spans))


def test_what_doccano_has_is_not_pushed_again():
    plan = plan_push([article(), article(number=2)], [example(article())])
    assert [own_id(a) for a in plan.present] == [own_id(article())]
    assert [a.meta["article"] for a in plan.new] == [2]
    assert not plan.changed


def test_one_article_given_twice_is_pushed_once():
    assert len(plan_push([article(), article()], []).new) == 1


def test_an_article_with_another_text_is_reported_and_not_pushed():
    other = article(TEXT + "，新的一句", page_sha256="1" * 64, number=9)
    plan = plan_push([other], [example(article())])
    assert [(a, e.id) for a, e in plan.changed] == [(other, 1)]
    assert not plan.new


def test_an_article_of_a_page_with_the_same_name_is_new():
    other = article("乡镇运动会昨日开幕，八支队伍参加。", page_sha256="1" * 64, start=0, end=2)
    assert plan_push([other], [example(article())]).new == (other,)
