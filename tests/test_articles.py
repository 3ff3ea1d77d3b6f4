"""Given this page, these articles."""

from __future__ import annotations

import pytest

from banmian.articles import clean_page
from banmian.pages import read_page
from banmian.types import Page
from conftest import SEEDS
from contract import assert_nothing_lost, assert_traced


def clean(text: str):
    return clean_page(Page("page.txt", text, "0" * 64, "utf-8"))


def blocks(article):
    return [(b.role, article.text[b.start : b.end]) for b in article.blocks]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_real_pages_lose_nothing(seed):
    cleaned = clean_page(read_page(seed.name, str(seed)))
    assert_nothing_lost(cleaned)
    assert_traced(cleaned)
    assert len(cleaned.articles) >= 5


def test_wrapped_lines_are_joined_and_blanks_inside_words_go():
    page = clean(
        "青杨社区办起夜校\n\n本报讯 近日,青杨社区党群服务中\n心里灯火通明,居民们围坐在一\n起 学 习剪纸。\n"
    )
    assert blocks(page.articles[0])[1] == (
        "paragraph",
        "本报讯近日，青杨社区党群服务中心里灯火通明，居民们围坐在一起学习剪纸。",
    )


def test_blanks_between_foreign_words_stay():
    page = clean("社区引进 Smart Home 系统，方便居民使用各种设备，受到大家的一致好评。")
    assert "Smart Home" in page.articles[0].text


def test_a_couplet_keeps_the_blank_between_its_halves():
    page = clean("强化阵地建设 增强治理能力\n\n本报讯 近日，青杨社区开展了一次大走访活动。\n")
    assert blocks(page.articles[0])[0] == ("headline", "强化阵地建设 增强治理能力")


def test_a_place_before_a_colon_does_not_count_in_a_couplet():
    page = clean(
        "柳河镇：跨村联建聚合力 抱团发展共振兴\n\n本报讯(王平)近日，柳河镇召开了推进会。\n"
    )
    assert blocks(page.articles[0])[0] == ("headline", "柳河镇：跨村联建聚合力 抱团发展共振兴")


def test_articles_are_cut_at_headlines():
    page = clean(
        "# 青杨社区办夜校\n\n本报讯(王平)近日，青杨社区夜校开课。\n\n# 柳河镇修水渠\n\n本报讯(李安)柳河镇新修水渠三条。\n"
    )
    assert [blocks(a)[0][1] for a in page.articles] == ["青杨社区办夜校", "柳河镇修水渠"]


def test_markdown_marks_and_mastheads_are_furniture():
    page = clean("青杨日报\n\n星期五\n\n# 青杨社区办夜校\n\n本报讯(王平)近日，青杨社区夜校开课。\n")
    assert [page.page.text[s:e] for s, e in page.furniture] == ["青杨日报", "星期五", "#"]


def test_a_repeated_passage_is_recorded_and_the_copy_that_continues_a_sentence_is_kept():
    twice = "积极引入社会力量，推动共建村资源优化配置，推进互利共赢。"
    page = clean(f"一个小标题\n\n{twice}\n\n# 柳河镇\n\n根据工作实际，\n\n{twice}\n")
    assert len(page.duplicates) == 1
    start, end, kept = page.duplicates[0]
    assert page.page.text[start:end] == twice == page.page.text[kept : kept + len(twice)]
    assert kept > start
    assert_nothing_lost(page)


def test_bylines_stand_apart():
    page = clean(
        "青杨社区办夜校\n\n本报记者 王平 通讯员 李安\n\n近日，青杨社区夜校开课，来了不少居民。\n"
    )
    assert ("byline", "本报记者 王平 通讯员 李安") in blocks(page.articles[0])


def test_cleaning_a_clean_page_changes_nothing():
    text = (
        "青杨社区办夜校\n\n本报讯（王平）近日，青杨社区“夜校”开课。\n\n居民们说，这样的课越多越好。"
    )
    (article,) = clean(text).articles
    assert article.text == text.replace("\n\n", "\n")


@pytest.mark.parametrize("unit", ["甲\n", "甲乙\n\n", "# 标题\n", "甲　\n", "“", "甲"])
def test_pages_of_many_small_pieces_are_cleaned_too(unit):
    page = clean(unit * 5000)
    assert_nothing_lost(page)


def test_invisible_characters_are_furniture_and_not_text():
    page = clean("青杨社\u200b区办夜校，居民们纷纷前来报名参加。\ufeff")
    assert page.articles[0].text == "青杨社区办夜校，居民们纷纷前来报名参加。"
    assert_nothing_lost(page)
