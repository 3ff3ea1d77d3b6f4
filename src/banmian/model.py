"""The model that tags: where it is, whether it is what it says, and loading it."""

from __future__ import annotations

import configparser
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian.files import FileError, read_bytes

if TYPE_CHECKING:
    from spacy.language import Language

BUNDLED = "zh_banmian_news"

# The pipeline's components, by the names that they have in every config of ours.
_PIPES = {
    "span_tagger": "banmian_span_tagger",
    "edges": "banmian_edges",
    "consistency": "banmian_consistency",
    "categories": "banmian_categories",
    "calibration": "banmian_calibration",
}
# What a config of ours names besides; a callback, say, could load a folder that nobody checked.
_FUNCTIONS = frozenset(
    {
        "spacy.zh.ChineseTokenizer",
        "spacy.Vectors.v1",
        "spacy.Corpus.v1",
        "spacy.batch_by_padded.v1",
        "Adam.v1",
        "spacy.ConsoleLogger.v1",
        "warmup_linear.v1",
    }
)


_LARGEST = 256 * 1024 * 1024  # bytes of a file, and of what weights unpack to
_NO_VECTORS = b"\x80"  # an empty map of msgpack


class ModelError(Exception):
    """A model that cannot be used; the message says which, why, and what to do."""


def bundled_path() -> Path:
    """The folder of the model that ships in the package."""
    return Path(str(resources.files("banmian") / "data" / BUNDLED))


