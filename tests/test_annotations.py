"""Annotations as doccano exports them, and what is checked of them."""

import json

import pytest

from banmian.agreement import compare
from banmian.annotations import (
    from_row,
    in_normal_form,
    read_annotations,
    source_runs,
    to_row,
    write_annotations,
)
from banmian.characters import normalize
from banmian.checks import check_article, edge_faults
from banmian.cleaning import to_page
from banmian.copies import shared_runs
from banmian.files import FileError
from banmian.markup import parse
from banmian.pages import read_page
from conftest import ROOT, SEEDS

PAGES = ROOT / "annotations" / "pages"
AUTHORED = ROOT / "annotations" / "authored"
UNSEEN = ROOT / "annotations" / "unseen"


def article(text):
    return parse(f"=== genre: news | topics: governance\n{text}\n").articles[0]


def findings(text):
    return [f.message for f in check_article(article(text))]


def test_a_row_read_and_written_is_the_same(tmp_path):
    articles = list(read_annotations([PAGES]))
    write_annotations(tmp_path / "copy.jsonl", articles)
    assert list(read_annotations([tmp_path / "copy.jsonl"])) == articles
    assert [to_row(from_row(to_row(a))) for a in articles] == [to_row(a) for a in articles]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("not json", "line 1: is not JSON"),
        ("[1]", "line 1: is not a JSON object"),
        ('{"entities": []}', "line 1: the key 'text' is missing"),
        ('{"text": "甲", "entities": [[0, 5, "ORG"]]}', "line 1: .*outside the text"),
        ('{"text": "甲", "entities": [[0, 1, "PER"]]}', "line 1: .*unknown label 'PER'"),
        ('{"text": "甲", "cats": ["sports"]}', "line 1: .*unknown category 'sports'"),
        ('{"text": 5}', "line 1: .*not a string"),
    ],
)
def test_a_bad_row_is_named_with_file_and_line(tmp_path, row, problem):
    file = tmp_path / "bad.jsonl"
    file.write_text(row + "\n")
    with pytest.raises(FileError, match=problem):
        list(read_annotations([file]))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_gold_says_what_the_page_says_at_its_place(seed):
    page = read_page(seed.name, str(seed))
    gold = [a for a in read_annotations([PAGES]) if a.meta["page"] == seed.name]
    assert gold
    taken = set()
    for a in gold:
        assert a.meta["page_sha256"] == page.sha256
        for span in a.spans:
            raw = "".join(page.text[s:e] for s, e in to_page(source_runs(a), span.start, span.end))
            assert len(raw) == len(span.text)
            same = [
                normalize(r) == normalize(c) or r in "\"',:;()" or r.isspace()
                for r, c in zip(raw, span.text, strict=True)
            ]
            assert all(same), (raw, span.text)
        for run in source_runs(a):
            places = set(range(run.page_start, run.page_end))
            assert not places & taken
            taken |= places
    layout = [
        json.loads(line)
        for line in (ROOT / "annotations/layout/seeds.jsonl").read_text().splitlines()
    ]
    (row,) = [row for row in layout if row["page"] == seed.name]
    for start, end, *_ in [*row["furniture"], *row["duplicates"]]:
        taken |= set(range(start, end))
    assert not [at for at, char in enumerate(page.text) if at not in taken and not char.isspace()]


@pytest.mark.parametrize("folder", [PAGES, AUTHORED, UNSEEN], ids=["pages", "authored", "unseen"])
def test_shipped_annotations_have_no_errors(folder):
    faults = [
        f"{a.meta.get('key')}: {finding.message}"
        for a in read_annotations([folder])
        for finding in check_article(in_normal_form(a))
        if finding.kind == "error"
    ]
    assert faults == []


def test_authored_articles_share_no_long_run_with_a_real_page():
    authored = list(read_annotations([AUTHORED, UNSEEN]))
    pages = "\n".join(seed.read_text(encoding="utf-8") for seed in SEEDS)
    assert [
        (authored[i].meta["key"], run)
        for i, run in shared_runs([a.text for a in authored], pages, 13)
    ] == []


def test_a_shared_run_is_found_across_punctuation_and_blanks():
    runs = list(
        shared_runs(["大家说，坚持以百姓所需所盼为出发点的"], "“坚持以百姓所\n需所盼 为出发点”", 10)
    )
    assert runs[0] == (0, "坚持以百姓所需所盼为")
    assert (
        list(
            shared_runs(
                ["坚持以百姓所需所盼为"],
                "坚持以百姓所需所盼为",
                10,
                set_phrases=["坚持以百姓所需所盼为出发点"],
            )
        )
        == []
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("“夜校", "whose partner is outside"),
        ("夜校”", "whose partner is outside"),
        ("“夜校”", "wraps the whole span"),
        (" 夜校", "blank"),
        ("夜校，", "begins or ends with ，"),
    ],
)
def test_bad_edges_are_errors(text, fault):
    assert any(fault in found for found in edge_faults(text))


@pytest.mark.parametrize("text", ["“呼应”小程序", "奏响“乐章”", "夜校", "“甲”与“乙”"])
def test_good_edges_pass(text):
    assert list(edge_faults(text)) == []


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("P: {O:县委组织部部长}说", "person's role"),
        ("P: {O:镇党委}说", "general organ"),
        ("P: {O:柳河镇}说", "place alone"),
        ("P: 新增{N:第3名}", "ordinal"),
        ("P: 在{N:2024年}", "date"),
        ("P: 提出{S:干了算}", "shorter than four"),
        ("P: 《{O:青杨报}》", "inside a title"),
        ("B: 本报记者 {O:青杨社区}", "byline"),
        ("P: {O:青杨社区}来了，青杨社区走了", "unmarked in"),
    ],
)
def test_what_the_guidelines_forbid_is_found(text, doubt):
    assert any(doubt in message for message in findings(text)), findings(text)


def test_agreement_of_two_passes_by_hand():
    first = [article("P: {O:青杨社区}办{I:夜校}")]
    second = [article("P: {O:青杨社区}办夜校")]
    result = compare(first, second)
    assert result.figures["exact"]["ORG"]["f1"] == 1.0
    assert result.figures["exact"]["all"]["f1"] == pytest.approx(2 / 3, abs=1e-3)
    assert [m.text for m in result.only_first] == ["夜校"]
    assert result.only_second == ()
