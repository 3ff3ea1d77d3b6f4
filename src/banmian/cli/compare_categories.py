"""banmian build compare-categories"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banmian.cli.common import fail, say

if TYPE_CHECKING:
    from banmian.category_baselines import Scores, Trainer
    from banmian.types import AnnotatedArticle


def compare_categories(
    corpus: Annotated[Path, typer.Argument(help="A training set, as `build corpus` makes it.")],
    held_out: Annotated[Path, typer.Argument(help="Annotated articles that are not in it.")],
    folds: Annotated[
        Path | None,
        typer.Option(help="Folder with a training set without each real page, FOLDS/without-PAGE."),
    ] = None,
    pages: Annotated[Path, typer.Option(help="Annotated articles of real pages.")] = Path(
        "annotations/pages"
    ),
    config: Annotated[Path, typer.Option(help="The training config.")] = Path("configs/news.cfg"),
    epochs: Annotated[int, typer.Option(min=1, help="For spaCy's components.")] = 10,
) -> None:
    """Genre and topics: the classifier that ships beside spaCy's textcat and plain TF-IDF.

    Each is trained on CORPUS and measured on the held-out articles; with `--folds` also on each
    real page, gold articles in, trained on the set without it.

    Example: `banmian build compare-categories corpus/dev corpus/dev-held-out --folds corpus`
    """
    from rich.console import Console
    from rich.table import Table
    from spacy.util import load_config

    from banmian.annotations import origin, read_annotations
    from banmian.categories import TrainSettings
    from banmian.category_baselines import trainers
    from banmian.evaluation import gold_by_page
    from banmian.model import trained_on_batches
    from banmian.training import fold_name

    articles = list(read_annotations([held_out]))
    seen = {origin(article) for article in articles} & trained_on_batches(corpus)
    if seen:
        raise fail(f"{corpus}: holds {', '.join(sorted(seen))}; measure on what is not in it")
    tests = [("held-out batches", corpus, articles)]
    if folds:
        by_page = gold_by_page(read_annotations([pages]))
        tests += [("real pages", folds / fold_name(page), own) for page, own in by_page.items()]
    missing = [str(path) for _, path, _ in tests if not (path / "train.spacy").is_file()]
    if missing:
        raise fail(f"no training set (train.spacy) in {', '.join(missing)}")
    settings = dict(load_config(config)["components"]["categories"])
    settings.pop("factory")
    table = Table(title="genre accuracy / F1 of topics, gold articles in")
    for column in ("", *dict.fromkeys(name for name, _, _ in tests)):
        table.add_column(column, justify="right" if column else "left")
    for name, trainer in trainers(TrainSettings(**settings), epochs).items():
        say(f"training: {name}")
        scores = _scores(trainer, tests)
        cells = (f"{own.accuracy:.3f} / {own.topics.f1:.3f}" for own in scores.values())
        table.add_row(name, *cells)
    Console(width=120).print(table)


def _scores(
    trainer: Trainer, tests: list[tuple[str, Path, list[AnnotatedArticle]]]
) -> dict[str, Scores]:
    """Scores by the name of the test; those of one name are added up."""
    from banmian.category_baselines import measure_categories, read_docs

    found: dict[str, Scores] = {}
    for name, training_set, articles in tests:
        scores = measure_categories(trainer(read_docs(training_set)), articles)
        found[name] = found[name] + scores if name in found else scores
    return found
