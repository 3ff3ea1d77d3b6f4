"""Several people's annotations into one."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.annotations import from_row, read_annotations, to_row, write_annotations
from banmian.cli.annotators import Rule
from banmian.files import FileError
from banmian.markup import parse
from banmian.merging import RULES, conflict_row, merge, read_decisions


def one(text, genre="news", topics="governance"):
    source = f"=== genre: {genre} | topics: {topics} | key: k\nP: {text}"
    return list(parse(source).articles)


ANA = one("{O:青杨社区}办“{I:夜校}”，收{N:35件}。", topics="governance, culture_tourism")
BO = one("{O:青杨社区}办“夜校”，收诉求{N:35件}。".replace("诉求", ""), genre="photo")
CY = one("青杨{O:社区}办“{I:夜校}”，收{N:35件}。", genre="photo", topics="enterprise")
THREE = {"ana": ANA, "bo": BO, "cy": CY}


def texts(articles):
    return [span.text for span in articles[0].spans]


@pytest.mark.parametrize(
    ("rule", "spans", "genre", "topics"),
    [
        ("union", ["青杨社区", "夜校", "35件"], "photo", ("governance", "culture_tourism", "enterprise")),
        ("majority", ["青杨社区", "夜校", "35件"], "photo", ("governance",)),
        ("intersection", ["35件"], "photo", ("governance",)),
        ("first", ["青杨社区", "夜校", "35件"], "news", ("governance", "culture_tourism")),
    ],
)  # fmt: skip
def test_the_rules(rule, spans, genre, topics):
    merged, conflicts = merge(THREE, rule)
    assert texts(merged) == spans
    assert (merged[0].genre, merged[0].topics) == (genre, topics)
    assert merged[0].meta["merged"] == {"rule": rule, "of": ["ana", "bo", "cy"]}
    assert [c.kind for c in conflicts] == ["spans", "spans", "genre", "topics"]


def test_the_command_offers_the_rules_that_there_are():
    assert [rule.value for rule in Rule] == list(RULES)


def test_a_conflict_says_who_said_what():
    (_, nothing, *_), _ = merge(THREE, "majority")[1], None
    row = conflict_row(nothing, ANA[0].text)
    assert row["said"] == {"ana": [[6, 8, "INITIATIVE", "夜校"]], "bo": [], "cy": [[6, 8, "INITIATIVE", "夜校"]]}  # fmt: skip
    assert row["taken"] == [[6, 8, "INITIATIVE", "夜校"]]
    assert (row["article"], row["kind"], row["decided"]) == ("k", "spans", False)
    assert "夜校" in row["context"]


def test_who_agrees_has_no_conflict():
    merged, conflicts = merge({"ana": ANA, "bo": ANA}, "majority")
    assert conflicts == []
    assert texts(merged) == texts(ANA)


def test_an_article_that_one_alone_has_is_kept():
    other = [replace(a, text=f"另{a.text}", meta={"key": "z"}, spans=()) for a in BO]
    merged, conflicts = merge({"ana": ANA, "bo": other}, "intersection")
    assert len(merged) == 2
    assert conflicts == []


def test_different_texts_under_one_key_are_refused():
    with pytest.raises(ValueError, match="k: ana, bo hold different texts"):
        merge({"ana": ANA, "bo": one("柳河社区。")}, "union")


def decide(tmp_path, conflicts, *decided):
    file = tmp_path / "conflicts.jsonl"
    rows = [conflict_row(c, ANA[0].text) for c in conflicts]
    for at, taken in decided:
        rows[at] |= {"taken": taken, "decided": True}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_a_decision_goes_before_the_rule_and_stays(tmp_path):
    _, conflicts = merge(THREE, "union")
    file = decide(tmp_path, conflicts, (0, [[2, 4, "ORG"]]), (1, []), (2, ["feature"]))
    merged, found = merge(THREE, "union", read_decisions(file))
    assert texts(merged) == ["社区", "35件"]
    assert merged[0].genre == "feature"
    assert [c.decided for c in found] == [True, True, True, False]
    again = decide(tmp_path, found)
    assert merge(THREE, "union", read_decisions(again)) == (merged, found)


@pytest.mark.parametrize("taken", [[[0, 7, "ORG"]], [[0, 999, "ORG"]], [[3, 3, "ORG"]]])
def test_a_decision_that_cannot_be_names_the_article(tmp_path, taken):
    _, conflicts = merge(THREE, "union")
    decisions = read_decisions(decide(tmp_path, conflicts, (0, taken)))
    with pytest.raises(ValueError, match="k: the decided span"):
        merge(THREE, "union", decisions)


@pytest.mark.parametrize("taken", [[[0, 4, "PERSON"]], [[0]], [4]])
def test_a_damaged_decision_names_the_line(tmp_path, taken):
    _, conflicts = merge(THREE, "union")
    with pytest.raises(FileError, match="line 1: is no decided conflict"):
        read_decisions(decide(tmp_path, conflicts, (0, taken)))


TEXT = "甲乙丙丁戊己庚辛"
SPANS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 3), st.sampled_from(["ORG", "SLOGAN"])), max_size=4
)


def article(spans):
    kept, end = [], 0
    for start, length, label in sorted(spans):
        if start >= end and start + length <= len(TEXT):
            kept.append([start, start + length, label])
            end = start + length
    return [from_row({"text": TEXT, "entities": kept, "cats": ["news"], "meta": {"key": "k"}})]


@given(SPANS, SPANS, SPANS, st.sampled_from(list(RULES)))
def test_what_is_merged_is_flat_and_somebody_said_it(a, b, c, rule):
    passes = {"a": article(a), "b": article(b), "c": article(c)}
    (merged,), conflicts = merge(passes, rule)
    assert from_row(to_row(merged)) == merged
    said = [s for own in passes.values() for s in own[0].spans]
    assert all(span in said for span in merged.spans)
    assert all(x.end <= y.start for x, y in zip(merged.spans, merged.spans[1:], strict=False))
    unanimous = set.intersection(*(set(own[0].spans) for own in passes.values()))
    assert unanimous <= set(merged.spans)
    if not conflicts:
        assert all(own[0].spans == merged.spans for own in passes.values())


def test_merging_on_the_command_line(run, tmp_path):
    write_annotations(tmp_path / "ana.jsonl", ANA)
    write_annotations(tmp_path / "bo.jsonl", [replace(BO[0], meta={"key": "k", "annotator": "Bo"})])
    done = run(
        "annotations", "merge", tmp_path / "ana.jsonl", tmp_path / "bo.jsonl", "--rule", "union",
        "-o", tmp_path / "merged.jsonl", "--conflicts", tmp_path / "conflicts.jsonl",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert (
        "1 articles of ana, Bo by union; 3 conflicts left to the rule, 0 decided"
        in done.stderr.decode()
    )
    assert (tmp_path / "conflicts.jsonl").read_text(encoding="utf-8").count("\n") == 3
    (merged,) = read_annotations([tmp_path / "merged.jsonl"])
    assert merged.meta["merged"]["of"] == ["ana", "Bo"]
    assert "annotator" not in merged.meta
