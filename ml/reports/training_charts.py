"""The charts of a training: how it went, and whether its promises are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ml.evaluation.probabilities import Bin
from ml.evaluation.resampling import Interval
from ml.language import gettext_noop, tell
from ml.reports.charts import (
    FIRST,
    HALF,
    INK,
    SECOND,
    STYLE,
    Chart,
    Mark,
    as_svg,
    draw_mark,
    new_axes,
    number_tick,
    percent_tick,
)
from ml.training.curves import Curves, learning_curves, numbered
from ml.training.events import Epoch

NAMED_FROM = 0.12
"""Of all epochs: a shorter stage has no room for its name."""
_MEASURES = {"accuracy": gettext_noop("accuracy"), "loss": gettext_noop("loss")}
_CAPTIONS = {
    "accuracy": gettext_noop("Accuracy over the epochs."),
    "loss": gettext_noop("Loss over the epochs."),
}


@dataclass(frozen=True, slots=True)
class Promised:
    """Promised rates, and what was measured of each."""

    name: str
    colour: str
    points: Sequence[tuple[float, Interval]]


def learning_charts(history: Sequence[Epoch]) -> list[Chart]:
    """Accuracy and loss over the epochs and stages of a training, at least one epoch."""
    stages = [len(list(epochs)) for _, epochs in groupby(history, attrgetter("stage"))]
    return [_learning_chart(curves, stages) for curves in reversed(learning_curves(history))]


def _learning_chart(curves: Curves, stages: Sequence[int]) -> Chart:
    total, ticks = sum(stages), curves.scale.ticks
    marker = "o" if total == 1 else None  # a line of one point is invisible
    with new_axes(HALF) as (figure, axes):
        for points, style in (
            (
                curves.training,
                {"color": SECOND, "linestyle": (0, (4, 2)), "label": tell("training")},
            ),
            (curves.validation, {"color": FIRST, "label": tell("validation")}),
        ):
            axes.plot(*zip(*points, strict=True), marker=marker, clip_on=False, **style)
        for before, epochs in enumerate(stages[1:], start=1):
            name = tell("stage %(stage)s", stage=before + 1) if epochs >= NAMED_FROM * total else ""
            draw_mark(axes, Mark(name, sum(stages[:before])))
        axes.set_xlim(0, total)
        axes.set_xticks(numbered(total))
        axes.set_yticks(ticks)
        axes.set_ylim(ticks[0], ticks[-1] + 0.1 * (ticks[-1] - ticks[0]))  # names of stages above
        shares = curves.name == "accuracy"
        axes.yaxis.set_major_formatter(percent_tick if shares else number_tick)
        axes.set_xlabel(tell("epoch"))
        axes.set_ylabel(tell(_MEASURES[curves.name]))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)  # nothing stands there
        return Chart(as_svg(figure), tell(_CAPTIONS[curves.name]))


_RELIABILITY = gettext_noop(
    "Answers sorted by the probability that they were given. On the dashed line promises are kept; "
    "above it the site is too modest, below it too sure. Half of the answers are about strangers, "
    "for whom no name is right."
)


def reliability(answers: Sequence[Bin]) -> Chart:
    """What was right over what was promised; below, which share of all answers that is. Half of
    them have to be about strangers."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=HALF, layout="constrained")
        axes, below = figure.subplots(2, sharex=True, height_ratios=(4, 1))
        promised = [one.promised for one in answers]
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.plot(promised, [one.right for one in answers], "o-", color=FIRST, markersize=6)
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel(tell("were right"))
        axes.tick_params(labelbottom=False)
        shares = [one.share for one in answers]
        below.bar(promised, shares, width=0.05, color=FIRST, alpha=0.5)
        below.set_ylim(0, 1)
        below.set_ylabel(tell("of all"))
        below.set_xlabel(tell("promised probability"))
        for each in (axes, below):
            each.set_xlim(-0.03, 1.03)
            each.yaxis.set_major_formatter(percent_tick)
            each.xaxis.set_major_formatter(percent_tick)
        return Chart(as_svg(figure), tell(_RELIABILITY))


def promises(series: Sequence[Promised], *, caption: str) -> Chart:
    """Measured over promised FPIR, both logarithmic; a share of 0 lies on the lower edge."""
    every = [rate for one in series for rate, _ in one.points]
    low, high = 0.2 * min(every, default=0.01), 3 * max(every, default=0.1)
    with new_axes(HALF) as (figure, axes):
        axes.plot([low, high], [low, high], color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        for number, one in enumerate(series):
            beside = 1.12 ** (number - (len(series) - 1) / 2)
            promised = [rate * beside for rate, _ in one.points]
            for place, (_, found) in zip(promised, one.points, strict=True):
                ends = np.maximum([found.low, found.high], low)
                axes.plot([place, place], ends, color=one.colour, alpha=0.6)
            measured = [max(found.value, low) for _, found in one.points]
            axes.plot(promised, measured, "o", color=one.colour, markersize=7, label=one.name)
        axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(FixedLocator(sorted({*every})))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(percent_tick)
        axes.set_xlabel(tell("promised FPIR"))
        axes.set_ylabel(tell("measured FPIR"))
        axes.legend(loc="upper left")
        return Chart(as_svg(figure), caption)
