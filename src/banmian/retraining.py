"""The model trained again with what people annotated, held against the one in use.

Both parts of the model are estimated as a whole (CRFsuite and logistic regression start from
nothing, not from weights), so training again means all annotations: those that the shipped model
learned from, and one's own. On held-out pages the new model is stood for by models that were trained
in the same way without those pages.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banmian.annotations import identity, key_of, page_id, read_annotations
from banmian.comparison import JUDGE, Difference, Measures, measure
from banmian.evaluation import Tagger
from banmian.files import FileError, read_jsonl, write_json
from banmian.model import check_folder, load
from banmian.training import TrainingError, write_training_set
from banmian.types import AnnotatedArticle

SET_ASIDE = frozenset({"second-pass", "layout"})  # folders of annotations that nobody trains on
SHIPPED = frozenset({"authored", "pages"})  # those that came with the shipped model

_Found = tuple[tuple[bool, bool], Path, AnnotatedArticle]
_LOCAL_VERSION = re.compile(r"(.+)\+local\.(\d+)")


def gather(paths: Iterable[Path]) -> list[AnnotatedArticle]:
    """Every annotated article of some files and folders, at any depth, each article once.

    Where an article stands in several files, a merged one (``meta.merged``) goes before the others,
    and one's own before a shipped one. Raises FileError where two of equal rank differ, and for
    spans that overlap.
    """
    ranked: dict[tuple[str, str], list[_Found]] = {}
    for root in paths:
        files = sorted(root.rglob("*.jsonl")) if root.is_dir() else [root]
        for file in files:
            folders = set(file.relative_to(root).parts[:-1])
            if SET_ASIDE.isdisjoint(folders) and not _is_other(file):
                shipped = not SHIPPED.isdisjoint({*folders, file.parent.name})
                for article in read_annotations([file]):
                    rank = ("merged" not in article.meta, shipped)
                    ranked.setdefault(identity(article), []).append((rank, file, article))
    return [_best(own) for own in ranked.values()]


def _is_other(file: Path) -> bool:
    """Whether a file holds other rows of this tool, such as conflicts."""
    _, first = next(read_jsonl(file), (0, {}))
    return str(first.get("schema", "")).startswith("banmian.")


def _best(own: list[_Found]) -> AnnotatedArticle:
    own.sort(key=lambda item: item[0])
    rank, file, article = own[0]
    for other_rank, other_file, other in own[1:]:
        if other_rank == rank and _labels(other) != _labels(article):
            raise FileError(
                f"{key_of(article)} is annotated differently in {file} and {other_file}; make one "
                "file of them with `banmian annotations merge`, or take one away"
            )
    for before, after in zip(article.spans, article.spans[1:], strict=False):
        if after.start < before.end:
            raise FileError(
                f"{file}: {key_of(article)}: {before.text!r} and {after.text!r} overlap"
            )
    return article


def _labels(article: AnnotatedArticle) -> tuple[Any, ...]:
    return article.spans, article.genre, frozenset(article.topics)


def limit_authored(articles: Sequence[AnnotatedArticle], limit: int) -> list[AnnotatedArticle]:
    """Keep ``limit`` of the articles authored for training (0: all), evenly over their order."""
    authored = [article for article in articles if article.meta.get("kind") == "authored"]
    if not limit or limit >= len(authored):
        return list(articles)
    kept = {id(authored[at * len(authored) // limit]) for at in range(limit)}
    return [a for a in articles if a.meta.get("kind") != "authored" or id(a) in kept]


@dataclass(frozen=True)
class Plan:
    """All articles, and those to judge by in folds; no page stands in two folds."""

    articles: tuple[AnnotatedArticle, ...]
    folds: tuple[tuple[AnnotatedArticle, ...], ...]

    @property
    def judged(self) -> list[AnnotatedArticle]:
        """The articles of all folds, in their order."""
        return [article for fold in self.folds for article in fold]


def make_plan(articles: Sequence[AnnotatedArticle], seen: set[str], folds: int) -> Plan:
    """Divide the pages that the old model has not seen into folds of like size."""
    pages: dict[str, list[AnnotatedArticle]] = {}
    for article in articles:
        if article.meta.get("page") and page_id(article) not in seen:
            pages.setdefault(page_id(article), []).append(article)
    parts: list[list[AnnotatedArticle]] = [[] for _ in range(min(folds, len(pages)))]
    for own in sorted(pages.values(), key=lambda own: (-_characters(own), page_id(own[0]))):
        min(parts, key=_characters).extend(own)
    return Plan(tuple(articles), tuple(tuple(part) for part in parts))


def _characters(articles: Iterable[AnnotatedArticle]) -> int:
    return sum(len(article.text) for article in articles)


def write_sets(plan: Plan, out: Path, page_weight: int) -> list[Path]:
    """Write the training sets ``out/fold-1`` …, each without its pages, and ``out/full``.

    Raises TrainingError where a fold leaves nothing to train on.
    """
    sets = []
    for number, fold in enumerate(plan.folds, 1):
        held_out = {page_id(article) for article in fold}
        rest = [
            article
            for article in plan.articles
            if not article.meta.get("page") or page_id(article) not in held_out
        ]
        if not rest:
            raise TrainingError("without the held-out pages no article is left to train on")
        sets.append(out / f"fold-{number}")
        write_training_set(sets[-1], rest, page_weight=page_weight)
    sets.append(out / "full")
    write_training_set(sets[-1], plan.articles, page_weight=page_weight)
    return sets


def measure_both(plan: Plan, old: Tagger, folds: Sequence[Tagger]) -> tuple[Measures, Measures]:
    """Count what the old model gets right, and what on each fold the model without it does."""
    before = measure(plan.judged, old)
    after: Measures = {name: [] for name in before}
    for fold, tagger in zip(plan.folds, folds, strict=True):
        for name, counts in measure(fold, tagger).items():
            after[name] += counts
    return before, after


def verdict(difference: Difference) -> str:
    """One sentence: better or not, by how much, with what interval."""
    gain = f"{difference.gain:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
    figures = f"F1 {difference.old:.3f} to {difference.new:.3f}, {gain}"
    if difference.better:
        return f"the new model is better: {figures}"
    doubt = "worse" if difference.high < 0 else "not shown to be better"
    return f"the new model is {doubt}: {figures}"


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
    size = f"{sources['characters']:,} characters, {sources['spans']:,} spans"
    lines = [
        f"# {name}",
        "",
        f"Trained again on {sources['articles']} articles ({size}),",
        f"among them articles of {len(sources['pages'])} real pages.",
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
