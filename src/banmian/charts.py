"""Charts of an evaluation as inline SVG: no script, no font, no address in them.

Drawn narrow, so that their words stay readable on a phone. Colours after Okabe and Ito (2008), which
colour-blind readers can tell apart; shapes and hatches differ too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, SKY, GREEN, ORANGE, GREY = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#767676"
_SERIES = ((BLUE, "o"), (SKY, "s"), (GREEN, "^"), (ORANGE, "v"), (GREY, "D"), ("#CC79A7", "P"))
_OUTCOMES = {
    "right": (BLUE, ""),
    "wrong border": (SKY, "//"),
    "wrong label": (ORANGE, ""),
    "wrong border and label": ("#D55E00", "\\\\"),
    "missed": ("#DDDDDD", ""),
}
_WIDTH = 4.8  # inches; 346 px
_INK = "#24221f"

Row = Mapping[str, Any]


class ChartError(Exception):
    """The chart library is missing; the message says what to install."""


def require() -> None:
    """Raise ChartError where matplotlib is not installed."""
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise ChartError("a report needs matplotlib: pip install 'banmian[report]'") from error


def scores(series: Mapping[str, Mapping[str, Row]]) -> Markup:
    """F1 with its interval, by label and by what was measured (name -> label -> row)."""
    labels = list(next(iter(series.values())))

    def draw(axes: Axes) -> None:
        step = 0.8 / len(series)
        for number, (name, rows) in enumerate(series.items()):
            colour, shape = _SERIES[number % len(_SERIES)]
            own = [(at, rows[label]) for at, label in enumerate(labels) if label in rows]
            heights = [at + (number + 0.5) * step - 0.4 for at, _ in own]
            for height, (_, row) in zip(heights, own, strict=True):
                if row["interval"]:
                    axes.plot(row["interval"], [height, height], color=colour, linewidth=1.6)
            values = [row["f1"] for _, row in own]
            axes.plot(values, heights, shape, color=colour, markersize=5, label=name)
        for border in range(1, len(labels)):
            axes.axhline(border - 0.5, color="#e3e0d8", linewidth=0.8)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.set_xlabel("F1, exact, with 95 % interval")
        _legend_above(axes, columns=2)

    return _svg("scores", draw, height=1.6 + 0.16 * len(labels) * len(series))


def outcomes(confusion: Mapping[str, Mapping[str, int]]) -> Markup:
    """What became of the gold spans, as shares of each label."""
    labels = list(confusion)

    def draw(axes: Axes) -> None:
        gold = [max(1, sum(confusion[label][kind] for kind in _OUTCOMES)) for label in labels]
        left = [0.0] * len(labels)
        for kind, (colour, hatch) in _OUTCOMES.items():
            shares = [
                100 * confusion[label][kind] / n for label, n in zip(labels, gold, strict=True)
            ]
            axes.barh(
                labels, shares, left=left, color=colour, hatch=hatch, edgecolor="white", label=kind
            )
            left = [a + b for a, b in zip(left, shares, strict=True)]
        axes.set_yticks(
            range(len(labels)), [f"{label}\n{n}" for label, n in zip(labels, gold, strict=True)]
        )
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("gold spans, %")
        _legend_above(axes, columns=2)

    return _svg("outcomes", draw, height=3.4)


def reliability(bins: Sequence[Row], name: str) -> Markup:
    """Share right against score; a dot's area is the bin's count, which stands beside it."""

    def draw(axes: Axes) -> None:
        most = max((part["count"] for part in bins), default=1)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="as it should be")
        axes.scatter(
            [part["mean_score"] for part in bins],
            [part["share_right"] for part in bins],
            s=[20 + 180 * part["count"] / most for part in bins],
            color=BLUE,
            alpha=0.75,
            zorder=3,
        )
        for part in bins:
            axes.annotate(
                str(part["count"]),
                (part["mean_score"], part["share_right"]),
                textcoords="offset points",
                xytext=(-9, 0),
                ha="right",
                va="center",
                fontsize=9.5,
            )
        axes.set_xlim(0, 1.03)
        axes.set_ylim(-0.03, 1.05)
        axes.set_xlabel("score")
        axes.set_ylabel("share right")
        _legend_above(axes, columns=1)

    return _svg(f"reliability {name}", draw, height=3.6)


def learning_curve(points: Sequence[Row]) -> Markup:
    """F1 against the number of training articles, on a logarithmic scale."""

    def draw(axes: Axes) -> None:
        articles = [point["articles"] for point in points]
        for (key, name), (colour, shape) in zip(
            (("held_out_f1", "held-out batches"), ("pages_f1", "real pages")), _SERIES, strict=False
        ):
            axes.plot(
                articles,
                [p[key] for p in points],
                marker=shape,
                color=colour,
                linewidth=1.4,
                label=name,
            )
        axes.set_xscale("log", base=2)
        axes.set_xticks(articles, [f"{count:,}" for count in articles])
        axes.minorticks_off()
        axes.set_xlabel("training articles (each step doubles them)")
        axes.set_ylabel("F1, exact, gold articles in")
        _legend_above(axes, columns=2)

    return _svg("learning curve", draw, height=3.2)


def _legend_above(axes: Axes, *, columns: int) -> None:
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=9.5,
        borderaxespad=0.2, handletextpad=0.4,
    )  # fmt: skip


def _svg(name: str, draw: Callable[[Axes], None], *, height: float) -> Markup:
    """Draw into a figure of a height in inches; equal figures give equal SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 11,
        "axes.edgecolor": GREY,
        "axes.labelcolor": _INK,
        "text.color": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "hatch.linewidth": 0.6,
    }
    out = io.StringIO()
    with mpl.rc_context(settings):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r' id="[a-z0-9.]+_\d+"', "", drawn)  # numbered anew in every chart of a page
    return Markup(drawn)  # noqa: S704 - matplotlib escapes what it writes
