"""The command line as a user runs it."""

import json
import subprocess
import sys

import pytest

from banmian import __version__
from banmian.calibration import MIN_SCORE
from banmian.types import Article, Block, CleanPage, Duplicate, Page, Run
from conftest import SEEDS
from contract import assert_nothing_lost

ARTICLE_KEYS = "schema page page_sha256 article headline kicker subtitle byline genre topics text blocks source joints spans model".split()
INDICATOR_KEYS = "value high unit kind qualifier metric".split()


def rows_of(output: bytes):
    return [json.loads(line) for line in output.decode().splitlines()]


@pytest.fixture(scope="module")
def seed_rows(tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "rows.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "banmian", "tag", str(SEEDS[0].parent), "-o", str(out)],
        capture_output=True,
        check=True,
    )
    assert b"3 pages tagged" in done.stderr
    return rows_of(out.read_bytes())


def test_rows_have_the_contracts_keys_in_order(seed_rows):
    for row in seed_rows:
        if row["schema"] == "banmian.article/1":
            assert list(row) == ARTICLE_KEYS
            assert set(row["genre"]) == {"label", "score"}
            for span in row["spans"]:
                extra = INDICATOR_KEYS if span["label"] == "INDICATOR" else []
                assert list(span) == ["start", "end", "label", "text", "score", "page", *extra]
        else:
            assert (
                list(row)
                == "schema page page_sha256 articles encoding furniture duplicates".split()
            )
            assert row["schema"] == "banmian.page/1"


def test_every_spans_text_is_what_the_page_says_at_its_place(seed_rows):
    from banmian.characters import normalize

    pages = {seed.name: seed.read_bytes().decode() for seed in SEEDS}
    spans = 0
    for row in seed_rows:
        for span in row.get("spans", ()):
            spans += 1
            assert row["text"][span["start"] : span["end"]] == span["text"]
            raw = "".join(pages[row["page"]][s:e] for s, e in span["page"])
            assert len(raw) == len(span["text"])
            for mine, theirs in zip(span["text"], raw, strict=True):
                assert (
                    mine == theirs
                    or theirs.isspace()
                    or normalize(theirs) != theirs
                    or theirs in "\"',:;()?!"
                )
    assert spans > 200


def test_rows_lose_no_character_of_a_page(seed_rows):
    for seed in SEEDS:
        mine = [row for row in seed_rows if row["page"] == seed.name]
        articles = tuple(
            Article(
                row["text"],
                tuple(Block(**b) for b in row["blocks"]),
                tuple(Run(*r) for r in row["source"]),
            )
            for row in mine[:-1]
        )
        page = Page(seed.name, seed.read_bytes().decode(), mine[-1]["page_sha256"], "utf-8")
        last = mine[-1]
        assert_nothing_lost(
            CleanPage(
                page,
                articles,
                tuple(map(tuple, last["furniture"])),
                tuple(Duplicate(*d) for d in last["duplicates"]),
            )
        )
        assert last["articles"] == len(articles)


def test_a_bad_page_gets_its_row_and_line_and_the_others_are_tagged(run, tmp_path):
    (tmp_path / "a_empty.txt").write_bytes(b"")
    (tmp_path / "b_binary.txt").write_bytes(b"\0\1\2")
    (tmp_path / "c_latin.txt").write_bytes("où ça été élève".encode("latin-1"))
    (tmp_path / "d_good.txt").write_bytes("本报讯 近日，青杨社区收到诉求35件。".encode("gb18030"))
    done = run("tag", tmp_path, tmp_path / "gone.txt")
    rows = rows_of(done.stdout)
    assert done.returncode == 3
    assert [row["schema"].split(".")[1] for row in rows] == [
        "failure/1",
        "failure/1",
        "failure/1",
        "article/1",
        "page/1",
        "failure/1",
    ]
    assert all(
        list(row) == ["schema", "page", "stage", "error"]
        for row in rows
        if "failure" in row["schema"]
    )
    lines = done.stderr.decode().splitlines()
    assert [line.split(":")[1].strip() for line in lines] == [
        "a_empty.txt",
        "b_binary.txt",
        "c_latin.txt",
        "gone.txt",
    ]
    assert rows[4]["encoding"] == "gb18030"


