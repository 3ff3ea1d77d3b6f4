"""From annotations to calibrated models by the commands of project.yml, in small."""

import json

import pytest

from banmian.annotations import read_annotations
from banmian.model import load, trained_on, trained_on_batches

HELD_OUT = ["--hold-out", "b05", "--hold-out", "b12"]


def ok(done):
    assert done.returncode == 0, done.stderr.decode()
    return done


def one_line(done):
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    return line


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """Training sets, a model of dev, its calibration, a model that carries it."""
    from conftest import run_banmian as run

    out = tmp_path_factory.mktemp("built")
    config, annotations = root / "configs" / "news.cfg", root / "annotations"
    command = ["build", "corpus", annotations / "pages", annotations / "authored", *HELD_OUT]
    ok(run(*command, "--limit", 24, "--page-weight", 1, "-o", out / "corpus"))
    plain = ["--set", "components.span_tagger.network_epochs=0"]  # compiling it takes minutes
    ok(run("build", "train", config, out / "corpus" / "dev", "-o", out, *plain))
    calibration = out / "calibration.json"
    held_out = out / "corpus" / "dev-held-out"
    command = ["build", "calibrate", out / "dev" / "model-last", held_out]
    ok(run(*command, "--pages", annotations / "pages", "-o", calibration))
    carried = f"paths.calibration={calibration}"
    ok(run("build", "train", config, out / "corpus" / "full", "-o", out, *plain, "--set", carried))
    return out


def test_what_is_held_out_is_in_no_training(built):
    dev = built / "dev" / "model-last"
    held_out = list(read_annotations([built / "corpus" / "dev-held-out"]))
    assert {a.meta["batch"] for a in held_out} == {"b05", "b12"}
    assert len(held_out) == 24
    assert trained_on_batches(dev).isdisjoint({"b05", "b12"})
    assert len(trained_on_batches(dev)) > 10
    assert trained_on(dev) == set()
    assert trained_on_batches(built / "full" / "model-last") >= {"b05", "b12"}


def test_both_models_carry_the_calibration(built):
    wanted = json.loads((built / "calibration.json").read_text())
    assert wanted["spans"]
    assert wanted["fitted_on"]["batches"] == ["b05", "b12"]
    assert set(wanted["measured"]) == {"held_out", "pages"}
    # Whether it is better calibrated, so little data cannot show (test_quality does).
    assert {"count", "ece", "raw_ece"} <= set(wanted["measured"]["held_out"]["all"])
    for name in ("dev", "full"):
        carried = load(built / name / "model-last").get_pipe("calibration").calibration
        assert carried.as_json().items() <= wanted.items()


def test_rows_and_min_score_go_by_calibrated_scores(built, root, run):
    def scores(*options):
        command = ["tag", root / "seeds", "--model", built / "full" / "model-last", *options]
        rows = [json.loads(line) for line in ok(run(*command)).stdout.splitlines()]
        return [span["score"] for row in rows for span in row.get("spans", ())]

    file = built / "full" / "model-last" / "calibration" / "calibration.json"
    calibrated, kept = scores("--min-score", 0), file.read_bytes()
    sure = sorted(calibrated)[len(calibrated) // 2]
    assert scores("--min-score", sure) == [score for score in calibrated if score >= sure]
    try:
        plain = {"slope": 1.0, "intercept": 0.0}
        file.write_text(json.dumps(json.loads(kept) | {"spans": {}, "any_label": plain}))
        raw = scores("--min-score", 0)
    finally:
        file.write_bytes(kept)
    assert len(raw) == len(calibrated)
    assert raw != calibrated


def test_a_model_is_not_calibrated_on_what_it_saw(built, root, run):
    command = ["build", "calibrate", built / "full" / "model-last"]
    done = run(*command, built / "corpus" / "dev-held-out", "-o", built / "no.json")
    assert "was trained on b05, b12" in one_line(done)
    done = run(
        "build", "calibrate", built / "dev" / "model-last", root / "annotations/authored/b01.jsonl"
    )
    assert "was trained on b01" in one_line(done)
    assert not (built / "no.json").exists()


def test_one_batch_is_too_little(built, tmp_path, run, root):
    rows = (built / "corpus" / "dev-held-out" / "articles.jsonl").read_text().splitlines()
    one = [row for row in rows if json.loads(row)["meta"]["batch"] == "b05"]
    (tmp_path / "b05.jsonl").write_text("\n".join(one))
    done = run("build", "calibrate", built / "dev" / "model-last", tmp_path, "-o", tmp_path / "no")
    assert "at least two batches" in one_line(done)


def test_the_learning_curve_has_nested_points(built, root, run, tmp_path):
    out = tmp_path / "curve.json"
    command = ["build", "curve", built / "corpus" / "dev", built / "corpus" / "dev-held-out"]
    done = ok(run(*command, "--points", 2, "-o", out, "--pages", root / "annotations/pages"))
    assert done.stderr.decode().count("articles: held-out F1") == 2
    curve = json.loads(out.read_text())
    half, whole = curve["points"]
    assert curve["schema"] == "banmian.curve/1"
    assert (half["articles"], whole["articles"]) == (12, 24)
    assert half["spans"] < whole["spans"]
    assert 0 < half["held_out_f1"] < whole["held_out_f1"] < 1
    assert set(whole["by_label"]) == {"INITIATIVE", "ORG", "SLOGAN", "INDICATOR"}
    assert set(whole["by_label"]["ORG"]) == {"held_out_f1", "pages_f1"}


def test_a_learning_curve_is_not_measured_on_what_is_trained_on(built, root, run):
    authored = root / "annotations" / "authored"
    done = run("build", "curve", built / "corpus" / "dev", authored, "--points", 1)
    assert "holds b01" in one_line(done)


def test_a_batch_that_is_not_there_is_named(root, run, tmp_path):
    done = run(
        "build", "corpus", root / "annotations/authored", "--hold-out", "b99", "-o", tmp_path
    )
    assert one_line(done) == "banmian: no authored articles of the batch b99"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([[1, 3, "ORG"]], "b77 #9: ORG ' 平' at [1, 3) begins or ends within a token"),
        ([[0, 3, "ORG"], [2, 4, "SLOGAN"]], "b77 #9: SLOGAN '平说' at [2, 4) overlaps '王 平'"),
    ],
)
def test_spans_that_cannot_be_tokens_end_the_conversion(run, tmp_path, entities, message):
    meta = {"batch": "b77", "article": 9, "key": "b77-9", "kind": "authored"}
    row = {"id": 9, "text": "王 平说", "entities": entities, "cats": ["news"], "meta": meta}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    line = one_line(run("build", "corpus", tmp_path / "rows.jsonl", "-o", tmp_path / "corpus"))
    assert message in line
    assert not list(tmp_path.glob("corpus/*/train.spacy"))


def test_ways_to_tell_genre_and_topics_are_held_side_by_side(built, run):
    command = ["build", "compare-categories", built / "corpus" / "dev"]
    table = ok(run(*command, built / "corpus" / "dev-held-out", "--epochs", 1)).stdout.decode()
    for way in ("TextCatBOW", "pkuseg", "n-grams of characters, logistic", "what ships"):
        assert way in table
    assert table.count(" / 0.") == 4
