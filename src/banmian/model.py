"""The model that tags: where it is, whether it is what it says, and loading it."""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian.files import FileError, read_bytes

if TYPE_CHECKING:
    from spacy.language import Language

BUNDLED = "zh_banmian_news"

# What a model folder may hold. Anything else, a pickle above all, is refused before it is opened.
_SAFE_SUFFIXES = frozenset({".json", ".cfg", ".bin", ".npz", ".md", ""})
_SAFE_NAMES_WITHOUT_SUFFIX = frozenset(
    {"cfg", "model", "key2row", "vectors", "tokenizer", "moves", "LICENSE"}
)
_PIPES = frozenset(
    {"banmian_span_tagger", "banmian_edges", "banmian_consistency", "banmian_categories"}
)
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


class ModelError(Exception):
    """A model that cannot be used; the message says which, why, and what to do."""


def bundled_path() -> Path:
    """The folder of the model that ships in the package."""
    return Path(str(resources.files("banmian") / "data" / BUNDLED))


def check_folder(path: Path) -> dict[str, Any]:
    """Look a model folder over before anything in it runs, and return its meta data.

    Raises ModelError for a folder that is no model of this tool, or holds files that could run code.
    """
    if not path.is_dir():
        raise ModelError(f"{path}: there is no such model folder")
    try:
        meta = json.loads(read_bytes(path / "meta.json", limit=1 << 20))
        config = read_bytes(path / "config.cfg", limit=1 << 20).decode("utf-8")
    except (FileError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: is not a spaCy model folder ({error})") from error
    for file in path.rglob("*"):
        safe_name = file.suffix or file.name in _SAFE_NAMES_WITHOUT_SUFFIX
        if file.is_symlink() or (
            file.is_file() and not (safe_name and file.suffix in _SAFE_SUFFIXES)
        ):
            raise ModelError(
                f"{path}: holds {file.relative_to(path)}, which no model of banmian has"
            )
    _check_config(path, meta, config)
    return dict(meta)


def _check_config(path: Path, meta: Any, config: str) -> None:
    from thinc.api import Config

    try:
        parts = Config().from_str(config, interpolate=False)
        factories = {str(pipe.get("factory")) for pipe in parts.get("components", {}).values()}
        functions = set(_registered_functions(parts))
        callbacks = [value for key, value in parts["nlp"].items() if key.endswith("_creation")]
    except (ValueError, AttributeError, KeyError, RecursionError, configparser.Error) as error:
        raise ModelError(f"{path}: its config.cfg cannot be read ({error})") from error
    if not isinstance(meta, dict) or meta.get("lang") != "zh":
        raise ModelError(f"{path}: is not a model for Chinese")
    foreign = (factories - _PIPES) | (functions - _FUNCTIONS)
    if foreign or any(callbacks) or "banmian_span_tagger" not in factories:
        named = ", ".join(sorted(foreign)) or "callbacks, or no banmian_span_tagger"
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
    folder = path or bundled_path()
    seen: set[str] = set()
    # In the folder of a packaged model, beside that of one just trained; an old file may lie about.
    for sources in (folder / "sources.json", folder.parent / "sources.json"):
        try:
            seen.update(json.loads(read_bytes(sources, limit=1 << 20)).get("pages", ()))
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
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: cannot be loaded ({error})") from error


def name_of(nlp: Language) -> str:
    """Name and version as the rows give them."""
    return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
