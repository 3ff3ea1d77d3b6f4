"""banmian evaluate --layout"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian.cli.common import WRONG_USAGE, fail, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from banmian.layout_scoring import LayoutCounts
    from banmian.types import CleanPage

_SEED = 0
_HEADINGS = {
    "characters_in_right_article": "characters in the right article",
    "joints": "joints of lines in the right order",
    "joins": "joints inside a paragraph",
    "duplicates": "duplicates",
    "furniture": "furniture (characters)",
}


def evaluate_layout(
    gold: Sequence[Path],
    seeds: Path,
    authored: Path,
    simulated: int,
    output: Path | None,
    document: Path | None,
) -> None:
    """Measure the cleaning that ships; ``gold`` has a folder ``layout`` beside it."""
    from banmian.annotations import origin, read_annotations
    from banmian.files import read_jsonl, replace_part, write_json
    from banmian.layout import bundled
    from banmian.layout_noise.fit import gold_pages
    from banmian.layout_scoring import LayoutCounts, total
    from banmian.layout_training import simulate

    files = [file for path in gold for file in sorted((path.parent / "layout").glob("*.jsonl"))]
    rows = [row for file in files for _, row in read_jsonl(file)]
    real = gold_pages(seeds, read_annotations(gold), rows)
    seen = {page.page.name for page in real} & set(bundled().trained_on)
    if not real or seen:
        raise fail(f"no page of real newspapers that was held out {sorted(seen)}", WRONG_USAGE)
    held_out = [a for a in read_annotations([authored]) if origin(a) not in bundled().trained_on]
    drawn = list(simulate(held_out, simulated, seed=_SEED)) if held_out else []
    by_page = {page.page.name: count for page, count in zip(real, _scores(real), strict=True)}
    figures: dict[str, Any] = {
        "schema": "banmian.layout-metrics/1",
        "real_pages": total(by_page.values()).as_row(),
        "by_page": {name: count.as_row() for name, count in by_page.items()},
        "simulated": {
            "pages": len(drawn),
            "batches": sorted({origin(article) for article in held_out}),
            **total(_scores(drawn) if drawn else [LayoutCounts()]).as_row(),
        },
    }
    _show(figures)
    if output:
        write_json(output, figures)
    if document:
        replace_part(document, "layout-scores", _markdown(figures))


def _markdown(figures: dict[str, Any]) -> str:
    lines = [
        "| what | real pages | of | simulated, other authors | of |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for key, name in _HEADINGS.items():
        cells = [figures[part][key] for part in ("real_pages", "simulated")]
        shown = (
            f"{cell['recall']:.3f} (precision {cell['precision']:.3f}) | {cell['gold']}"
            for cell in cells
        )
        lines.append(f"| {name} | {' | '.join(shown)} |")
    for role, own in figures["real_pages"]["roles"].items():
        other = figures["simulated"]["roles"].get(role, {"f1": 0.0, "gold": 0})
        lines.append(
            f"| role {role}, F1 | {own['f1']:.3f} | {own['gold']} | {other['f1']:.3f} | {other['gold']} |"
        )
    return "\n".join(lines)


def _scores(pages: Sequence[CleanPage]) -> list[LayoutCounts]:
    from banmian.articles import clean_page
    from banmian.layout_scoring import score_layout

    with progress() as bar:
        return [
            score_layout(page, clean_page(page.page))
            for page in bar.track(pages, description="cleaning")
        ]


def _show(figures: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    batches = ", ".join(figures["simulated"]["batches"])
    for title, key in (
        ("real pages, none trained on", "real_pages"),
        (f"{figures['simulated']['pages']} pages simulated from batches {batches}", "simulated"),
    ):
        console.print(_table(title, figures[key]))


def _table(title: str, scores: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("what")
    for heading in ("precision", "recall", "F1", "hits", "gold"):
        table.add_column(heading, justify="right")
    rows = {name: scores[key] for key, name in _HEADINGS.items()}
    rows |= {f"role {role}": counts for role, counts in scores["roles"].items()}
    for name, counts in rows.items():
        table.add_row(
            name,
            *(f"{counts[key]:.3f}" for key in ("precision", "recall", "f1")),
            str(counts["hits"]),
            str(counts["gold"]),
        )
    table.caption = f"lost characters: {scores['lost_characters']}"
    return table
