"""Which pages to annotate next."""

import json
import math

import pytest

from banmian.pages import read_page
from banmian.selection import Candidate, choose, doubt, look_at, read_annotated
from banmian.types import TOPICS
from conftest import SEEDS


def page(name, text, unsure, topic=0):
    topics = tuple(float(at == topic) for at in range(len(TOPICS)))
    return Candidate(name, f"folder/{name}", text, 1, 1, unsure, topics)


WELLS = "柳河镇今年新修水渠三条，灌溉农田两千亩，群众拍手叫好，镇里打算明年再修两条。"
CHOIR = "青杨社区合唱团昨晚登台，三十位退休职工唱了八首老歌，台下坐满了街坊邻居。"
COURT = "县人民法院巡回法庭走进牧区，马背上的法官当场调解草场纠纷，双方握手言和。"


def names(selection):
    return [candidate.name for candidate in selection.chosen]


def test_the_least_sure_comes_first():
    pages = [page("sure", WELLS, 0.1), page("unsure", CHOIR, 0.6), page("half", COURT, 0.3)]
    assert names(choose(pages, 2, spread=0)) == ["unsure", "half"]
    assert names(choose(pages, 9, spread=0)) == ["unsure", "half", "sure"]


def test_topics_spread():
    pages = [
        page("first", WELLS, 0.60, topic=0),
        page("alike", WELLS[:5] + COURT, 0.55, topic=0),
        page("other", CHOIR, 0.50, topic=1),
        page("dull", CHOIR[::-1], 0.0, topic=2),
    ]
    assert names(choose(pages, 2, spread=0)) == ["first", "alike"]
    assert names(choose(pages, 2, spread=0.4)) == ["first", "other"]


def test_a_near_duplicate_is_left_out_and_named():
    copy = WELLS.replace("三条", " 3 条") + "完"
    selection = choose([page("one", WELLS, 0.9), page("two", copy, 0.8)], 2)
    assert names(selection) == ["one"]
    assert [(c.name, of) for c, of in selection.copies] == [("two", "one")]


def test_what_is_annotated_under_another_name_is_left_out():
    selection = choose([page("again", WELLS, 0.9), page("new", CHOIR, 0.1)], 2, annotated=[WELLS])
    assert names(selection) == ["new"]
    assert selection.copies[0][1] == "annotated pages"


def test_few_and_empty_pages_do_no_harm():
    assert choose([], 3).chosen == ()
    assert names(choose([page("blank", "", 0.0), page("short", "甲", 0.0)], 3)) == [
        "blank",
        "short",
    ]


def test_doubt_lies_between_nothing_and_one():
    even = dict.fromkeys("abcdef", 1 / 6)
    assert doubt([1.0, 1.0], {"a": 1.0, "b": 0.0}, {"x": 1.0}) == 0
    assert doubt([0.0], even, {"x": 0.5}) == pytest.approx(1.0)
    assert doubt([], {}, {}) == 0
    assert doubt([0.5] * 9, even, {"x": 1.0}) == doubt([0.5], even, {"x": 1.0})
    assert math.isclose(doubt([0.8, 0.6], {"a": 1.0, "b": 0.0}, {}), 0.15)


def test_a_real_page_is_looked_at(nlp):
    candidate = look_at(nlp, read_page(SEEDS[0].name, str(SEEDS[0])), str(SEEDS[0]))
    assert candidate.articles > 5
    assert candidate.spans > 30
    assert 0 < candidate.doubt < 0.5
    assert len(candidate.topics) == len(TOPICS)


def test_annotated_pages_are_found_at_any_depth(tmp_path):
    row = {"text": WELLS, "meta": {"page_sha256": "abc"}}
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "x.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({"a": 1}))
    assert read_annotated(tmp_path) == ({"abc"}, [WELLS])


@pytest.fixture
def next_pages(root, tmp_path):
    """The command as `banmian doccano next` runs it."""
    import typer
    from typer.testing import CliRunner

    from banmian.cli.doccano_next import next_pages

    app = typer.Typer()
    app.command()(next_pages)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_paths_go_to_standard_output_alone(next_pages, root, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\x00\x01")
    (tmp_path / "good page.txt").write_text(CHOIR, encoding="utf-8")
    done = next_pages(tmp_path, "--annotated", tmp_path / "none", "-0")
    assert done.stdout == f"{tmp_path}/good page.txt\0"
    assert "bad.txt: is binary" in done.stderr
    assert done.exit_code == 3


def test_annotated_pages_are_not_offered_again(next_pages, root):
    done = next_pages(root / "seeds", "--annotated", root / "annotations")
    assert done.stdout == ""
    assert "3 left out" in done.stderr
    assert done.exit_code == 0


def test_standard_input_is_refused(next_pages):
    assert next_pages("-").exit_code == 2
