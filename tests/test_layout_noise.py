"""Simulated pages keep their truth, show every kind of damage, and look like the real ones."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.annotations import read_annotations
from banmian.cleaning import split_lines
from banmian.files import FileError, read_jsonl
from banmian.layout_noise import Settings, draw_articles, wreck
from banmian.layout_noise.boxes import Piece, line_ends
from banmian.layout_noise.fit import describe, fit_table, gold_pages, outside
from banmian.layout_noise.furniture import between, editors, footer, masthead
from banmian.types import Article, Block
from contract import assert_nothing_lost, assert_traced

ROOT = Path(__file__).resolve().parents[1]
CALM = {
    name: 0.0
    for name, value in vars(Settings()).items()
    if isinstance(value, float) and name != "one_line"
}


@pytest.fixture(scope="module")
def pool():
    return list(read_annotations([ROOT / "annotations" / "authored"]))


@pytest.fixture(scope="module")
def simulated(pool):
    pages = []
    for seed in range(300):
        rng = random.Random(seed)
        pages.append(wreck(draw_articles(pool, rng), rng))
    return pages


@pytest.fixture(scope="module")
def real():
    rows = [row for _, row in read_jsonl(ROOT / "annotations" / "layout" / "seeds.jsonl")]
    gold = read_annotations([ROOT / "annotations" / "pages"])
    return gold_pages(ROOT / "seeds", gold, rows)


@pytest.fixture(scope="module")
def one(pool):
    """An article with all kinds of titles, a byline and sections."""
    return next(
        article
        for article in pool
        if {"kicker", "headline", "byline", "subhead"} <= {b.role for b in article.blocks}
    )


def article(*blocks):
    text, made = "", []
    for role, content in blocks:
        start = len(text) + bool(text)
        text += ("\n" if text else "") + content
        made.append(Block(role, start, len(text)))
    return Article(text, tuple(made), ())


@given(st.integers(0, 2**32))
def test_nothing_is_lost_and_all_is_traced(pool, seed):
    rng = random.Random(seed)
    heavy = Settings(copies=2, interposed=1, head_moved=0.5, sections_first=0.5, stray_line=0.2)
    page = wreck(draw_articles(pool, rng), rng, rng.choice((Settings(), heavy)))
    assert_nothing_lost(page)
    assert_traced(page)
    kept = {
        run.page_start + shift
        for a in page.articles
        for run in a.source
        for shift in range(run.end - run.start)
    }
    assert all(duplicate.kept in kept for duplicate in page.duplicates)


words = st.text("会议。，,\"'“”1a（ ()甲\u3000", min_size=1, max_size=60).filter(str.strip)
block = st.tuples(st.sampled_from(["headline", "byline", "subhead", "paragraph", "caption"]), words)


@given(st.lists(st.lists(block, min_size=1, max_size=5), max_size=4), st.integers(0, 2**32))
def test_holds_for_any_text(contents, seed):
    articles = [article(*((role, text.strip()) for role, text in blocks)) for blocks in contents]
    page = wreck(articles, random.Random(seed), Settings(copies=2, titles_halved=1))
    assert_nothing_lost(page)
    assert_traced(page)


def test_same_seed_same_page(pool):
    first, second = (wreck(pool[:6], random.Random(7)) for _ in range(2))
    assert first == second
    assert first != wreck(pool[:6], random.Random(8))


def test_without_damage_articles_come_back_whole(pool):
    calm = Settings(**CALM, one_line=1)
    articles = [a for a in pool[:40] if "\u3000" not in a.text and '"' not in a.text]
    page = wreck(articles, random.Random(1), calm)
    assert len(page.articles) == len(articles)
    assert not page.furniture
    assert not page.duplicates
    for mine, theirs in zip(page.articles, articles, strict=True):
        assert [b.role for b in mine.blocks] == [b.role for b in theirs.blocks]
        assert len(mine.text) == len(theirs.text)


def test_columns_are_lines_of_their_width(one):
    settings = Settings(**(CALM | {"flush_lines": 1.0}), one_line=0, widths=(14, 14))
    page = wreck([one], random.Random(1), settings)
    body = [line for line in split_lines(page.page.text) if line.start > 200]
    widths = [len("".join(line.text.split())) for line in body]
    assert max(widths) <= 32
    assert sum(12 <= width <= 16 for width in widths) > len(body) / 2


def test_a_paragraph_goes_on_behind_a_picture():
    story = article(
        ("headline", "三项工程同日开工"),
        ("paragraph", "县里的三项工程今天同时开工，参加的人很多，路也修得很宽。" * 30),
        ("caption", "图为开工现场"),
    )
    settings = Settings(**(CALM | {"visible_border": 1.0, "interposed": 100.0}), one_line=1)
    for seed in range(60):
        page = wreck([story], random.Random(seed), settings)
        truth = page.articles[0]
        paragraph, caption = truth.blocks[1], truth.blocks[2]
        at = next(run.page_start for run in truth.source if run.start == caption.start)
        mine = [run for run in truth.source if paragraph.start <= run.start < paragraph.end]
        if mine[0].page_start < at < mine[-1].page_start:
            assert truth.text == story.text
            return
    pytest.fail("no caption stands between two halves")


def test_titles_in_two_lines_keep_their_blank(one):
    settings = Settings(**(CALM | {"titles_halved": 1.0}), one_line=1)
    title = article(("headline", "党建引领聚合力 产业兴旺促增收"), ("paragraph", "今年很好。"))
    page = wreck([title], random.Random(3), settings)
    lines = [line.text for line in split_lines(page.page.text)]
    assert lines[:2] == ["党建引领聚合力", "产业兴旺促增收"]
    assert page.articles[0].text == title.text


def test_copies_are_told_from_what_they_repeat(pool):
    settings = Settings(**(CALM | {"copies": 8.0}), one_line=1)
    page = wreck(pool[:6], random.Random(5), settings)
    assert page.duplicates
    text = page.page.text
    for start, end, kept in page.duplicates:
        assert 15 <= end - start <= 400
        same = sum(a == b for a, b in zip(text[start:end], text[kept:], strict=False))
        assert same >= 3 or end - start > 15


def test_every_kind_of_damage_occurs(simulated):
    texts = [page.page.text for page in simulated]
    assert any("\r\n" in text for text in texts)
    assert any("### " in text for text in texts)
    assert any("\n　　" in text for text in texts)
    assert any("下转" in text for text in texts)
    assert any(page.duplicates for page in simulated)
    means = describe(simulated)
    assert means["cuts with something between, share"] > 0.2
    assert means["titles apart from their article, share"] > 0.02
    assert means["titles and bylines alone"] > 0.1


def test_pages_of_old_computers_end_their_lines_with_carriage_returns(pool):
    settings = Settings(**(CALM | {"carriage_returns": 1.0}), one_line=1)
    texts = [wreck(pool[:2], random.Random(seed), settings).page.text for seed in range(30)]
    assert any("\r" in text and "\n" not in text for text in texts)


def test_lines_of_a_list_are_marked_on_some_pages():
    lines = [
        "社区实行三项制度",
        "本报讯 近日，社区实行三项制度。",
        "一、定期走访；",
        "二、公开承诺；",
        "三、限时办结。",
    ]
    roles = ["headline", *["paragraph"] * 4]
    starts = [sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))]
    blocks = tuple(
        Block(role, start, start + len(line))
        for role, start, line in zip(roles, starts, lines, strict=True)
    )
    article = Article("\n".join(lines), blocks, ())
    texts = [wreck([article], random.Random(seed)).page.text for seed in range(60)]
    assert any(re.search(r"^[-*] ", text, re.MULTILINE) for text in texts)


def test_real_pages_lie_within_the_simulated(real, simulated):
    # Of 81 values some would lie outside a range of 90 % by chance alone.
    assert len(outside(real, simulated)) <= 2


def test_gold_pages_hold_the_contract(real):
    assert [len(page.articles) for page in real] == [9, 5, 7]
    for page in real:
        assert_nothing_lost(page)
        assert_traced(page)


def test_fit_table_names_every_figure(real, simulated):
    table = fit_table(real, simulated[:20])
    assert table.startswith("| figure | real pages | simulated")
    assert all(f"| {name} |" in table for name in describe(real))


def test_a_missing_page_is_said(tmp_path):
    with pytest.raises(FileError, match=r"none\.txt: there is no such file"):
        gold_pages(tmp_path, [], [{"page": "none.txt", "furniture": [], "duplicates": []}])


def test_no_page_of_nothing():
    page = wreck([], random.Random(1), Settings(**CALM, one_line=1))
    assert page.articles == ()
    assert describe([]) == {}


def test_line_ends_count_ascii_as_half():
    cells = [(char, at) for at, char in enumerate("共12个村，同日开工。大家都很高兴")]
    ends = line_ends(cells, 5, 3)
    assert ends[-1] == len(cells)
    lines = [
        "".join(char for char, _ in cells[start:end])
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    assert lines[0] == "共12个"
    assert all(line[0] not in "，。" for line in lines)


def test_furniture_is_short_lines():
    rng = random.Random(1)
    for _ in range(200):
        for line in [*masthead(rng), *footer(rng), between(rng), editors(rng)]:
            assert 0 < len(line) <= 60
            assert line == line.strip()
            assert "\n" not in line


def test_a_piece_knows_its_text():
    assert Piece([("甲", 0), ("乙", 1)], "paragraph").text == "甲乙"
