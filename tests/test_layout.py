"""What cleaning learned: measured against gold, kept in a file, true to the page."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from banmian.annotations import read_annotations
from banmian.articles import clean_page
from banmian.association import Association
from banmian.layout import Layout, bundled
from banmian.layout_noise.fit import gold_pages
from banmian.layout_scoring import score_layout, total
from banmian.layout_training import simulate, train_layout
from banmian.likeness import Rarity, Words
from banmian.network import Network
from banmian.ngrams import ngrams
from banmian.topics import Topics
from banmian.types import Article, Block, CleanPage, Page, Run
from conftest import ROOT
from contract import assert_nothing_lost, assert_traced


@pytest.fixture(scope="module")
def real():
    rows = [json.loads(line) for line in (ROOT / "annotations/layout/seeds.jsonl").open()]
    return gold_pages(ROOT / "seeds", read_annotations([ROOT / "annotations/pages"]), rows)


@pytest.fixture(scope="module")
def held_out():
    articles = read_annotations([ROOT / "annotations/authored"])
    return [a for a in articles if a.meta["batch"] not in bundled().trained_on]


def clean(text: str) -> CleanPage:
    return clean_page(Page("page.txt", text, "0" * 64, "utf-8"))


def paragraphs(article: Article) -> list[str]:
    return [article.text[b.start : b.end] for b in article.blocks if b.role == "paragraph"]


def test_gold_held_against_itself_is_perfect(real):
    for page in real:
        counts = score_layout(page, page)
        for part in (counts.characters, counts.joints, counts.joins, *counts.roles.values()):
            assert part.f1 == 1.0
        assert counts.lost == 0


def test_scores_tell_wrong_order_wrong_article_and_lost_characters(real):
    gold = real[0]
    first, second, *rest = gold.articles
    together = replace(gold, articles=(_joined(first, second), *rest))
    assert score_layout(gold, together).characters.hits < score_layout(gold, gold).characters.hits
    without = replace(gold, articles=gold.articles[1:])
    assert score_layout(gold, without).lost == sum(not c.isspace() for c in first.text)


def _joined(one: Article, other: Article) -> Article:
    shift = len(one.text) + 1
    return Article(
        f"{one.text}\n{other.text}",
        one.blocks + tuple(Block(b.role, b.start + shift, b.end + shift) for b in other.blocks),
        one.source + tuple(Run(r.start + shift, r.end + shift, r[2], r[3]) for r in other.source),
    )


def test_real_pages_are_cut_as_well_as_the_pinned_figures_say(real):
    counts = total(score_layout(page, clean_page(page.page)) for page in real)
    assert counts.lost == 0
    assert counts.characters.recall >= PINNED["characters"]
    assert counts.joints.recall >= PINNED["joints"]
    assert counts.duplicates.recall == 1.0


def test_a_title_above_another_article_finds_its_own(real):
    page = next(page for page in real if page.page.name.startswith("000"))
    (article,) = (a for a in clean_page(page.page).articles if "谱写红色“音符”" in a.text)
    assert article.text.startswith("谱写红色“音符”")
    assert "社区治理千头万绪" in article.text


def test_pages_simulated_from_other_authors_are_cut_as_well_as_pinned(held_out):
    assert held_out, "every batch was trained on: none is left to measure with"
    pages = list(simulate(held_out, 12, seed=5))
    counts = total(score_layout(page, clean_page(page.page)) for page in pages)
    assert counts.lost == 0
    assert counts.characters.recall >= PINNED["simulated_characters"]
    assert counts.joints.recall >= PINNED["simulated_joints"]


PINNED = {
    "characters": 0.99,
    "joints": 0.90,
    "simulated_characters": 0.98,
    "simulated_joints": 0.94,
}


def test_no_real_page_was_trained_on(real):
    assert not {page.page.name for page in real} & set(bundled().trained_on)


LEAD = "本报讯（记者王平）近日，青杨市柳河街道办事处组织召开物业管理工作推进会，"


def test_a_sentence_that_a_caption_interrupts_is_joined_and_the_joint_tells_how_sure_it_is():
    text = (
        "柳河街道推进物业管理\n\n"
        f"{LEAD}对今年以来各小区的物业服务质量进行了通报，并要求各社区党组织加\n\n"
        "△ 推进会现场。\n\n"
        "强对物业企业的监督，及时回应居民诉求，切实解决群众身边的急难愁盼问题。\n"
    )
    page = clean(text)
    assert_nothing_lost(page)
    (article,) = page.articles
    assert any("党组织加强对物业企业" in paragraph for paragraph in paragraphs(article))
    joint = next(j for j in article.joints if article.text[j.at - 1 :].startswith("加强对物业"))
    assert 0.5 < joint.confidence <= 1


def test_a_near_copy_is_found_in_spite_of_misread_characters():
    passage = (
        "街道党工委积极引入社会力量，推动共建单位资源优化配置，推进互利共赢，信息实现对接共享。"
    )
    misread = passage.replace("已", "己").replace("对接", "对按")
    page = clean(
        f"柳河街道抓共建\n\n{LEAD}部署下一步工作。\n\n{passage}\n\n"
        f"青杨集团办夜校\n\n本报讯 近日，青杨集团夜校开课，首批学员四十人参加。\n\n{misread}\n"
    )
    assert len(page.duplicates) == 1
    assert_nothing_lost(page)


def test_of_two_copies_the_one_that_cuts_a_sentence_in_two_goes():
    twice = "志愿者们带来了图书、文具和爱心书包，孩子们围坐在一起听故事、学剪纸。"
    page = clean(
        f"柳河街道推进物业管理\n\n{LEAD}通报了各小区的服务质量，并要求各社区党组织加\n\n{twice}\n\n"
        "强对物业企业的监督，及时回应居民诉求。\n\n白桥村小学迎来开学礼\n\n"
        "本报讯（记者李安）9月1日，白桥村小学举行开学典礼，村党支部书记到场祝贺。\n\n"
        f"{twice}\n\n典礼之后，老师领着新生参观了校园。\n"
    )
    (copy,) = page.duplicates
    assert copy.kept > copy.start
    assert twice in paragraphs(page.articles[1])
    assert any("党组织加强对物业企业" in paragraph for paragraph in paragraphs(page.articles[0]))


def test_nothing_is_joined_across_a_form_feed():
    page = clean(
        f"{LEAD}并要求各社区党组织加\f强对物业企业的监督，及时回应居民诉求，解决群众难题。\n"
    )
    assert len(page.articles) == 2
    assert_nothing_lost(page)


def test_traditional_bylines_and_mastheads_are_recognised_and_left_as_they_are():
    page = clean(
        "青楊日報\n\n柳河街道推進物業管理\n\n本報記者 王平\n\n"
        "本報訊 近日，青楊市柳河街道辦事處組織召開物業管理工作推進會，通報了各小區的服務質量。\n"
    )
    (article,) = page.articles
    assert ("byline", "本報記者 王平") in [
        (b.role, article.text[b.start : b.end]) for b in article.blocks
    ]
    assert any(page.page.text[s:e] == "青楊日報" for s, e in page.furniture)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_system_give_the_same_articles(end):
    text = f"柳河街道推进物业管理\n\n本报记者 王平\n\n{LEAD}通报了各小区的服务质量。\n"
    assert [a.text for a in clean(text.replace("\n", end)).articles] == [
        a.text for a in clean(text).articles
    ]


def test_weights_survive_the_file_and_damage_is_told():
    data = bundled().to_bytes()
    again = Layout.from_bytes(data)
    text = "柳河街道推进物业管理\n\n本报记者 王平\n\n近日，街道召开了物业管理工作推进会。\n"
    page = Page("p", text, "", "utf-8")
    assert clean_page(page, again) == clean_page(page)
    with pytest.raises(ValueError, match="damaged"):
        Layout.from_bytes(data[:1000])
    with pytest.raises(ValueError, match="damaged"):
        Layout.from_bytes(b"")


def test_a_layout_can_be_trained_on_a_few_articles(held_out):
    layout = train_layout(held_out[:60], pages=4, seed=3, say=lambda _: None)
    for page in simulate(held_out, 3, seed=9):
        cleaned = clean_page(page.page, layout)
        assert_nothing_lost(cleaned)
        assert_traced(cleaned)
    assert set(layout.trained_on) == {a.meta["batch"] for a in held_out[:60]}


def test_association_tells_what_goes_on_from_what_does_not():
    words = ["村集体经济组织", "党群服务中心", "社会主义核心价值观"] * 30
    random.Random(0).shuffle(words)
    association = Association.count(["".join(words)] * 3)
    same, other = association.features(["村集体经", "村集体经"], ["济组织", "价值观"])[:, 0]
    assert same > other


def test_ngrams_do_not_cross_from_one_text_to_the_next():
    owners, hashes = ngrams(["甲乙", "", "乙丙", "甲乙"], 2)
    assert owners.tolist() == [0, 2, 3]
    assert hashes[0] == hashes[2] != hashes[1]
    assert len(ngrams(["甲", "乙"], 5)[0]) == 0


def test_names_say_more_than_everyday_words():
    everyday = ["会议召开", "会议要求", "认真落实"] * 20
    rarity = Rarity.count([*everyday, "柳河街道"])
    texts = ["柳河街道会议召开", "柳河街道认真落实", "青杨小区会议召开"]
    words = Words.of(texts, rarity, Topics.train(everyday))
    first, namesake, other = (words.texts[[at]] for at in range(3))
    _, by_name = words.compare(first, namesake).likeness
    _, by_phrase = words.compare(first, other).likeness
    assert by_name[0] > 2 * by_phrase[0]


def test_what_a_text_is_about_tells_its_own_continuation_from_that_of_others(held_out):
    layout, halves = bundled(), []
    long = [article for article in held_out if len(article.text) > 600]
    for article in long:
        own = "".join("".join(paragraphs(article)).split())
        halves += [own[: len(own) // 2], own[len(own) // 2 :]]
    words = Words.of(halves, layout.rarity, layout.topics)
    first, second = words.texts[0::2], words.texts[1::2]
    own = words.compare(first, second).topics
    others = [
        words.compare(first, second[np.roll(range(len(long)), by)]).topics
        for by in range(1, len(long))
    ]
    higher = np.mean([own > other for other in others])
    assert higher > 0.9


def test_first_paragraphs_of_other_authors_are_told_from_further_ones(held_out):
    scores = {True: [], False: []}
    for article in held_out:
        own = [article.text[b.start : b.end] for b in article.blocks if b.role == "paragraph"]
        for at, score in enumerate(bundled().leads.scores(["".join(t.split()) for t in own])):
            scores[at == 0].append(score)
    higher = np.mean([np.mean(np.array(scores[False]) < lead) for lead in scores[True]])
    assert higher > 0.85


def test_a_network_says_the_mean_of_its_members():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6000, 3))
    wanted = ["yes" if row[0] + row[1] > 0 else "no" for row in rows]
    network = Network.train(rows, wanted, hidden=8, members=2, penalty=1e-3, seed=0)
    found = network.probabilities(rows)
    assert np.allclose(found.sum(axis=1), 1)
    right = [network.classes[i] == w for i, w in zip(found.argmax(axis=1), wanted, strict=True)]
    assert np.mean(right) > 0.9
