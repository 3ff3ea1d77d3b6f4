"""Training sets and training runs. The training itself is spaCy's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from banmian.annotations import page_id
from banmian.corpus import repeat_pages, split, write_docbin
from banmian.files import write_json
from banmian.types import AnnotatedArticle

# One thread a run: several runs share the cores, and sums come out the same every time.
_ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class TrainingError(Exception):
    """A training run that did not end well; the message says where its log is."""


def fold_name(page: str) -> str:
    """The name of the training set that leaves a page out."""
    return f"without-{Path(page).stem}"


def write_training_sets(
    articles: Sequence[AnnotatedArticle],
    out: Path,
    *,
    folds: bool,
    dev_share: float,
    page_weight: int,
    limit: int = 0,
) -> Iterator[str]:
    """Write ``out/full`` and, with ``folds``, ``out/without-PAGE``; yield a line about each.

    ``full`` holds every article, those of dev too; each ``without-PAGE`` keeps dev apart.

    ``sources.json`` beside each set says which pages and batches are in it.
    """
    pages = sorted({article.meta["page"] for article in articles if article.meta.get("page")})
    if limit:
        real = [article for article in articles if article.meta.get("page")]
        articles = real + [a for a in articles if not a.meta.get("page")][:limit]
    for held_out in [None, *(pages if folds else [])]:
        folder = out / (fold_name(held_out) if held_out else "full")
        train, dev = split(articles, dev_share, [held_out] if held_out else [])
        if not held_out:
            train = [*train, *dev]  # what ships learns from everything; its log means nothing
        count, dev_count = write_training_set(
            folder, train, dev, page_weight=page_weight, dev_apart=bool(held_out)
        )
        yield f"{folder}: {count} training docs from {len(train)} articles, {dev_count} for dev"


def write_training_set(
    folder: Path,
    train: Sequence[AnnotatedArticle],
    dev: Sequence[AnnotatedArticle] = (),
    *,
    page_weight: int,
    dev_apart: bool = False,
) -> tuple[int, int]:
    """Write one training set and its sources; returns how many docs it has, and dev has.

    Without ``dev_apart`` dev is no judge: it may be part of the training data, or nothing.
    """
    count = write_docbin(folder / "train.spacy", repeat_pages(train, page_weight))
    dev_count = write_docbin(folder / "dev.spacy", dev or train[:20])
    sources = {
        "pages": sorted({page_id(article) for article in train if article.meta.get("page")}),
        "articles": len(train),
        "dev_articles": len(dev) if dev_apart else 0,
        "spans": sum(len(a.spans) for a in train),
        "characters": sum(len(a.text) for a in train),
    }
    write_json(folder / "sources.json", sources)
    return count, dev_count


def find_training_sets(paths: Sequence[Path]) -> list[Path]:
    """Training sets among the paths and right below them. Raises TrainingError for none."""
    sets = []
    for path in paths:
        below = sorted(file.parent for file in path.glob("*/train.spacy"))
        sets += [path] if (path / "train.spacy").is_file() else below
    if not sets:
        raise TrainingError(f"no training set (train.spacy) in {', '.join(map(str, paths))}")
    return sets


def train_all(
    config: Path, corpora: Sequence[Path], out: Path, *, jobs: int, overrides: Sequence[str]
) -> None:
    """Run ``spacy train`` for each training set, ``jobs`` at a time. Raises TrainingError."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        runs = [
            pool.submit(_train, config, corpus, out / corpus.name, overrides) for corpus in corpora
        ]
        for run in runs:
            run.result()


def _train(config: Path, corpus: Path, out: Path, overrides: Sequence[str]) -> None:
    command = [sys.executable, "-m", "spacy", "train", str(config), "--output", str(out)]
    command += [
        "--paths.train",
        str(corpus / "train.spacy"),
        "--paths.dev",
        str(corpus / "dev.spacy"),
    ]
    for override in overrides:
        key, _, value = override.partition("=")
        command += [f"--{key}", value]
    out.mkdir(parents=True, exist_ok=True)
    log = out / "train.log"
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            command, stdout=stream, stderr=subprocess.STDOUT, check=False, env=_ENVIRONMENT
        )
    if done.returncode:
        raise TrainingError(f"training on {corpus} failed; see {log}")
    (out / "sources.json").write_bytes((corpus / "sources.json").read_bytes())
