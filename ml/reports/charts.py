"""The charts of a report: SVG, in the colours of whatever page they are put into."""

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

from ml.evaluation import rates
from ml.evaluation.rates import Similarities
from ml.language import number, rate, tell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that nobody would choose stand for the page's own, which differ by day and by night.
INK, GRID, FIRST, SECOND, THIRD = (f"#0101{number:02x}" for number in range(5))
_CSS = {INK: "ink", GRID: "line", FIRST: "first", SECOND: "second", THIRD: "third"}
STYLE: dict[Any, Any] = {
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


WHOLE = (8.4, 4.4)
HALF = (4.4, 3.5)
"""Inches: the page scales charts to the place that there is, and the text in them with it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A finished chart: an `<svg>` element for an HTML page, and what is to be read under it."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point or a line in a chart that has a name."""

    name: str
    x: float
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Similarities that belong together in a histogram; -inf and inf are left out."""

    name: str
    colour: str
    similarities: Similarities


@dataclass(frozen=True, slots=True)
class Curve:
    """Similarities of one network that give a trade-off: who may not pass, and who shall."""

    name: str
    colour: str
    impostors: Similarities
    genuine: Similarities


def trade_off(
    curves: Sequence[Curve],
    *,
    labels: tuple[str, str],
    marks: Sequence[Mark],
    caption: str,
    half: bool = False,
) -> Chart:
    """True positives over false positives, the latter on a logarithmic axis."""
    floor = min(1 / len(curve.impostors) for curve in curves)
    with new_axes(HALF if half else WHOLE) as (figure, axes):
        lowest = min(_draw_curve(axes, curve, floor) for curve in curves)
        for mark in marks:
            draw_mark(axes, mark, height=0.08)  # the curve is above
        axes.set_xscale("log")
        axes.set_xlim(floor, 1)
        lowest = min([lowest, *(mark.y for mark in marks if mark.y is not None)])
        axes.set_ylim(max(0.0, lowest - 0.2 * (1 - lowest) - 0.005), 1.002)
        axes.xaxis.set_major_formatter(percent_tick)
        axes.yaxis.set_major_formatter(percent_tick)
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        if len(curves) > 1:
            axes.legend(loc="lower right")
        return Chart(as_svg(figure), caption)


def _draw_curve(axes: Axes, curve: Curve, floor: float) -> float:
    """Returns the lowest share of true positives that is drawn."""
    false, true = rates.curve(curve.impostors, curve.genuine)
    start = int(np.searchsorted(false, floor, side="right")) - 1
    style: dict[str, Any] = {"where": "post", "color": curve.colour, "label": curve.name}
    axes.step(np.maximum(false, floor)[start:], true[start:], **style)
    return float(true[start])


def distributions(
    groups: Sequence[Group], *, label: str, caption: str, threshold: Mark | None = None
) -> Chart:
    """Histograms of similarities over each other, each with an area of one."""
    shown = [group.similarities[np.isfinite(group.similarities)] for group in groups]
    low = min((values.min() for values in shown if len(values)), default=-1.0)
    edges = np.linspace(np.floor(low * 10) / 10, 1, 81)
    with new_axes() as (figure, axes):
        for group, values in zip(groups, shown, strict=True):
            weights = np.full(len(values), 1 / max(len(values), 1))
            style: dict[str, Any] = {"bins": edges, "weights": weights, "color": group.colour}
            axes.hist(values, alpha=0.25, **style)
            axes.hist(values, histtype="step", linewidth=1.6, label=group.name, **style)
        if threshold:
            draw_mark(axes, threshold)
        axes.yaxis.set_major_formatter(percent_tick)
        axes.xaxis.set_major_formatter(number_tick)
        axes.set_xlabel(label)
        axes.set_ylabel(
            tell("share per %(step)s of similarity", step=number(edges[1] - edges[0], 3))
        )
        axes.legend(loc="upper right")
        return Chart(as_svg(figure), caption)


def draw_mark(axes: Axes, mark: Mark, *, height: float = 1.0) -> None:
    """A named point, or a named vertical line; `height` says where its name stands, 0..1."""
    if mark.y is not None:
        axes.plot([mark.x], [mark.y], "o", color=SECOND, markersize=7)
        axes.annotate(mark.name, (mark.x, mark.y), (8, -14), textcoords="offset points")
        return
    axes.axvline(mark.x, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.annotate(mark.name, (mark.x, height), (5, -11), **place)


def percent_tick(share: float, _position: float) -> str:
    """The label of a tick at a share 0..1."""
    return rate(share)


def number_tick(value: float, _position: float) -> str:
    """The label of a tick, with no more digits than it needs."""
    digits = len(f"{value:g}".partition(".")[2])
    return number(value, digits).replace("-", "\N{MINUS SIGN}")


@contextmanager
def new_axes(size: tuple[float, float] = WHOLE) -> Iterator[tuple[Figure, Axes]]:
    """An empty figure in the style of the reports, which `as_svg` needs as well."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, figure.add_subplot()


def as_svg(figure: Figure) -> str:
    """An `<svg>` element as wide as its place on the page, in the colours of the page."""
    file = StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = re.sub(r"^.*?(?=<svg )", "", file.getvalue(), flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text, count=1)
    for sentinel, name in _CSS.items():
        text = text.replace(sentinel, f"var(--{name})")
    return text
