"""The model trained again with what people annotated, held against the one in use.

Either it is carried on from its weights with the annotations that are new, or trained from nothing
with all. On held-out pages the new model is stood for by models that were trained in the same way
without those pages.
"""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian.annotations import identity, key_of, origin, page_id, read_annotations
from banmian.comparison import Measures, measure
from banmian.evaluation import Tagger, model_tagger
from banmian.files import FileError, read_jsonl, write_json
from banmian.model import load, name_of, trained_on, trained_on_batches
from banmian.training import TrainingError, sources_of, write_training_set
from banmian.types import AnnotatedArticle

if TYPE_CHECKING:
    from spacy.language import Language

# Folders of annotations that nobody trains on.
SET_ASIDE = frozenset({"second-pass", "layout", "unseen"})
SHIPPED = frozenset({"authored", "pages"})  # those that came with the shipped model

_Found = tuple[tuple[bool, bool], Path, AnnotatedArticle]


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
    """All articles, those of pages and batches new to the old model, and those to judge by in folds.

    No page stands in two folds.
    """

    articles: tuple[AnnotatedArticle, ...]
    fresh: tuple[AnnotatedArticle, ...]
    folds: tuple[tuple[AnnotatedArticle, ...], ...]

    @property
    def judged(self) -> list[AnnotatedArticle]:
        """The articles of all folds, in their order."""
        return [article for fold in self.folds for article in fold]


def make_plan(
    articles: Sequence[AnnotatedArticle],
    folds: int,
    *,
    pages: Container[str],
    batches: Container[str],
) -> Plan:
    """Divide the pages that the old model has not seen into folds of like size.

    ``pages`` and ``batches`` are those that it has seen.
    """
    fresh = [article for article in articles if not _seen(article, pages, batches)]
    by_page: dict[str, list[AnnotatedArticle]] = {}
    for article in fresh:
        if article.meta.get("page"):
            by_page.setdefault(page_id(article), []).append(article)
    parts: list[list[AnnotatedArticle]] = [[] for _ in range(min(folds, len(by_page)))]
    for own in sorted(by_page.values(), key=lambda own: (-_characters(own), page_id(own[0]))):
        min(parts, key=_characters).extend(own)
    return Plan(tuple(articles), tuple(fresh), tuple(tuple(part) for part in parts))


def _seen(article: AnnotatedArticle, pages: Container[str], batches: Container[str]) -> bool:
    if article.meta.get("page"):
        return page_id(article) in pages
    return origin(article) in batches


def _characters(articles: Iterable[AnnotatedArticle]) -> int:
    return sum(len(article.text) for article in articles)


def write_sets(plan: Plan, out: Path, page_weight: int) -> list[Path]:
    """Write the training sets ``out/fold-1`` …, each without its pages, and ``out/full``.

    Raises TrainingError where a fold leaves nothing to train on.
    """
    sets = []
    for number, fold in enumerate(plan.folds, 1):
        rest = _without(fold, plan.articles)
        sets.append(out / f"fold-{number}")
        write_training_set(sets[-1], rest, page_weight=page_weight)
    sets.append(out / "full")
    write_training_set(sets[-1], plan.articles, page_weight=page_weight)
    return sets


def _without(
    fold: Iterable[AnnotatedArticle], articles: Iterable[AnnotatedArticle]
) -> list[AnnotatedArticle]:
    """The articles that are of no page of a fold. Raises TrainingError where there are none."""
    held_out = {page_id(article) for article in fold}
    rest = [a for a in articles if not a.meta.get("page") or page_id(a) not in held_out]
    if not rest:
        raise TrainingError("without the held-out pages no article is left to train on")
    return rest


def carry_on_without(plan: Plan, old: Path) -> Iterator[Tagger]:
    """For each fold the old model carried on with what is new, but not with the fold's pages.

    Raises TrainingError where a fold leaves nothing to learn from.
    """
    for fold in plan.folds:
        yield model_tagger(_carried_on(old, _without(fold, plan.fresh)))


def carry_on(plan: Plan, old: Path, out: Path) -> None:
    """Carry the old model on with all that is new: ``out/model-last`` and ``out/sources.json``."""
    new = _carried_on(old, plan.fresh)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    new.to_disk(out / "model-last")
    fresh = sources_of(plan.fresh)
    sources = {
        **fresh,
        "pages": sorted(trained_on(old) | set(fresh["pages"])),
        "batches": sorted(trained_on_batches(old) | set(fresh["batches"])),
        "new_pages": len(fresh["pages"]),
        "carried_on_from": name_of(new),
    }
    write_json(out / "sources.json", sources)


def _carried_on(old: Path, articles: Sequence[AnnotatedArticle]) -> Language:
    from banmian.adapting import adapt

    nlp = load(old)
    try:
        adapt(nlp, articles)
    except ValueError as error:
        raise TrainingError(f"{old}: {error}; train from nothing (--from-nothing)") from error
    return nlp


def measure_both(plan: Plan, old: Tagger, folds: Sequence[Tagger]) -> tuple[Measures, Measures]:
    """Count what the old model gets right, and what on each fold the model without it does."""
    before = measure(plan.judged, old)
    after: Measures = {name: [] for name in before}
    for fold, tagger in zip(plan.folds, folds, strict=True):
        for name, counts in measure(fold, tagger).items():
            after[name] += counts
    return before, after
