"""Training sets and training runs. The training itself is spaCy's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from banmian.annotations import origin, page_id, write_annotations
from banmian.corpus import MisalignedSpanError, repeat_pages, split, write_docbin
from banmian.files import write_json
from banmian.types import AnnotatedArticle

# One thread a run: several runs share the cores, and sums come out the same every time.
_ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}

_NETWORK_EPOCHS = "components.span_tagger.network_epochs"


class TrainingError(Exception):
    """A training set or run that did not come about; the message says why, or where its log is."""


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
    hold_out: Collection[str] = (),
    limit: int = 0,
) -> Iterator[str]:
    """Write ``out/full``; with ``folds`` ``out/without-PAGE``; with ``hold_out`` ``out/dev``.

    ``full`` holds every article, those of its own dev file too; each ``without-PAGE`` keeps dev
    apart. ``dev`` holds no real page and none of the authored batches in ``hold_out``, which go to
    ``out/dev-held-out`` as annotations: what a model of it says of them can be calibrated and
    measured. ``sources.json`` beside each set says which pages and batches are in it. Yields a line
    about each set. Raises TrainingError for a batch that is not there, and as ``write_training_set``.
    """
    real = [article for article in articles if article.meta.get("page")]
    authored = [article for article in articles if not article.meta.get("page")]
    unknown = set(hold_out) - {origin(article) for article in authored}
    if unknown:
        raise TrainingError(f"no authored articles of the batch {', '.join(sorted(unknown))}")
    held_out = thin([a for a in authored if origin(a) in hold_out], limit)
    kept = thin([a for a in authored if origin(a) not in hold_out], limit)
    if hold_out:
        folder = out / "dev"
        count, _ = write_training_set(folder, kept, held_out, page_weight=1, dev_apart=True)
        write_annotations(out / "dev-held-out" / "articles.jsonl", held_out)
        yield f"{folder}: {count} training docs, {len(held_out)} articles held out"
    articles = [*real, *kept, *held_out]
    pages = sorted({str(article.meta["page"]) for article in real})
    for page in [None, *(pages if folds else [])]:
        folder = out / (fold_name(page) if page else "full")
        train, dev = split(articles, dev_share, [page] if page else [])
        if not page:
            train = [*train, *dev]  # what ships learns from everything; its log means nothing
        count, dev_count = write_training_set(
            folder, train, dev, page_weight=page_weight, dev_apart=bool(page)
        )
        yield f"{folder}: {count} training docs from {len(train)} articles, {dev_count} for dev"


def thin(articles: Sequence[AnnotatedArticle], limit: int) -> list[AnnotatedArticle]:
    """Keep ``limit`` articles (0: all), evenly over their order."""
    if not limit or limit >= len(articles):
        return list(articles)
    return [articles[at * len(articles) // limit] for at in range(limit)]


def write_training_set(
    folder: Path,
    train: Sequence[AnnotatedArticle],
    dev: Sequence[AnnotatedArticle] = (),
    *,
    page_weight: int,
    dev_apart: bool = False,
) -> tuple[int, int]:
    """Write one training set and its sources; returns how many docs it has, and dev has.

    Without ``dev_apart`` dev is no judge: it may be part of the training data, or nothing. Raises
    TrainingError, naming the article, for spans that no tokens can be.
    """
    try:
        count = write_docbin(folder / "train.spacy", repeat_pages(train, page_weight))
        dev_count = write_docbin(folder / "dev.spacy", dev or train[:20])
    except MisalignedSpanError as error:
        raise TrainingError(str(error)) from error
    sources = {**sources_of(train), "dev_articles": len(dev) if dev_apart else 0}
    write_json(folder / "sources.json", sources)
    return count, dev_count


def sources_of(articles: Sequence[AnnotatedArticle]) -> dict[str, Any]:
    """What a model learned from: its pages and batches by name, and how much there was."""
    return {
        "pages": sorted({page_id(article) for article in articles if article.meta.get("page")}),
        "batches": sorted(
            {origin(article) for article in articles if not article.meta.get("page")}
        ),
        "articles": len(articles),
        "spans": sum(len(article.spans) for article in articles),
        "characters": sum(len(article.text) for article in articles),
    }


def find_training_sets(paths: Sequence[Path], skip: Collection[str] = ()) -> list[Path]:
    """Training sets among the paths and right below them, but those named in ``skip``.

    Raises TrainingError for none.
    """
    sets = []
    for path in paths:
        below = sorted(file.parent for file in path.glob("*/train.spacy"))
        found = [path] if (path / "train.spacy").is_file() else below
        sets += [folder for folder in found if folder.name not in skip]
    if not sets:
        raise TrainingError(f"no training set (train.spacy) in {', '.join(map(str, paths))}")
    return sets


def train_all(
    config: Path, corpora: Sequence[Path], out: Path, *, jobs: int, overrides: Sequence[str]
) -> None:
    """Run ``spacy train`` for each training set, ``jobs`` at a time. Raises TrainingError."""
    _check_packages(config, overrides)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        runs = [
            pool.submit(_train, config, corpus, out / corpus.name, overrides) for corpus in corpora
        ]
        for run in runs:
            run.result()


def _check_packages(config: Path, overrides: Sequence[str]) -> None:
    """Say what is missing before anything is trained."""
    from spacy.util import load_config

    values = {key: value for key, _, value in (override.partition("=") for override in overrides)}
    own = load_config(config).get("components", {}).get("span_tagger", {})
    epochs = values.get(_NETWORK_EPOCHS, str(own.get("network_epochs", 0)))
    missing = [name for name in ("jax", "optax") if find_spec(name) is None]
    if epochs != "0" and missing:
        raise TrainingError(
            f"training the network needs {' and '.join(missing)}: pip install 'banmian[train]' "
            f"(or train without it: --set {_NETWORK_EPOCHS}=0)"
        )


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
