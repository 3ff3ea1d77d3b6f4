"""banmian annotations"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from banmian.cli import annotators, exchange
from banmian.cli.common import SOME_FAILED, fail, say

app = typer.Typer(help="Check, compare and convert annotations.", no_args_is_help=True)
app.command("agreement")(annotators.agreement)
app.command("merge")(annotators.merge)
app.command("import")(exchange.import_annotations)
app.command("export")(exchange.export)


@app.command("check")
def check(
    paths: Annotated[list[Path], typer.Argument(help="doccano JSONL files, or folders of them.")],
    pages: Annotated[
        Path | None,
        typer.Option(help="Annotated real pages; authored articles may not copy from them."),
    ] = None,
    config: Annotated[
        Path, typer.Option(help="Set phrases and common names that may be shared.")
    ] = Path("configs/checks.toml"),
    doubts: Annotated[bool, typer.Option(help="Also list what a person should look at.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write what was found as JSON lines.")
    ] = None,
) -> None:
    """Check annotations against what of the guidelines a program can see.

    With --pages also that no article shares 13 characters in a row with a real page, uses a name
    coined there, or is nearly another article.

    Example: `banmian annotations check annotations/authored --pages annotations/pages --doubts`

    Exit status 3 where there is an error.
    """
    from banmian.annotations import in_normal_form, read_annotations
    from banmian.checks import check_article, check_consistency
    from banmian.copies import find_copies, read_allowed
    from banmian.corpus import name_of
    from banmian.datacard import densities
    from banmian.files import write_jsonl

    articles = [in_normal_form(article) for article in read_annotations(paths)]
    findings = [
        (article, finding.kind, finding.message)
        for article in articles
        for finding in check_article(article)
    ]
    if pages:
        real = list(read_annotations([pages]))
        copies = find_copies(articles, real, *read_allowed(config))
        beside = densities(real)
        shares = (f"{k} {v:.1f} ({beside[k]:.1f})" for k, v in densities(articles).items())
        say(f"spans per 1,000 characters (on the real pages): {', '.join(shares)}")
        findings += [(article, "error", message) for article, message in copies]
    if doubts:
        findings += [
            (a, finding.kind, finding.message) for a, finding in check_consistency(articles)
        ]
    shown = [
        {"kind": kind, "article": name_of(article), "message": message}
        for article, kind, message in findings
        if kind == "error" or doubts
    ]
    for row in shown:
        typer.echo(": ".join(row.values()))
    if output:
        write_jsonl(output, shown)
    spans = sum(len(article.spans) for article in articles)
    errors = sum(kind == "error" for _, kind, _ in findings)
    say(f"{len(articles)} articles, {spans} spans, {errors} errors")
    if errors:
        raise typer.Exit(SOME_FAILED)


@app.command("suspects")
def suspects(
    paths: Annotated[list[Path], typer.Argument(help="doccano JSONL files, or folders of them.")],
    folds: Annotated[int, typer.Option(min=2, help="How many models to train.")] = 5,
    jobs: Annotated[int, typer.Option(min=1, help="How many to train at once.")] = 2,
    most: Annotated[int, typer.Option(min=1, help="List this many, the surest first.")] = 200,
) -> None:
    """List likely errors of annotation: where models that never saw an article surely disagree.

    Articles of one page or batch are held out together. One line each: score, kind (unmarked,
    label, border, marked), label, text, what the annotation has, article, context.

    Example: `banmian annotations suspects annotations/authored --most 100 > suspects.tsv`
    """
    from banmian.annotations import read_annotations
    from banmian.corpus import name_of
    from banmian.suspects import find_suspects

    try:
        found = find_suspects(list(read_annotations(paths)), folds=folds, jobs=jobs)
    except ValueError as error:
        raise fail(str(error)) from error
    for s in found[:most]:
        context = s.article.text[max(0, s.start - 15) : s.end + 15].replace("\n", "⏎")
        cells = (f"{s.score:.3f}", s.kind, s.label, s.text, s.note, name_of(s.article), context)
        typer.echo("\t".join(cells))
    say(f"{len(found)} disagreements, {min(most, len(found))} listed")


@app.command("describe")
def describe(
    authored: Annotated[Path, typer.Argument(help="Authored articles.")],
    pages: Annotated[Path, typer.Argument(help="Articles of real pages.")],
    card: Annotated[
        Path | None, typer.Option(help="A data card whose figures to renew, instead of printing.")
    ] = None,
) -> None:
    """Show what a set of annotations holds: the grid, densities, variety.

    Example: `banmian annotations describe annotations/authored annotations/pages`
    """
    from banmian.annotations import read_annotations
    from banmian.datacard import describe as figures_of
    from banmian.files import replace_part

    figures = figures_of(list(read_annotations([authored])), list(read_annotations([pages])))
    if card:
        replace_part(card, "figures", figures)
    else:
        typer.echo(figures)
