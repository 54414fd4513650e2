"""The figures of a report: SVG drawn once, in the colours of whatever page they are put into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from ml.evaluation import rates
from ml.evaluation.rates import Similarities

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that nobody would choose stand for the page's own, which differ by day and by night.
INK, GRID, FIRST, SECOND, THIRD = (f"#0101{number:02x}" for number in range(5))
_CSS = {INK: "ink", GRID: "line", FIRST: "first", SECOND: "second", THIRD: "third"}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text, in the page's typeface
    "svg.hashsalt": "facesite",
    "font.size": 10,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 2,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished figure: an `<svg>` element for an HTML page, and what is to be read under it."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point or a line in a figure that has a name."""

    name: str
    x: float
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Similarities that belong together in a histogram; -inf and inf are left out."""

    name: str
    colour: str
    similarities: Similarities


def trade_off(
    impostors: Similarities,
    genuine: Similarities,
    *,
    labels: tuple[str, str],
    marks: Sequence[Mark],
    caption: str,
) -> Drawing:
    """True positives over false positives, the latter on a logarithmic axis."""
    false, true = rates.curve(impostors, genuine)
    floor = 1 / len(impostors)
    with _axes() as (figure, axes):
        start = int(np.searchsorted(false, floor, side="right")) - 1
        axes.step(np.maximum(false, floor)[start:], true[start:], where="post", color=FIRST)
        for mark in marks:
            _draw_mark(axes, mark, height=0.08)  # the curve is above
        axes.set_xscale("log")
        axes.set_xlim(floor, 1)
        lowest = min([true[start], *(mark.y for mark in marks if mark.y is not None)])
        axes.set_ylim(max(0.0, lowest - 0.2 * (1 - lowest) - 0.005), 1.002)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:g} %"))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None, symbol=" %"))
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        return Drawing(_svg(figure), caption)


def distributions(groups: Sequence[Group], *, threshold: Mark, label: str, caption: str) -> Drawing:
    """Histograms of similarities over each other, each with an area of one."""
    shown = [group.similarities[np.isfinite(group.similarities)] for group in groups]
    low = min((values.min() for values in shown if len(values)), default=-1.0)
    edges = np.linspace(np.floor(low * 10) / 10, 1, 81)
    with _axes() as (figure, axes):
        for group, values in zip(groups, shown, strict=True):
            weights = np.full(len(values), 1 / max(len(values), 1))
            style: dict[str, Any] = {"bins": edges, "weights": weights, "color": group.colour}
            axes.hist(values, alpha=0.25, **style)
            axes.hist(values, histtype="step", linewidth=1.6, label=group.name, **style)
        _draw_mark(axes, threshold)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None, symbol=" %"))
        axes.set_xlabel(label)
        axes.set_ylabel(f"share per {edges[1] - edges[0]:.3f} of similarity")
        axes.legend(loc="upper right")
        return Drawing(_svg(figure), caption)


def _draw_mark(axes: Axes, mark: Mark, *, height: float = 1.0) -> None:
    if mark.y is not None:
        axes.plot([mark.x], [mark.y], "o", color=SECOND, markersize=7)
        axes.annotate(mark.name, (mark.x, mark.y), (8, -14), textcoords="offset points")
        return
    axes.axvline(mark.x, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.annotate(mark.name, (mark.x, height), (5, -11), **place)


@contextmanager
def _axes() -> Iterator[tuple[Figure, Axes]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: Figure) -> str:
    file = StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = re.sub(r"^.*?(?=<svg )", "", file.getvalue(), flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text, count=1)
    for sentinel, name in _CSS.items():
        text = text.replace(sentinel, f"var(--{name})")
    return text
