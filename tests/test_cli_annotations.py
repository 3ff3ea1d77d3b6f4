"""banmian annotations, as a user runs it."""

import json

from conftest import SEEDS

TEXT = "=== genre: news | topics: governance\nP: {O:青杨社区}办“{I:夜校}”，收诉求{N:35件}。\n"


def test_marked_text_becomes_doccano_rows(run, tmp_path):
    (tmp_path / "batch.txt").write_text(TEXT, encoding="utf-8")
    done = run("annotations", "import", tmp_path / "batch.txt", "-o", tmp_path / "batch.jsonl")
    assert done.returncode == 0
    row = json.loads((tmp_path / "batch.jsonl").read_text(encoding="utf-8"))
    assert list(row) == ["id", "text", "meta", "entities", "cats", "Comments"]
    assert row["meta"]["key"] == "batch-001"
    assert [row["text"][s:e] for s, e, _ in row["entities"]] == ["青杨社区", "夜校", "35件"]
    assert run("annotations", "check", tmp_path / "batch.jsonl").returncode == 0


def test_a_slip_in_marked_text_is_one_line_and_nothing_is_written(run, tmp_path):
    (tmp_path / "batch.txt").write_text("=== genre: poem\nP: 甲\n", encoding="utf-8")
    done = run("annotations", "import", tmp_path / "batch.txt", "-o", tmp_path / "batch.jsonl")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert "line 1: genre 'poem'" in done.stderr.decode()
    assert not (tmp_path / "batch.jsonl").exists()


def test_an_error_of_annotation_ends_with_three_and_is_named(run, tmp_path):
    row = {
        "id": 7,
        "text": "青杨社区，办夜校",
        "entities": [[0, 5, "ORG"]],
        "cats": ["news", "governance"],
    }
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + "\n")
    done = run("annotations", "check", tmp_path / "x.jsonl", "-o", tmp_path / "found.jsonl")
    assert done.returncode == 3
    assert "begins or ends with ，" in done.stdout.decode()
    found = json.loads((tmp_path / "found.jsonl").read_text(encoding="utf-8"))
    assert (found["kind"], found["article"]) == ("error", "article #7")


def test_an_article_that_copies_a_page_is_refused(run, root, tmp_path):
    copied = SEEDS[0].read_text(encoding="utf-8").split("社区治理千头万绪")[1][:30]
    row = {"id": 1, "text": copied, "cats": ["news", "governance"], "meta": {"key": "copied"}}
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + "\n")
    done = run(
        "annotations", "check", tmp_path / "x.jsonl",
        "--pages", root / "annotations/pages", "--config", root / "configs/checks.toml",
    )  # fmt: skip
    assert done.returncode == 3
    assert "with a real page" in done.stdout.decode()


def test_agreement_shows_figures_and_differences(run, root, tmp_path):
    passes = root / "annotations" / "second-pass"
    done = run(
        "annotations", "agreement", passes / "seeds-a.jsonl", passes / "seeds-b.jsonl", "--list",
        "--output", tmp_path / "figures.json",
    )  # fmt: skip
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "0.983" in shown
    assert "seeds-b only: INITIATIVE '邻里集市'" in shown
    assert "kappa 1.000" in shown
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["pairs"][0]["of"] == ["seeds-a", "seeds-b"]
    assert round(figures["pairs"][0]["exact"]["all"]["f1"], 3) == 0.983
    assert figures["beyond_chance"]["genre"] == 1.0


def test_three_annotators_are_compared_two_by_two(run, root):
    passes = root / "annotations" / "second-pass"
    done = run(
        "annotations", "agreement", passes / "seeds-a.jsonl", passes / "seeds-b.jsonl",
        root / "annotations" / "pages", "--list",
    )  # fmt: skip
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "seeds-a and seeds-b: exact F1 0.983 (340 and 344 spans)" in shown
    assert "seeds-b only (not seeds): INITIATIVE '邻里集市'" in shown


def test_one_annotator_alone_agrees_with_nobody(run, root):
    done = run("annotations", "agreement", root / "annotations" / "pages")
    assert done.returncode == 2
    assert "one person only (seeds)" in done.stderr.decode()


def test_passes_over_different_texts_are_refused(run, tmp_path):
    for name, text in (("a", "青杨社区"), ("b", "柳河社区")):
        row = {"id": 1, "text": text, "cats": ["news"], "meta": {"key": "one"}}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    done = run("annotations", "agreement", tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert done.returncode == 1
    assert "different texts" in done.stderr.decode()


def test_a_file_that_is_none_is_one_line(run, tmp_path):
    for arguments in (("check", tmp_path / "no.jsonl"), ("suspects", tmp_path / "no.jsonl")):
        done = run("annotations", *arguments)
        assert done.returncode == 1
        assert done.stderr.decode().count("\n") == 1
        assert "there is no such file" in done.stderr.decode()
