"""The charts of a training: how it went, and whether its promises are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from ml.evaluation.resampling import Interval
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
    percent_tick,
)
from ml.training.events import Epoch

SHORTEST_MARK = 0.12
"""Of the width of a figure: the names of stages nearer to each other would touch."""


@dataclass(frozen=True, slots=True)
class Course:
    """A figure through the epochs of a training: of its training photos and of the others."""

    name: str
    training: Sequence[float]
    validation: Sequence[float]
    share: bool


@dataclass(frozen=True, slots=True)
class Point:
    """Answers that were promised to be right with a probability: how many of them were, and which
    share of all answers they are."""

    promised: float
    right: float
    share: float


@dataclass(frozen=True, slots=True)
class Promised:
    """Promised rates, and what was measured of each."""

    name: str
    colour: str
    points: Sequence[tuple[float, Interval]]


def course_of(history: Sequence[Epoch]) -> list[Chart]:
    """Accuracy and loss over the epochs and stages of a training, at least one epoch."""
    marks = list(_stage_marks(history))
    accuracy = Course(
        "accuracy",
        [epoch.accuracy for epoch in history],
        [epoch.validation_accuracy for epoch in history],
        share=True,
    )
    loss = Course(
        "loss",
        [epoch.loss for epoch in history],
        [epoch.validation_loss for epoch in history],
        share=False,
    )
    return [
        courses(accuracy, stages=marks, caption="Accuracy over the epochs."),
        courses(loss, stages=marks, caption="Loss over the epochs."),
    ]


def _stage_marks(history: Sequence[Epoch]) -> Iterator[Mark]:
    named = -np.inf
    for before, epoch in pairwise(history):
        if epoch.stage != before.stage:
            room = epoch.epoch - named >= SHORTEST_MARK * len(history)
            named = epoch.epoch if room else named
            yield Mark(f"stage {epoch.stage}" if room else "", epoch.epoch)


def courses(course: Course, *, stages: Sequence[Mark], caption: str) -> Chart:
    """A figure over epochs, from 1 on; each of the stages begins at the `x` of its mark."""
    epochs = range(1, len(course.validation) + 1)
    with new_axes(HALF) as (figure, axes):
        dashes = (0, (4, 2))
        axes.plot(epochs, course.training, color=SECOND, linestyle=dashes, label="training")
        axes.plot(epochs, course.validation, color=FIRST, label="validation")
        if len(epochs) == 1:  # a line of one point is invisible
            axes.plot(epochs, course.training, "o", color=SECOND)
            axes.plot(epochs, course.validation, "o", color=FIRST)
        for stage in stages:
            draw_mark(axes, replace(stage, x=stage.x - 0.5))
        axes.set_xlim(0.5, len(epochs) + 0.5)
        if course.share:
            axes.set_ylim(0, 1.1)  # names of stages stand above 100 %
            axes.set_yticks(np.linspace(0, 1, 6))
            axes.yaxis.set_major_formatter(percent_tick)
        else:
            axes.set_ylim(0, 1.12 * max([*course.training, *course.validation]))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.set_xlabel("epoch")
        axes.set_ylabel(course.name)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)  # nothing stands there
        return Chart(as_svg(figure), caption)


def reliability(points: Sequence[Point], *, caption: str) -> Chart:
    """What was right over what was promised; below, which share of all answers that is."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=HALF, layout="constrained")
        axes, below = figure.subplots(2, sharex=True, height_ratios=(4, 1))
        promised = [point.promised for point in points]
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.plot(promised, [point.right for point in points], "o-", color=FIRST, markersize=6)
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel("were right")
        axes.tick_params(labelbottom=False)
        shares = [point.share for point in points]
        below.bar(promised, shares, width=0.05, color=FIRST, alpha=0.5)
        below.set_ylim(0, 1)
        below.set_ylabel("of all")
        below.set_xlabel("promised probability")
        for each in (axes, below):
            each.set_xlim(-0.03, 1.03)
            each.yaxis.set_major_formatter(percent_tick)
            each.xaxis.set_major_formatter(percent_tick)
        return Chart(as_svg(figure), caption)


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
        axes.set_xlabel("promised FPIR")
        axes.set_ylabel("measured FPIR")
        axes.legend(loc="upper left")
        return Chart(as_svg(figure), caption)
