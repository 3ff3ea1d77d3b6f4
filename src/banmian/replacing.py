"""A model put in the place of another one, with a card that says what it learned and gained."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from banmian.comparison import FEWEST, JUDGE, Difference
from banmian.files import FileError, write_json
from banmian.model import check_folder, load

_LOCAL_VERSION = re.compile(r"(.+)\+local\.(\d+)")


def verdict(difference: Difference) -> str:
    """One sentence: better or not, by how much, with what interval."""
    gain = f"{difference.gain:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
    figures = f"F1 {difference.old:.3f} to {difference.new:.3f}, {gain}"
    if difference.better:
        return f"the new model is better: {figures}"
    doubt = "worse" if difference.high < 0 else "not shown to be better"
    few = f" ({difference.articles} articles to judge by, fewer than {FEWEST})"
    return f"the new model is {doubt}: {figures}{few if difference.articles < FEWEST else ''}"


def next_version(version: str) -> str:
    """The version of a model trained again: 0.1.0, 0.1.0+local.1, 0.1.0+local.2."""
    local = _LOCAL_VERSION.fullmatch(version)
    return f"{local[1]}+local.{int(local[2]) + 1}" if local else f"{version}+local.1"


def replace_model(
    trained: Path,
    target: Path,
    aside: Path,
    *,
    sources: Mapping[str, Any],
    differences: Mapping[str, Difference],
) -> tuple[str, Path]:
    """Put a trained model where another stands, and keep a copy of that one under ``aside``.

    The new one is made whole and loaded once before the old one moves; if anything fails the old
    one is where it was. Returns the new name with its version, and where the old one is kept.
    Raises FileError or ModelError.
    """
    old_meta = check_folder(target)
    version = next_version(str(old_meta.get("version", "0")))
    try:
        kept = _copy_aside(target, aside / f"{target.name}-{old_meta.get('version', '0')}")
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            _fill(fresh, trained, old_meta, version, sources, differences)
            load(fresh)
            _swap(fresh, target)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    except OSError as error:
        raise FileError(f"{target}: cannot be replaced ({error.strerror or error})") from error
    return f"{old_meta['lang']}_{old_meta['name']} {version}", kept


def _copy_aside(folder: Path, wanted: Path) -> Path:
    """Copy a folder to the first free name like ``wanted``."""
    free, number = wanted, 1
    while free.exists():
        number += 1
        free = wanted.with_name(f"{wanted.name}.{number}")
    part = free.with_name(f".{free.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, part)
    return part.rename(free)


def _fill(
    fresh: Path,
    trained: Path,
    old_meta: Mapping[str, Any],
    version: str,
    sources: Mapping[str, Any],
    differences: Mapping[str, Difference],
) -> None:
    meta = check_folder(trained)
    shutil.copytree(trained, fresh, dirs_exist_ok=True)
    fresh.chmod(0o755)
    kept = ("name", "description", "author", "license", "sources")
    meta |= {key: old_meta[key] for key in kept if key in old_meta}
    performance = {name: difference.as_row() for name, difference in differences.items()}
    write_json(fresh / "meta.json", {**meta, "version": version, "performance": performance})
    write_json(fresh / "sources.json", dict(sources))
    card = model_card(f"{meta['lang']}_{meta['name']} {version}", sources, differences)
    (fresh / "README.md").write_text(card, encoding="utf-8")


def _swap(fresh: Path, target: Path) -> None:
    """Put one folder in another's place; the other comes back if that fails."""
    leaving = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.")) / "old"
    try:
        target.rename(leaving)
        try:
            fresh.rename(target)
        except BaseException:
            leaving.rename(target)
            raise
    finally:
        shutil.rmtree(leaving.parent, ignore_errors=True)


def model_card(name: str, sources: Mapping[str, Any], differences: Mapping[str, Difference]) -> str:
    """The card of a model trained again, which ``banmian info`` shows."""
    before = sources.get("carried_on_from")
    done = f"Carried on from {before} with" if before else "Trained again on"
    size = f"{sources['characters']:,} characters, {sources['spans']:,} spans"
    lines = [
        f"# {name}",
        "",
        f"{done} {sources['articles']} articles ({size}),",
        f"among them articles of {sources.get('new_pages', len(sources['pages']))} real pages.",
    ]
    if differences:
        lines += ["", f"On held-out pages {verdict(differences[JUDGE])}.", "", table(differences)]
    else:
        lines += ["", "It was not held against the model before it: there were no unseen pages."]
    return "\n".join(lines) + "\n"


def table(differences: Mapping[str, Difference]) -> str:
    """The figures of old and new as a Markdown table."""
    lines = [
        "| exact F1 | before | now | gain | 95 % interval | gold |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, d in differences.items():
        lines.append(
            f"| {name} | {d.old:.3f} | {d.new:.3f} | {d.gain:+.3f} "
            f"| {d.low:+.3f} to {d.high:+.3f} | {d.support} |"
        )
    return "\n".join(lines)
