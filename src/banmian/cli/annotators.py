"""banmian annotations agreement, banmian annotations merge"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banmian.cli.common import WRONG_USAGE, fail, say

if TYPE_CHECKING:
    from banmian.agreement import Agreement, Reliability


def agreement(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Two or more annotators' passes over the same texts, doccano JSONL."),
    ],
    list_differences: Annotated[
        bool, typer.Option("--list", help="List the spans that only one of two has.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write all figures as JSON.")
    ] = None,
) -> None:
    """Show how far two or more annotators agree, on the articles that they share.

    Exact and overlap F1 of one against the other (of more than two: the mean over all pairs), and
    agreement beyond chance: Krippendorff's alpha over characters by label, for genre Cohen's kappa
    (of more than two: alpha), for topics alpha with the MASI distance. An annotator is who
    meta.annotator names, else the file.

    Example: `banmian annotations agreement annotations/second-pass/seeds-a.jsonl annotations/second-pass/seeds-b.jsonl --list`
    """
    from dataclasses import asdict
    from itertools import combinations

    from banmian.agreement import compare, measure_reliability
    from banmian.annotations import read_passes
    from banmian.files import write_json

    passes = read_passes(paths)
    if len(passes) < 2:
        raise fail(f"the annotations of one person only ({', '.join(passes)})", WRONG_USAGE)
    results = {}
    for pair in combinations(passes, 2):
        try:
            results[pair] = compare(passes[pair[0]], passes[pair[1]])
        except ValueError as error:
            if len(passes) == 2:
                raise fail(str(error)) from error
            say(f"{' and '.join(pair)}: {error}")
    if not results:
        raise fail("no two of them have an article in common")
    reliability = measure_reliability(list(passes.values()))
    _show_agreement([result.figures for result in results.values()], reliability, list(passes))
    for pair, result in results.items() if len(results) > 1 else ():
        row = result.figures["exact"]["all"]
        spans = f"{row['gold']} and {row['predicted']} spans"
        typer.echo(f"{' and '.join(pair)}: exact F1 {row['f1']:.3f} ({spans})")
    if list_differences:
        for pair, result in results.items():
            _list_differences(pair, result, name_both=len(results) > 1)
    if output:
        pairs = [{"of": pair, **result.figures} for pair, result in results.items()]
        write_json(output, {"pairs": pairs, "beyond_chance": asdict(reliability)})


def _list_differences(pair: tuple[str, str], result: Agreement, *, name_both: bool) -> None:
    one, two = pair
    for side, other in (pair, (two, one)):
        beside = f" (not {other})" if name_both else ""
        for m in result.only_first if side == one else result.only_second:
            typer.echo(f"{side} only{beside}: {m.label} {m.text!r} ({m.where} at {m.places[0]})")


def _show_agreement(
    pairs: list[dict[str, Any]], reliability: Reliability, names: list[str]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def mean(values: Iterable[float]) -> str:
        own = list(values)
        return f"{sum(own) / len(own):.3f}"

    def figure(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    two = len(names) == 2
    table = Table(title=f"agreement on {reliability.articles} articles")
    counts = names if two else []
    for heading in ("label", "exact F1", "overlap F1", "alpha", *counts):
        table.add_column(Text(heading), justify="left" if heading == "label" else "right")
    for label in pairs[0]["exact"]:
        table.add_row(
            label,
            mean(p["exact"][label]["f1"] for p in pairs),
            mean(p["overlap"][label]["f1"] for p in pairs),
            figure(reliability.spans[label]),
            *(str(pairs[0]["exact"][label][key]) for key in ("gold", "predicted") if two),
        )
    console = Console()
    console.print(table)
    console.print(
        f"genre: same {mean(p['genre']['agreement'] for p in pairs)}, "
        f"{'kappa' if two else 'alpha'} {figure(reliability.genre)}; "
        f"topics: F1 {mean(p['topics']['f1'] for p in pairs)}, alpha {figure(reliability.topics)}; "
        f"roles of characters: same {mean(p['roles']['agreement'] for p in pairs)}",
        highlight=False,
    )


class Rule(StrEnum):
    """Which of several people's annotations are taken."""

    union = "union"
    intersection = "intersection"
    majority = "majority"
    first = "first"


def merge(
    paths: Annotated[
        list[Path], typer.Argument(help="Annotators' passes, doccano JSONL; the first goes first.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The merged file to write.")],
    rule: Annotated[
        Rule,
        typer.Option(
            help="union: what anyone marked; majority: what more than half did; intersection: what "
            "all did; first: what the first did who has the article."
        ),
    ] = Rule.majority,
    conflicts: Annotated[
        Path | None, typer.Option(help="Where to list what they do not agree on, as JSON Lines.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(help="Such a list; its rows with `decided: true` go before the rule."),
    ] = None,
) -> None:
    """Merge several people's annotations into one file, by a named rule.

    Each row of --conflicts says what everybody gave and what was taken. To decide one, write into
    `taken` what shall be, set `decided` to true, and merge again with --decisions.

    Example: `banmian annotations merge ana.jsonl bo.jsonl -o annotations/merged.jsonl --conflicts conflicts.jsonl`
    """
    from banmian.annotations import key_of, read_passes, write_annotations
    from banmian.files import write_jsonl
    from banmian.merging import conflict_row, read_decisions
    from banmian.merging import merge as merge_passes

    passes = read_passes(paths)
    decided = read_decisions(decisions) if decisions else {}
    try:
        articles, found = merge_passes(passes, rule.value, decided)
    except ValueError as error:
        raise fail(str(error)) from error
    if conflicts:
        texts = {key_of(article): article.text for article in articles}
        write_jsonl(conflicts, (conflict_row(c, texts[c.article]) for c in found))
    write_annotations(out, articles)
    open_ones = sum(not conflict.decided for conflict in found)
    say(
        f"{out}: {len(articles)} articles of {', '.join(passes)} by {rule.value}; "
        f"{open_ones} conflicts left to the rule, {len(found) - open_ones} decided"
    )
    unused = len(decided) - (len(found) - open_ones)
    if unused:
        say(f"{unused} decisions in {decisions} fit no conflict any more")
