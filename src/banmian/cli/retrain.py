"""banmian build retrain"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from banmian.cli.common import fail, progress, say

if TYPE_CHECKING:
    from banmian.comparison import Difference
    from banmian.evaluation import Tagger
    from banmian.retraining import Plan


def retrain(
    annotations: Annotated[
        list[Path],
        typer.Argument(
            help="Annotations; of a folder all files, but not second-pass/, layout/ and unseen/."
        ),
    ],
    config: Annotated[Path, typer.Option(help="With --from-nothing: the training config.")] = Path(
        "configs/news.cfg"
    ),
    model: Annotated[
        Path | None,
        typer.Option(help="The model to improve on and to replace; the bundled one if not given."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for models, figures, the old model.")
    ] = Path("training/retrain"),
    folds: Annotated[
        int, typer.Option(min=1, help="Into how many parts the pages to judge by are divided.")
    ] = 3,
    limit: Annotated[
        int,
        typer.Option(min=0, help="With --from-nothing: use this many authored articles (0: all)."),
    ] = 0,
    page_weight: Annotated[
        int,
        typer.Option(
            min=1, help="With --from-nothing: how often an article of a real page is shown."
        ),
    ] = 1,
    jobs: Annotated[
        int, typer.Option(min=1, help="With --from-nothing: how many models to train at once.")
    ] = 2,
    seed: Annotated[int, typer.Option(help="Seed of the interval's resampling.")] = 0,
    from_nothing: Annotated[
        bool,
        typer.Option(
            "--from-nothing",
            help="Train on all annotations, genre and topics too, instead of carrying the model's"
            " spans on with the new ones; takes much longer.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the old model even if the new is no better.")
    ] = False,
) -> None:
    """Train again with everything annotated; replace the model if that made it better.

    What finds spans is carried on from its weights with the annotations of pages and batches that
    the model has not seen; genre and topics stay. With --from-nothing a new model is trained on all.

    Judged on the articles of pages that the old model never saw, each tagged by a model that did
    not see its page either. Better means that the 95 % interval of the difference in exact F1 lies
    above zero, and that ten articles or more judge. The old model is kept under OUT/replaced.

    Example: `banmian build retrain annotations`
    """
    from banmian.files import write_json
    from banmian.model import ModelError, bundled_path, trained_on, trained_on_batches
    from banmian.replacing import verdict
    from banmian.retraining import gather, limit_authored, make_plan
    from banmian.training import TrainingError

    started = perf_counter()
    target = model or bundled_path()
    given = limit_authored(gather(annotations), limit)
    if not given:
        raise fail(f"no annotated articles in {', '.join(map(str, annotations))}")
    seen = {"pages": trained_on(target), "batches": trained_on_batches(target)}
    plan = make_plan(given, folds, **seen)
    if not plan.folds and not force:
        raise fail(
            "every annotated page was seen by the model in use, so nothing is left to judge by; "
            "annotate a page it has not seen, or replace it unjudged with --force"
        )
    articles = plan.articles if from_nothing else plan.fresh
    if not articles:
        raise fail(
            "the model in use has seen every page and batch, so there is nothing to carry it on with; "
            "annotate another page, or train on all of it again with --from-nothing"
        )
    say(
        f"{'training' if from_nothing else 'carrying on'} {len(plan.folds) + 1} models with "
        f"{len(articles)} articles; {len(plan.judged)} articles of unseen pages judge"
    )
    if passed_over := len(plan.articles) - len(articles):
        say(
            f"{passed_over} articles of pages and batches that the model has seen are passed over, "
            "corrected or not; --from-nothing learns from them too"
        )
    try:
        if from_nothing:
            without = _train(plan, config, target, out, page_weight, jobs)
        else:
            without = _carry_on(plan, target, out)
        differences = _compare(plan, target, without, seed)
        if differences:
            _show(differences)
            say(verdict(differences["all"]))
        better = bool(differences) and differences["all"].better
        if better or force:
            _replace(target, out, differences)
        else:
            say(
                f"{target} stays; the new model is in {out / 'full/model-last'} (--force installs it)"
            )
    except (TrainingError, ModelError) as error:
        raise fail(str(error)) from error
    write_json(
        out / "comparison.json",
        {
            "schema": "banmian.comparison/1",
            "articles": len(articles),
            "judged": len(plan.judged),
            "replaced": better or force,
            "measures": {name: d.as_row() for name, d in differences.items()},
        },
    )
    say(f"{perf_counter() - started:.0f} s; figures in {out / 'comparison.json'}")


def _same_calibration(model: Path) -> list[str]:
    """The setting by which the new models take over the old one's calibration, if it has any."""
    file = model / "calibration" / "calibration.json"
    return [f"paths.calibration={file}"] if file.is_file() else []


def _train(
    plan: Plan, config: Path, target: Path, out: Path, page_weight: int, jobs: int
) -> list[Tagger]:
    """Train from nothing, the whole model into OUT/full; a tagger for each fold, without it."""
    from banmian.evaluation import model_tagger
    from banmian.model import load
    from banmian.retraining import write_sets
    from banmian.training import train_all

    sets = write_sets(plan, out / "corpus", page_weight)
    train_all(config, sets, out, jobs=jobs, overrides=_same_calibration(target))
    return [model_tagger(load(out / path.name / "model-last")) for path in sets[:-1]]


def _carry_on(plan: Plan, target: Path, out: Path) -> list[Tagger]:
    """Carry the model on, the whole one into OUT/full; a tagger for each fold, without it."""
    from banmian.retraining import carry_on, carry_on_without

    with progress() as bar:
        steps = carry_on_without(plan, target)
        without = list(bar.track(steps, total=len(plan.folds), description="carrying on"))
    carry_on(plan, target, out / "full")
    return without


def _compare(
    plan: Plan, target: Path, without: Sequence[Tagger], seed: int
) -> dict[str, Difference]:
    import numpy as np

    from banmian.comparison import compare
    from banmian.evaluation import model_tagger
    from banmian.model import load
    from banmian.retraining import measure_both

    if not plan.folds:
        return {}
    old = model_tagger(load(target))
    return compare(*measure_both(plan, old, without), np.random.default_rng(seed))


def _replace(target: Path, out: Path, differences: Mapping[str, Difference]) -> None:
    import json

    from banmian.files import read_bytes
    from banmian.replacing import replace_model

    sources = json.loads(read_bytes(out / "full" / "sources.json"))
    name, kept = replace_model(
        out / "full" / "model-last",
        target,
        out / "replaced",
        sources=sources,
        differences=differences,
    )
    say(f"{target} is now {name}; the model before it is kept in {kept}")


def _show(differences: Mapping[str, Difference]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="held-out pages, exact F1 (genre: share right)")
    table.add_column("")
    for heading in ("old", "new", "gain", "95 % interval", "gold"):
        table.add_column(heading, justify="right")
    for name, d in differences.items():
        table.add_row(
            name,
            f"{d.old:.3f}",
            f"{d.new:.3f}",
            f"{d.gain:+.3f}",
            f"{d.low:+.3f} to {d.high:+.3f}",
            str(d.support),
        )
    Console().print(table)
