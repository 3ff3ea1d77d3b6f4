"""Model folders that are foreign or tampered with: refused before anything in them runs."""

import json
import os
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import spacy
import srsly

from banmian.model import ModelError, check_folder, load


class Runs:
    """Unpickled, it leaves a file behind."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (open, (str(self.trace), "w"))


@pytest.fixture(scope="session")
def untrained(root, tmp_path_factory):
    config = spacy.util.load_config(root / "configs" / "news.cfg")
    folder = tmp_path_factory.mktemp("untrained") / "model"
    spacy.util.load_model_from_config(config, auto_fill=True).to_disk(folder)
    return folder


@pytest.fixture
def folder(untrained, tmp_path):
    return shutil.copytree(untrained, tmp_path / "model")


def edit(folder, line, instead):
    config = (folder / "config.cfg").read_text()
    assert line in config
    (folder / "config.cfg").write_text(config.replace(line, instead))


def refused(folder, match):
    with pytest.raises(ModelError, match=match) as caught:
        check_folder(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_of_its_own_is_not_refused(folder):
    assert load(folder).pipe_names == [
        "span_tagger",
        "edges",
        "consistency",
        "categories",
        "calibration",
    ]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ('factory = "banmian_edges"', 'factory = "sentencizer"'),
        ('factory = "banmian_edges"', 'source = "some_other_model"'),
        ('factory = "banmian_edges"', 'factory = "banmian_edges"\nsource = "some_other_model"'),
        ('factory = "banmian_edges"', "factory = ${paths.evil}"),
        ('factory = "banmian_edges"', 'factory = "banmian_edges"\nx = {"@misc": "evil.v1"}'),
        (
            'factory = "banmian_edges"',
            'factory = "banmian_edges"\nx = {"a": ${paths.one}, "${paths.key}": "evil.v1"}',
        ),
        ("[components.edges]", "[components.../../edges]"),
        ('@tokenizers = "spacy.zh.ChineseTokenizer"', '@tokenizers = "spacy.Tokenizer.v1"'),
        ('segmenter = "char"', 'segmenter = "pkuseg"'),
        ('lang = "zh"', 'lang = "..evil"'),
        ("after_creation = null", 'after_creation = {"@callbacks": "evil.v1"}'),
        ("before_to_disk = null", 'before_to_disk = {"@callbacks": "evil.v1"}'),
        ('@optimizers = "Adam.v1"', '@optimizers = "evil.v1"'),
    ],
)
def test_a_config_that_reaches_for_other_code(folder, line, instead):
    edit(folder, "[paths]", '[paths]\none = 1\nkey = "@misc"\nevil = "sentencizer"')
    edit(folder, line, instead)
    refused(folder, "not trained by banmian|cannot be read")


@pytest.mark.parametrize("config", ["", "[nlp", "[nlp]\nlang = 3", "[components]\nx = 1\n", "\0"])
def test_a_config_that_is_none(folder, config):
    (folder / "config.cfg").write_text(config)
    refused(folder, r"config\.cfg cannot be read|not trained by banmian")


@pytest.mark.parametrize("meta", ["", "[]", '{"lang": "en"}', "[" * 100_000])
def test_meta_data_that_are_none(folder, meta):
    (folder / "meta.json").write_text(meta)
    refused(folder, "is not a")


@pytest.mark.parametrize(
    "name",
    [
        "evil.pkl",
        "evil.py",
        "span_tagger/model",
        "span_tagger/other.npz",
        "tokenizer/pkuseg_model/features.msgpack",
        "tokenizer/pkuseg_model/weights.npz",
        "tokenizer/pkuseg_processors",
        "vocab/keys",
    ],
)
def test_a_file_that_no_model_of_ours_has(folder, name, tmp_path):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(Runs(tmp_path / "ran")))
    refused(folder, name)
    assert not (tmp_path / "ran").exists()


def test_a_link_instead_of_a_file_or_folder(folder, tmp_path):
    moved = shutil.move(folder / "vocab", tmp_path / "vocab")
    (folder / "vocab").symlink_to(moved)
    refused(folder, "holds vocab")
    (folder / "vocab").unlink()
    shutil.copytree(moved, folder / "vocab")
    (folder / "vocab" / "strings.json").unlink()
    (folder / "vocab" / "strings.json").symlink_to("/etc/passwd")
    refused(folder, r"holds vocab/strings\.json")


def test_what_is_no_file_at_all(folder):
    (folder / "vocab" / "strings.json").unlink()
    os.mkfifo(folder / "vocab" / "strings.json")
    refused(folder, r"holds vocab/strings\.json")


OBJECTS = {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1], b"data": b"\x80\x04K\x01."}


@pytest.mark.parametrize("name", ["vocab/lookups.bin", "vocab/key2row"])
@pytest.mark.parametrize("value", [OBJECTS, {"lexeme_norm": {"name": "x", "dict": {}}}, {1: 0}])
def test_lookups_and_vectors_that_hold_anything(folder, name, value):
    (folder / name).write_bytes(srsly.msgpack_dumps(value))
    refused(folder, name)


def test_an_array_of_objects_for_vectors(folder, tmp_path):
    array = np.array([Runs(tmp_path / "ran")], dtype=object)
    np.save(folder / "vocab" / "vectors.npy", array, allow_pickle=True)
    (folder / "vocab" / "vectors.npy").replace(folder / "vocab" / "vectors")
    refused(folder, "vocab/vectors")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocab/strings.json", "{}"),
        ("vocab/strings.json", '["ORG", 1]'),
        ("vocab/strings.json", "[" * 100_000),
        ("vocab/vectors.cfg", '{"mode": "floret"}'),
        ("tokenizer/cfg", '{"segmenter": "pkuseg"}'),
        ("tokenizer/cfg", "nothing"),
    ],
)
def test_data_of_another_shape(folder, name, content):
    (folder / name).write_text(content)
    refused(folder, name)


WEIGHTS = ["span_tagger/crf.npz", "span_tagger/network.npz", "categories/categories.npz"]


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_hold_pickled_objects_do_not_run(folder, name, tmp_path):
    keys = ["common"]  # an untrained pipeline has no network
    if (folder / name).exists():
        with np.load(folder / name) as parts:
            keys = list(parts)
    evil = np.array([Runs(tmp_path / "ran")], dtype=object)
    np.savez(folder / name, **dict.fromkeys(keys, evil))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_are_a_bomb(folder, name):
    with (
        zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("weights.npy", "w") as member,
    ):
        for _ in range(257):
            member.write(bytes(1 << 20))
    assert (folder / name).stat().st_size < 10_000_000
    refused(folder, name)


def test_a_file_that_is_too_large(folder):
    os.truncate(folder / "span_tagger" / "crf.npz", 300 * 1024 * 1024)
    refused(folder, "larger than any model")
    os.truncate(folder / "meta.json", 2 << 20)
    refused(folder, "larger than 1 MB")


GOOD = {
    "schema": "banmian.calibration/1",
    "spans": {"ORG": {"slope": 1.1, "intercept": -0.2}},
    "any_label": {"slope": 1.0, "intercept": 0.0},
    "topics": {"slope": 0.9, "intercept": 0.0},
    "genre_temperature": 0.8,
}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"},
        {"spans": []},
        {"spans": {"ORG": {"slope": "a", "intercept": 0}}},
        {"spans": {"ORG": {"slope": -1, "intercept": 0}}},
        {"topics": {"slope": 1, "intercept": float("nan")}},
        {"genre_temperature": 0},
        {"any_label": None},
    ],
)
def test_a_calibration_that_is_none(folder, change):
    file = folder / "calibration" / "calibration.json"
    file.write_text(json.dumps(GOOD))
    assert load(folder).get_pipe("calibration").calibration.spans["ORG"].slope == 1.1
    file.write_text(json.dumps(GOOD | change))
    with pytest.raises(ModelError, match="calibration is damaged"):
        load(folder)
