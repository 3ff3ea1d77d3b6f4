"""A trained pipeline becomes the model that ships: its meta data, its card, its sources."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from banmian import __version__
from banmian.files import FileError, read_bytes, replace_part, write_json
from banmian.model import BUNDLED, bundled_path, check_folder

_DESCRIPTION = (
    "Initiatives, organizations, slogans and numeric indicators, genre and topics, "
    "in Chinese local newspapers"
)
_SOURCES = [
    {"name": "banmian annotations: real pages", "license": "as the pages"},
    {"name": "banmian annotations: articles authored for training", "license": "CC BY 4.0"},
]


def package_model(trained: Path, metrics: Path, out: Path | None = None) -> str:
    """Copy a trained model to where the package keeps it and return a line about it.

    ``metrics`` is what ``banmian evaluate --folds`` wrote. Raises FileError or ModelError.
    """
    check_folder(trained)
    figures = _read_json(metrics)
    sources = _read_json(trained.parent / "sources.json")
    target = out or bundled_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        shutil.copytree(trained, aside, dirs_exist_ok=True)
        aside.chmod(0o755)
        meta = _read_json(aside / "meta.json")
        meta |= {
            "name": BUNDLED.removeprefix("zh_"),
            "version": __version__,
            "description": _DESCRIPTION,
            "author": "The banmian developers",
            "license": "MIT",
            "sources": _SOURCES,
            "performance": _performance(figures),
        }
        write_json(aside / "meta.json", meta)
        write_json(aside / "sources.json", sources)
        (aside / "README.md").write_text(model_card(figures, sources), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        aside.replace(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return f"{target}: {size / 1e6:.1f} MB"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(read_bytes(path))
    except ValueError as error:
        raise FileError(f"{path}: is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise FileError(f"{path}: is not a JSON object")
    return value


def _performance(figures: dict[str, Any]) -> dict[str, Any]:
    raw = figures["raw_pages"]
    return {
        "held_out_pages": len(raw["pages"]),
        "ents_f": raw["exact"]["all"]["f1"],
        "ents_per_type": {
            label: row["f1"] for label, row in raw["exact"].items() if label != "all"
        },
        "genre_accuracy": raw["genre"]["accuracy"],
        "topics_f": raw["topics"]["f1"],
    }


def score_table(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table: model and plain rules side by side."""
    raw, rules = figures["raw_pages"], figures["rules"]
    lines = [
        "| label | precision | recall | F1 | 95 % interval | overlap F1 | F1 of plain rules | gold spans |",
        "| --- | ---: | ---: | ---: | :---: | ---: | ---: | ---: |",
    ]
    for label, row in raw["exact"].items():
        lines.append(
            f"| {label} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {_interval(row)} "
            f"| {raw['overlap'][label]['f1']:.3f} | {rules['exact'][label]['f1']:.3f} | {row['gold']} |"
        )
    return "\n".join(lines)


def _interval(row: Mapping[str, Any]) -> str:
    return " to ".join(f"{end:.3f}" for end in row["interval"] or ()) or "too few articles"


def model_card(figures: dict[str, Any], sources: dict[str, Any]) -> str:
    """The card that ships with the model and that ``banmian info`` shows."""
    raw = figures["raw_pages"]
    return f"""# {BUNDLED} {__version__}

{_DESCRIPTION}.

Trained on {sources["articles"]} articles ({sources["characters"]:,} characters, {sources["spans"]:,} spans):
articles of {len(sources["pages"])} real pages, the rest authored for training, with invented names.

## How good it is

Each real page went in raw, tagged by a model of the same make that had seen nothing of it.
A span counts as right when exactly its characters are marked with its label.

{score_table(figures)}

Genre accuracy {raw["genre"]["accuracy"]:.3f} over {raw["genre"]["articles"]} articles; topics F1 {raw["topics"]["f1"]:.3f}.
The model that ships was trained on all the pages, so measuring it on them says nothing.

## Where it fails

- Three real pages are few: on a paper of another house style expect lower figures than these.
- Slogans and unquoted initiatives are the weakest labels; annotators differ most there too.
- Where columns are interleaved and cleaning does not put them right, spans across the cut are lost.
- It reads simplified Chinese newspapers. Web text, social media and books were never in view.
"""


def document_scores(readme: Path, metrics: Path) -> None:
    """Keep the table between the score marks of a README true. Raises FileError."""
    figures = _read_json(metrics)
    replace_part(readme, "scores", f"{score_table(figures)}\n\n{' '.join(_closing(figures))}")


def _closing(figures: dict[str, Any]) -> Iterator[str]:
    """What else the figures say, in sentences."""
    raw, perfect = figures["raw_pages"], figures["gold_articles"]["exact"]["all"]
    yield (
        f"Genre accuracy {raw['genre']['accuracy']:.3f} ({_interval(raw['genre'])}) over "
        f"{raw['genre']['articles']} articles, topics F1 {raw['topics']['f1']:.3f} ({_interval(raw['topics'])})."
    )
    yield (
        f"With gold articles in, so without layout errors, F1 is {perfect['f1']:.3f} ({_interval(perfect)})."
    )
    if jieba := figures.get("jieba"):
        org = jieba["exact"]["ORG"]
        yield f"jieba's organization tags reach {org['f1']:.3f} on ORG."
    if batches := figures.get("held_out_batches"):
        authored = batches["gold_articles"]
        exact = authored["exact"]["all"]
        by_batch = [(own["exact"]["all"]["f1"], name) for name, own in authored["batches"].items()]
        (low, worst), (high, best) = min(by_batch), max(by_batch)
        yield (
            f"On {batches['articles']} authored articles of batches kept out of training F1 is "
            f"{exact['f1']:.3f} ({_interval(exact)}), by batch from {low:.3f} ({worst}) to "
            f"{high:.3f} ({best})."
        )
    yield (
        f"The score of a span is off by {raw['reliability']['spans']['ece']:.3f} on average "
        "(expected calibration error); how far by label, says `training/calibration.json`."
    )
