"""banmian build: the steps between annotations and the model in the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from banmian.cli.calibrate import calibrate
from banmian.cli.common import fail, missing_extra
from banmian.cli.compare_categories import compare_categories
from banmian.cli.curve import curve
from banmian.cli.retrain import retrain

app = typer.Typer(
    help="Make training data and models; the steps of project.yml.", no_args_is_help=True
)
app.command("calibrate")(calibrate)
app.command("compare-categories")(compare_categories)
app.command("curve")(curve)
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
    ] = 1,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(help="An authored batch to keep out of OUT/dev, for calibration."),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(min=0, help="Use this many authored articles (0: all), and held-out ones."),
    ] = 0,
) -> None:
    """Turn annotations into training sets: OUT/full, and OUT/without-PAGE for each real page.

    With `--hold-out` also OUT/dev, without any real page and without these batches, which go to
    OUT/dev-held-out.

    Example: `banmian build corpus annotations/pages annotations/authored --hold-out b05 -o corpus`
    """
    from banmian.annotations import read_annotations
    from banmian.training import TrainingError, write_training_sets

    articles = list(read_annotations(annotations))
    if not articles:
        raise fail(f"no annotated articles in {', '.join(map(str, annotations))}")
    lines = write_training_sets(
        articles,
        out,
        folds=folds,
        dev_share=dev_share,
        page_weight=page_weight,
        hold_out=hold_out or (),
        limit=limit,
    )
    try:
        for line in lines:
            typer.echo(line)
    except TrainingError as error:
        raise fail(str(error)) from error


@app.command("embeddings")
def embeddings(
    texts: Annotated[
        Path, typer.Argument(help="Raw text, JSON lines with a key `text`, plain or .xz.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to; the package's own data if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the training.")] = 0,
) -> None:
    """Learn vectors of characters from raw text, for the network of the span tagger.

    Example: `banmian build embeddings official-zh.jsonl.xz`
    """
    from banmian.arrays import pack
    from banmian.embeddings import BUNDLED
    from banmian.files import FileError, write_bytes
    from banmian.raw_texts import read_texts

    try:
        from banmian.embedding_training import Settings, train_embeddings

        learned = train_embeddings(read_texts(texts), Settings(), seed)
    except FileError as error:
        raise fail(str(error)) from error
    except ModuleNotFoundError as error:
        raise missing_extra("pretrain", error) from error
    write_bytes(out or BUNDLED, pack(learned.to_arrays()))


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
    skip: Annotated[
        list[str] | None, typer.Option(help="Leave out the training set of this name.")
    ] = None,
) -> None:
    """Run `spacy train` on each training set; the model of corpus/X is training/X/model-last.

    Example: `banmian build train configs/news.cfg corpus --jobs 2`
    """
    from banmian.training import TrainingError, find_training_sets, train_all

    try:
        sets = find_training_sets(corpora, skip or ())
        train_all(config, sets, out, jobs=jobs, overrides=overrides or [])
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


@app.command("layout")
def layout(
    annotations: Annotated[
        list[Path], typer.Argument(help="Authored articles, doccano JSONL files or folders.")
    ],
    hold_out: Annotated[
        list[str] | None, typer.Option(help="A batch to keep out, for `banmian evaluate --layout`.")
    ] = None,
    pages: Annotated[int, typer.Option(min=1, help="Simulated pages for each network.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the simulation and the training.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that look at pages.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to; the package's own data if not given."),
    ] = None,
) -> None:
    """Train what cleaning goes by, on pages simulated from authored articles.

    No page of a real newspaper is used.

    Example: `banmian build layout annotations/authored --hold-out b05 --pages 200 -o layout.npz`
    """
    from banmian import layout as layouts
    from banmian.annotations import origin, read_annotations
    from banmian.files import write_bytes
    from banmian.layout_training import train_layout

    kept_out = set(hold_out or ())
    articles = [a for a in read_annotations(annotations) if not a.meta.get("page")]
    unknown = kept_out - {origin(article) for article in articles}
    if unknown or not articles:
        raise fail(f"no articles of {', '.join(sorted(unknown)) or 'any batch'} are there")
    trained = train_layout(
        [article for article in articles if origin(article) not in kept_out],
        pages=pages,
        seed=seed,
        say=typer.echo,
        jobs=jobs,
    )
    path = out or layouts.BUNDLED
    write_bytes(path, trained.to_bytes())
    typer.echo(str(path))


@app.command("fit")
def fit(
    gold: Annotated[Path, typer.Argument(help="Annotated articles of real pages.")] = Path(
        "annotations/pages"
    ),
    layout_rows: Annotated[
        Path, typer.Option("--layout", help="Their furniture and duplicates.")
    ] = Path("annotations/layout"),
    seeds: Annotated[Path, typer.Option(help="The folder with the raw pages.")] = Path("seeds"),
    authored: Annotated[Path, typer.Option(help="Articles to simulate pages from.")] = Path(
        "annotations/authored"
    ),
    pages: Annotated[int, typer.Option(min=1, help="How many pages to simulate.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 0,
    document: Annotated[
        Path | None, typer.Option(help="A Markdown file whose table to renew.")
    ] = None,
) -> None:
    """Show how like real pages the simulated ones are.

    Example: `banmian build fit --document docs/layout.md`
    """
    from banmian.annotations import read_annotations
    from banmian.files import read_jsonl, replace_part
    from banmian.layout_noise.fit import fit_table, gold_pages
    from banmian.layout_training import simulate

    rows = [row for file in sorted(layout_rows.glob("*.jsonl")) for _, row in read_jsonl(file)]
    real = gold_pages(seeds, read_annotations([gold]), rows)
    articles = list(read_annotations([authored]))
    table = fit_table(real, list(simulate(articles, pages, seed=seed)))
    typer.echo(table)
    if document:
        replace_part(document, "fit", table)