def test_standard_input_and_output(run):
    done = run("tag", "-", stdin="本报讯 近日，青杨社区收到诉求35件。".encode())
    article, page = rows_of(done.stdout)
    assert done.returncode == 0
    assert done.stderr == b""
    assert article["page"] == page["page"] == "stdin"
    (indicator,) = [s for s in article["spans"] if s["label"] == "INDICATOR"]
    assert (indicator["value"], indicator["unit"], indicator["kind"]) == (35, "件", "count")


def test_bylines_bear_no_spans(run):
    page = "青杨社区办夜校\n\n本报讯 近日，青杨社区夜校开课，来了不少居民。\n\n（清河县委组织部供稿）\n"
    article, _ = rows_of(run("tag", "-", stdin=page.encode()).stdout)
    byline = next(b for b in article["blocks"] if b["role"] == "byline")
    assert article["text"][byline["start"] : byline["end"]] == "（清河县委组织部供稿）"
    assert [s for s in article["spans"] if s["label"] == "ORG"]
    assert not [s for s in article["spans"] if byline["start"] <= s["start"] < byline["end"]]


def test_wrong_usage_is_two_and_says_what(run, tmp_path):
    assert run("tag").returncode == 2
    done = run("tag", tmp_path)
    assert done.returncode == 2
    assert b"no pages" in done.stderr


def test_a_model_that_is_none_is_one_line(run, tmp_path):
    done = run("tag", SEEDS[0], "--model", tmp_path / "no")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert "no such model folder" in done.stderr.decode()


def test_an_output_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("tag", SEEDS[0], "-o", tmp_path / "file" / "rows.jsonl")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1


def test_min_score_leaves_out_unsure_spans(run):
    def spans(*options):
        rows = rows_of(run("tag", SEEDS[0], *options).stdout)
        return [span for row in rows for span in row.get("spans", ())]

    scores = [span["score"] for span in spans("--min-score", "0")]
    assert scores
    assert [s["score"] for s in spans()] == [s for s in scores if s >= MIN_SCORE]
    limit = sorted(scores)[-2]
    assert [s["score"] for s in spans("--min-score", str(limit))] == [
        s for s in scores if s >= limit
    ]


def test_a_closed_pipe_is_silent():
    command = f"{sys.executable} -m banmian clean {SEEDS[0].parent} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_clean_shows_articles_as_markdown_and_jsonl(run):
    shown = run("clean", SEEDS[0]).stdout.decode()
    assert "# 文殊镇" in shown
    rows = rows_of(run("clean", SEEDS[0], "--format", "jsonl").stdout)
    assert rows[-1]["schema"] == "banmian.page/1"
    assert rows[0]["schema"] == "banmian.clean/1"


def test_info_version_and_help(run):
    assert run("--version").stdout.decode().strip() == f"banmian {__version__}"
    info = run("info").stdout.decode()
    assert "spacy 3.8" in info
    assert "Where it fails" in info
    for command in ("tag", "clean", "evaluate", "info"):
        assert b"Example" in run(command, "--help").stdout
    assert b"--install-completion" in run("--help").stdout


def test_help_imports_nothing_heavy():
    code = "import sys, banmian.cli; print([m for m in ('spacy','numpy','rich','sklearn','pycrfsuite') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_evaluate_says_when_pages_are_not_held_out(run, root):
    done = run("evaluate", root / "annotations/pages", "--pages", root / "seeds")
    assert done.returncode == 0
    assert b"NOT HELD OUT" in done.stderr


def test_evaluate_refuses_a_page_that_has_changed(run, root, tmp_path):
    for seed in SEEDS:
        (tmp_path / seed.name).write_bytes(seed.read_bytes() + "。".encode())
    done = run("evaluate", root / "annotations/pages", "--pages", tmp_path)
    assert done.returncode == 1
    assert b"is not the page that was annotated" in done.stderr