def check_folder(path: Path) -> dict[str, Any]:
    """Look a model folder over before anything in it runs, and return its meta data.

    Every file that spaCy would read has to be one that a model of this tool has, and to hold what
    it holds there: its own components and functions in the config, plain data elsewhere. Raises
    ModelError.
    """
    if not path.is_dir():
        raise ModelError(f"{path}: there is no such model folder")
    try:
        meta = json.loads(read_bytes(path / "meta.json", limit=1 << 20))
        config = read_bytes(path / "config.cfg", limit=1 << 20).decode("utf-8")
    except (FileError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: is not a spaCy model folder ({error})") from error
    if not isinstance(meta, dict) or meta.get("lang") != "zh":
        raise ModelError(f"{path}: is not a model for Chinese")
    _check_config(path, config)
    for file in sorted(path.rglob("*")):
        _check_file(path, file)
    return dict(meta)


def _check_file(folder: Path, file: Path) -> None:
    name = file.relative_to(folder).as_posix()
    if file.is_dir() and not file.is_symlink():
        return
    if name not in _FILES or file.is_symlink() or not file.is_file():
        raise ModelError(f"{folder}: holds {name}, which no model of banmian has")
    if file.stat().st_size > _LARGEST:
        raise ModelError(f"{file}: is larger than any model of banmian")
    try:
        as_expected = _FILES[name](file)
    except (FileError, ValueError, OSError, RecursionError, zipfile.BadZipFile) as error:
        raise ModelError(f"{folder}: cannot be loaded ({name} is damaged: {error})") from error
    if not as_expected:
        raise ModelError(f"{folder}: {name} holds what no model of banmian has there")


def _is_any(_: Path) -> bool:
    """spaCy does not read it, or somebody else looks at what it holds."""
    return True


def _is_json(*values: Any) -> Callable[[Path], bool]:
    return lambda file: json.loads(read_bytes(file, limit=1 << 20)) in values


def _is_strings(file: Path) -> bool:
    strings = json.loads(read_bytes(file))
    return isinstance(strings, list) and all(isinstance(text, str) for text in strings)


def _is_no_vectors(file: Path) -> bool:
    return read_bytes(file, limit=1 << 10) == _NO_VECTORS


def _is_empty_array(file: Path) -> bool:
    import numpy as np

    data = io.BytesIO(read_bytes(file, limit=1 << 10))
    return bool(np.load(data, allow_pickle=False).size == 0)


def _is_weights(file: Path) -> bool:
    """An archive of arrays that does not swell; pickled ones are refused where it is loaded."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    return (
        all(member.filename.endswith(".npy") for member in members)
        and sum(member.file_size for member in members) <= _LARGEST
    )


# All files of a model, each with what has to be true of it. There are no vectors and no lookups, and
# a tokenizer other than that of single characters would move every offset.
_FILES: dict[str, Callable[[Path], bool]] = {
    "meta.json": _is_any,
    "config.cfg": _is_any,
    "sources.json": _is_any,
    "README.md": _is_any,
    "LICENSE": _is_any,
    "tokenizer/cfg": _is_json({"segmenter": "char"}),
    "vocab/strings.json": _is_strings,
    "vocab/lookups.bin": _is_no_vectors,
    "vocab/key2row": _is_no_vectors,
    "vocab/vectors": _is_empty_array,
    "vocab/vectors.cfg": _is_json({"mode": "default"}),
    "span_tagger/crf.npz": _is_weights,
    "span_tagger/network.npz": _is_weights,
    "categories/categories.npz": _is_weights,
    "calibration/calibration.json": _is_any,
}


def _check_config(path: Path, config: str) -> None:
    from thinc.api import Config, ConfigValidationError

    try:
        written = Config().from_str(config, interpolate=False)
        # Variables are put in as spaCy does it: they may make up a name that is not written out.
        parts = written.interpolate()
        pipes = {name: dict(pipe).get("factory") for name, pipe in parts["components"].items()}
        sourced = any("source" in pipe for pipe in parts["components"].values())
        functions = {*_registered_functions(written), *_registered_functions(parts)}
        nlp = parts["nlp"]
        callbacks = [value for key, value in nlp.items() if key.endswith("_creation")]
        lang, segmenter = nlp["lang"], nlp["tokenizer"]["segmenter"]
        names = set(nlp["pipeline"])
    except (
        ValueError,
        AttributeError,
        KeyError,
        TypeError,
        RecursionError,
        configparser.Error,
        ConfigValidationError,
    ) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{path}: its config.cfg cannot be read ({reason})") from error
    foreign = {f"{name} = {pipe}" for name, pipe in pipes.items() if _PIPES.get(name) != pipe}
    foreign |= (functions - _FUNCTIONS) | (names - set(_PIPES))
    if (lang, segmenter) != ("zh", "char"):
        foreign.add(f"lang {lang}, segmenter {segmenter}")
    if foreign or sourced or any(callbacks) or "span_tagger" not in names:
        named = ", ".join(sorted(foreign)) or "callbacks, a source, or no span_tagger"
        raise ModelError(f"{path}: was not trained by banmian (its config has {named})")


def _registered_functions(parts: Any) -> Iterator[str]:
    """The names of all functions that a config would have looked up and called."""
    if isinstance(parts, dict):
        for key, value in parts.items():
            if isinstance(key, str) and key.startswith("@"):
                yield str(value)
            yield from _registered_functions(value)
    elif isinstance(parts, list):
        for value in parts:
            yield from _registered_functions(value)


def trained_on(path: Path | None = None) -> set[str]:
    """The hashes of the pages that a model has seen, as far as it says."""
    return _seen(path, "pages")


def trained_on_batches(path: Path | None = None) -> set[str]:
    """The batches of authored articles that a model has seen, as far as it says."""
    return _seen(path, "batches")


def _seen(path: Path | None, kind: str) -> set[str]:
    folder = path or bundled_path()
    seen: set[str] = set()
    # In the folder of a packaged model, beside that of one just trained; an old file may lie about.
    for sources in (folder / "sources.json", folder.parent / "sources.json"):
        try:
            seen.update(json.loads(read_bytes(sources, limit=1 << 20)).get(kind, ()))
        except (FileError, ValueError, AttributeError, TypeError):
            continue
    return seen


def load(path: Path | None = None) -> Language:
    """Load the bundled model, or the one in a folder. Raises ModelError."""
    folder = path or bundled_path()
    check_folder(folder)
    import spacy

    try:
        return spacy.load(folder)
    except (ValueError, OSError, KeyError, TypeError, AttributeError, MemoryError) as error:
        raise ModelError(f"{folder}: cannot be loaded ({error})") from error


def name_of(nlp: Language) -> str:
    """Name and version as the rows give them."""
    return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
