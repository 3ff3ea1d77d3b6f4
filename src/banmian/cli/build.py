"""banmian build: the steps between annotations and the model in the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from banmian.cli.common import fail
from banmian.cli.retrain import retrain

app = typer.Typer(
    help="Make training data and models; the steps of project.yml.", no_args_is_help=True
)
app.command("retrain")(retrain)


@app.command("corpus")
def corpus(
    annotations: Annotated[
        list[Path], typer.Argument(help="doccano JSONL files, or folders of them.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the DocBin files.")] = Path(
        "corpus"
    ),
    folds: Annotated[bool, typer.Option(help="Also make one set without each real page.")] = True,
    dev_share: Annotated[
        float, typer.Option(help="Share of authored articles kept for dev.")
    ] = 0.05,
    page_weight: Annotated[
        int, typer.Option(help="How often an article of a real page is shown.")
    ] = 10,
    limit: Annotated[int, typer.Option(help="Use this many authored articles (0: all).")] = 0,
) -> None:
    """Turn annotations into training sets: OUT/full, and OUT/without-PAGE for each real page.

    Example: `banmian build corpus annotations/pages annotations/authored -o corpus`
    """
    from banmian.annotations import read_annotations
    from banmian.training import write_training_sets

    articles = list(read_annotations(annotations))
    if not articles:
        raise fail(f"no annotated articles in {', '.join(map(str, annotations))}")
    for line in write_training_sets(
        articles, out, folds=folds, dev_share=dev_share, page_weight=page_weight, limit=limit
    ):
        typer.echo(line)


@app.command("train")
def train(
    config: Annotated[Path, typer.Argument(help="A spaCy training config.")],
    corpora: Annotated[
        list[Path],
        typer.Argument(help="Training sets as `build corpus` makes them, or a folder of them."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the models.")] = Path(
        "training"
    ),
    jobs: Annotated[int, typer.Option(min=1, help="How many to train at once.")] = 1,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Override a setting: training.max_epochs=2")
    ] = None,
) -> None:
    """Run `spacy train` on each training set; the model of corpus/X is training/X/model-last.

    Example: `banmian build train configs/news.cfg corpus --jobs 2`
    """
    from banmian.training import TrainingError, find_training_sets, train_all

    try:
        train_all(config, find_training_sets(corpora), out, jobs=jobs, overrides=overrides or [])
    except TrainingError as error:
        raise fail(str(error)) from error


@app.command("package")
def package(
    trained: Annotated[Path, typer.Argument(help="A trained model folder.")],
    metrics: Annotated[Path, typer.Argument(help="The metrics of the held-out pages.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to; the package's own data if not given."),
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(help="A README whose table of scores to renew.")
    ] = None,
) -> None:
    """Put a trained model into the package, with its card.

    Example: `banmian build package training/full/model-last training/metrics.json`
    """
    from banmian.model import ModelError
    from banmian.packaging import document_scores, package_model

    try:
        typer.echo(package_model(trained, metrics, out))
    except ModelError as error:
        raise fail(str(error)) from error
    if readme:
        document_scores(readme, metrics)
