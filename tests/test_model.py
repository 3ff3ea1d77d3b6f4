"""The model that ships: found, checked, loaded, and as good as it says."""

import json
import shutil

import pytest

from banmian.components import scored_spans
from banmian.model import ModelError, bundled_path, check_folder, load, name_of, trained_on

MAX_BYTES = 20_000_000


def test_it_marks_spans_with_scores(nlp):
    doc = nlp("昨日，清河县委组织部开展“板凳课堂”活动12场次，服务群众3000余人。")
    found = {(doc.text[s:e], label) for s, e, label, _ in scored_spans(doc)}
    assert ("清河县委组织部", "ORG") in found
    assert ("12场次", "INDICATOR") in found
    assert ("3000余人", "INDICATOR") in found
    assert all(0 <= score <= 1 for *_, score in scored_spans(doc))
    assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == [
        s[:3] for s in scored_spans(doc)
    ]


def test_it_is_small_and_holds_no_pickle():
    files = [file for file in bundled_path().rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < MAX_BYTES
    assert not [
        file for file in files if file.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05", b"\x80\x03")
    ]


def test_its_card_and_meta_give_the_figures_of_the_metrics(root):
    metrics = json.loads((root / "training" / "metrics.json").read_text())
    meta = check_folder(bundled_path())
    assert metrics["held_out"] is True
    assert meta["performance"]["ents_f"] == metrics["raw_pages"]["exact"]["all"]["f1"]
    assert (
        f"{metrics['raw_pages']['exact']['all']['f1']:.3f}"
        in (bundled_path() / "README.md").read_text()
    )
    assert f"{metrics['raw_pages']['exact']['all']['f1']:.3f}" in (root / "README.md").read_text()


def test_it_beats_plain_rules_on_pages_it_never_saw(root):
    metrics = json.loads((root / "training" / "metrics.json").read_text())
    assert metrics["raw_pages"]["exact"]["all"]["f1"] > metrics["rules"]["exact"]["all"]["f1"]


def test_it_says_which_pages_it_was_trained_on(root):
    gold = [
        json.loads(line)
        for line in (root / "annotations/pages/seeds.jsonl").read_text().splitlines()
    ]
    assert trained_on() == {row["meta"]["page_sha256"] for row in gold}


def test_saved_and_loaded_it_says_the_same(nlp, tmp_path):
    nlp.to_disk(tmp_path / "copy")
    text = "柳河镇党委推行“四色管理”工作法，解决问题35件。"
    assert scored_spans(load(tmp_path / "copy")(text)) == scored_spans(nlp(text))
    assert name_of(load(tmp_path / "copy")) == name_of(nlp)


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(bundled_path(), tmp_path / "model")


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        load(tmp_path / "nothing")
    with pytest.raises(ModelError, match="is not a spaCy model folder"):
        load(tmp_path)


def test_a_file_that_could_run_code_is_refused(copy):
    (copy / "evil.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"evil\.pkl"):
        load(copy)


def test_a_foreign_pipeline_is_refused(copy):
    config = (copy / "config.cfg").read_text().replace("banmian_edges", "sentencizer")
    (copy / "config.cfg").write_text(config)
    with pytest.raises(ModelError, match="not trained by banmian"):
        load(copy)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (
            "after_creation = null",
            '[nlp.after_creation]\n@callbacks = "spacy.copy_from_base_model.v1"',
        ),
        ('@tokenizers = "spacy.zh.ChineseTokenizer"', '@tokenizers = "spacy.Tokenizer.v1"'),
        ('factory = "banmian_edges"', 'factory = "banmian_edges"\nx = {"@misc": "evil.v1"}'),
    ],
)
def test_a_config_that_calls_other_code_is_refused(copy, line, instead):
    config = (copy / "config.cfg").read_text()
    assert line in config
    if instead.startswith("["):
        config = config.replace(line + "\n", "") + f"\n{instead}\n"
    (copy / "config.cfg").write_text(config.replace(line, instead))
    with pytest.raises(ModelError, match="not trained by banmian"):
        load(copy)


@pytest.mark.parametrize("weights", ["span_tagger/crf.npz", "categories/categories.npz"])
@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", b"\x80\x04K\x01."])
def test_damaged_weights_are_refused(copy, weights, damage):
    (copy / weights).write_bytes(damage)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(copy)
