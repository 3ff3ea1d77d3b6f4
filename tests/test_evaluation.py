"""Evaluation: what counts as found, where it is lost, how sure the figures are."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from banmian import bootstrap
from banmian.annotations import read_annotations
from banmian.articles import clean_page
from banmian.baselines import jieba_tagger, rule_tagger
from banmian.characters import normalize
from banmian.confusion import KINDS, align, confusion
from banmian.errors import worst_errors
from banmian.evaluation import (
    ArticleResult,
    evaluate_gold_articles,
    evaluate_page,
    gold_by_page,
    page_of_its_own,
    read_gold_page,
)
from banmian.figures import Judged, summarize
from banmian.marks import marked
from banmian.markup import parse
from banmian.scoring import Counts, Mention
from banmian.tagging import Tags
from banmian.types import Span

ROOT = Path(__file__).parent.parent
BY_PAGE = gold_by_page(read_annotations([ROOT / "annotations/pages"]))
AUTHORED = list(read_annotations([ROOT / "annotations/authored/b05.jsonl"]))[:12]


def m(start, end, label="ORG", score=None):
    return Mention("p", tuple(range(start, end)), label, f"{start}-{end}", score)


def result(gold=(), predicted=(), text="甲" * 60, genre="news"):
    places = tuple(range(len(text)))
    tags = Tags((), ("news", 0.9), (("governance", 0.8),))
    return ArticleResult(
        "p#1", "p", "p", text, places, tuple(gold), tuple(predicted), genre, frozenset(), tags
    )


def knows_all(articles):
    """A tagger that gives every annotated article its own annotation."""
    tags = {normalize(a.text): Tags(a.spans, (a.genre, 1.0), ()) for a in articles}
    return lambda texts: [tags.get(text, Tags((), ("news", 1.0), ())) for text in texts]


@pytest.fixture(scope="module", params=sorted(BY_PAGE))
def page_and_gold(request):
    gold = BY_PAGE[request.param]
    return read_gold_page(ROOT / "seeds", request.param, gold), gold


# --- what is found on a page


def test_a_perfect_model_is_perfect_where_articles_are(page_and_gold):
    page, gold = page_and_gold
    results = evaluate_gold_articles(page, gold, knows_all(gold))
    assert [r.key for r in results] == [f"{page.name}#{a.meta['article']}" for a in gold]
    kinds = {o.kind for r in results for o in align(r.gold, r.predicted)}
    assert kinds == {"right"}


def test_what_cleaning_loses_is_not_found(page_and_gold):
    page, gold = page_and_gold
    half = replace(page, text=page.text[: len(page.text) // 2] + "\n" * (len(page.text) // 2 + 1))
    lost = [
        o
        for r in evaluate_page(clean_page(half), gold, rule_tagger)
        for o in align(r.gold, r.predicted)
    ]
    found = [
        o
        for r in evaluate_page(clean_page(page), gold, rule_tagger)
        for o in align(r.gold, r.predicted)
    ]
    assert sum(o.kind == "right" for o in lost) < sum(o.kind == "right" for o in found)


def test_every_gold_and_every_found_span_counts_once(page_and_gold):
    page, gold = page_and_gold
    cleaned_spans = []

    def counting(texts):
        tags = rule_tagger(texts)
        cleaned_spans.extend(span for found in tags for span in found.spans)
        return tags

    results = evaluate_page(clean_page(page), gold, counting)
    assert sum(len(r.gold) for r in results) == sum(len(a.spans) for a in gold)
    found = sum(len(r.predicted) for r in results)
    assert 0.9 * len(cleaned_spans) < found <= len(cleaned_spans)  # less those in bylines


def test_what_is_marked_outside_of_every_annotated_article_counts_as_spurious(page_and_gold):
    page, gold = page_and_gold
    everything = evaluate_page(clean_page(page), gold, rule_tagger)
    one = evaluate_page(clean_page(page), gold[:1], rule_tagger)
    assert one[-1].key == f"{page.name}#outside"
    assert sum(len(r.predicted) for r in one) == sum(len(r.predicted) for r in everything)
    assert {o.kind for o in align(one[-1].gold, one[-1].predicted)} == {"spurious"}


def test_an_authored_article_is_a_page_of_its_own():
    for article in AUTHORED:
        page = page_of_its_own(article)
        (perfect,) = evaluate_gold_articles(page, [article], knows_all([article]))
        assert {o.kind for o in align(perfect.gold, perfect.predicted)} <= {"right"}
        (raw, *_) = evaluate_page(clean_page(page), [article], rule_tagger)
        assert raw.gold == perfect.gold
        assert raw.origin == "b05"


# --- what exactly goes wrong


def test_each_kind_of_outcome():
    gold = [m(0, 4), m(10, 14), m(20, 24), m(30, 34), m(40, 44)]
    found = [m(0, 4), m(11, 14), m(20, 24, "SLOGAN"), m(31, 36, "SLOGAN"), m(50, 55, "SLOGAN")]
    outcomes = align(gold, found)
    assert [o.kind for o in outcomes] == list(KINDS)
    rows = confusion(outcomes)
    assert rows["ORG"]["missed"] == 1
    assert rows["ORG"]["taken_for"] == {"SLOGAN": 2}
    assert rows["SLOGAN"] == {**dict.fromkeys(KINDS, 0), "spurious": 1, "taken_for": {}}


def test_the_best_partner_is_taken():
    (first, second) = align([m(0, 10)], [m(0, 2), m(2, 10)])
    assert (first.predicted, second.predicted) == (m(2, 10), m(0, 2))
    assert second.kind == "spurious"
    (first, _) = align([m(0, 10)], [m(0, 8, "SLOGAN"), m(8, 10)])
    assert first.kind == "wrong border"  # the label goes before the number of characters


def test_the_worst_errors_are_the_least_expected():
    gold = [m(0, 4), m(5, 9), m(10, 14), m(20, 24, "SLOGAN")]
    found = [m(0, 4), m(5, 9), m(30, 33, score=0.6), m(40, 43, score=0.99)]
    errors = worst_errors([result(gold, found)])
    assert [(e.outcome.kind, round(e.weight, 2)) for e in errors] == [
        ("spurious", 0.99), ("missed", 0.67), ("spurious", 0.6), ("missed", 0.0),
    ]  # fmt: skip
    assert len(worst_errors([result(gold, found)], most=2)) == 2


def test_an_error_that_returns_stands_once():
    again = [
        replace(m(at, at + 2, score=score), text="市民中心") for at, score in ((3, 0.5), (9, 0.8))
    ]
    (error,) = worst_errors([result(predicted=again)])
    assert (error.times, error.weight) == (2, 0.8)


def test_the_context_of_an_error_is_its_own_line():
    text = "标题在上\n" + "文" * 50 + "某某社区" + "文" * 50 + "\n下一段"
    (error,) = worst_errors([result([m(55, 59)], text=text)])
    assert error.as_row()["context"] == "文" * 30 + "某某社区" + "文" * 30


def test_marks_show_both_sides_and_lose_no_character():
    text = "甲乙丙丁戊己庚 辛壬癸"
    around_a_blank = Mention("p", (6, 8), "SLOGAN", "庚辛")  # blanks are no places
    both = result([m(0, 2), m(3, 5)], [m(0, 2), m(4, 6), around_a_blank], text=text)
    parts = list(marked(both))
    assert "".join(part.text for part in parts) == text
    assert [(p.text, p.gold, p.predicted, p.right) for p in parts] == [
        ("甲乙", "ORG", "ORG", True),
        ("丙", None, None, False),
        ("丁", "ORG", None, False),
        ("戊", "ORG", "ORG", False),
        ("己", None, "ORG", False),
        ("庚 辛", None, "SLOGAN", False),
        ("壬癸", None, None, False),
    ]
    assert [p.text for p in parts if p.gold_ends] == ["甲乙", "戊"]


# --- how sure the figures are


def test_the_interval_by_hand():
    same = [Counts(1, 2, 2)] * 8
    draws = bootstrap.resample(8, np.random.default_rng(0))
    assert bootstrap.interval(same, draws) == (0.5, 0.5)
    half = [Counts(1, 1, 1)] * 50 + [Counts(0, 1, 1)] * 50
    low, high = bootstrap.interval(half, bootstrap.resample(100, np.random.default_rng(0)))
    # the binomial's 95 % interval of a half of 100
    assert low == pytest.approx(0.40, abs=0.02)
    assert high == pytest.approx(0.60, abs=0.02)


def test_few_articles_have_no_interval_and_figures_are_the_same_every_time():
    def judge():
        judged = Judged()
        for article in AUTHORED:
            judged.judge(page_of_its_own(article), [article], rule_tagger)
        return summarize(judged, "batches")

    figures = judge()
    assert json.dumps(figures) == json.dumps(judge())
    raw = figures["raw_pages"]
    low, high = raw["exact"]["all"]["interval"]
    assert low < raw["exact"]["all"]["f1"] < high
    assert raw["exact"]["all"] == raw["batches"]["b05"]["exact"]["all"]
    few = [row for row in raw["genres"].values() if row["articles"] < 5]
    assert few
    assert all(row["exact"]["all"]["interval"] is None for row in few)
    assert sum(row["exact"]["all"]["gold"] for row in raw["genres"].values()) == sum(
        len(article.spans) for article in AUTHORED
    )


def test_scores_are_held_against_what_came_true():
    (article,) = parse(
        "=== genre: news | topics: governance | key: x\nP: {O:青杨社区}说，柳河。"
    ).articles
    wrong = Span(5, 7, "ORG", "柳河", 0.8)
    right = replace(article.spans[0], score=0.9)
    tags = Tags((right, wrong), ("photo", 0.7), (("governance", 0.6),))
    judged = Judged()
    judged.judge(page_of_its_own(article), [article], lambda texts: [tags for _ in texts])
    found = summarize(judged)["gold_articles"]["reliability"]
    assert [(b["mean_score"], b["share_right"]) for b in found["spans"]["bins"]] == [
        (0.8, 0),
        (0.9, 1),
    ]
    assert found["spans"]["ece"] == pytest.approx((0.8 + 0.1) / 2)
    assert found["genre"]["ece"] == pytest.approx(0.7)
    assert found["topics"]["ece"] == pytest.approx(0.4)


def test_jieba_marks_the_organizations_that_it_knows():
    pytest.importorskip("jieba")
    (tags,) = jieba_tagger(["昨日，全国人大常委会在京开会。"])
    assert [(s.text, s.label) for s in tags.spans] == [("全国人大常委会", "ORG")]
    assert all(s.text == "昨日，全国人大常委会在京开会。"[s.start : s.end] for s in tags.spans)
