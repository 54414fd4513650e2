"""Loss and accuracy of a training as lines of inline SVG: for light and dark, desk and phone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ml.training.curves import Curves, Point, Scale, learning_curves, numbered
from ml.training.events import Epoch, Step
from recognition.formats import percentage, rate, svg_percent

SPAN: Final = 1000  # the side of the square in which lines are drawn; the page stretches it


@dataclass(frozen=True)
class Line:
    """`kind` is training or validation; `end` is where it has come to, in percent."""

    kind: str
    points: str
    end: tuple[str, str]


@dataclass(frozen=True)
class Stage:
    """Where a stage lies on the axis of epochs, in percent."""

    number: int
    left: str
    middle: str


@dataclass(frozen=True)
class Spot:
    """An epoch to point at: its strip of the chart, and what it says."""

    left: str
    width: str
    words: str


@dataclass(frozen=True)
class Chart:
    name: str
    title: str
    summary: str
    ticks: tuple[str, ...]
    """From top to bottom, at equal distances."""
    grid: tuple[str, ...]
    lines: tuple[Line, ...]
    best: tuple[tuple[str, str], ...]
    stages: tuple[Stage, ...]
    spots: tuple[Spot, ...]
    epochs: tuple[tuple[str, int], ...]
    """Where a number stands below the chart, in percent, and the number."""


def charts(
    history: Sequence[Mapping[str, Any]], progress: Mapping[str, Any], stages: Sequence[int]
) -> list[Chart]:
    """Loss and accuracy over the epochs; nothing until there is a first value.

    `history` and `progress` are an `Epoch` each and a `Step` as a run's row has them. `stages` has
    the epochs that each stage is to take. An epoch's values stand where it ends.
    """
    ended, now = [Epoch(**epoch) for epoch in history], Step(**progress) if progress else None
    total = max(sum(stages), now.epochs if now else 0, len(ended), 1)
    return [_chart(curves, ended, stages, total) for curves in learning_curves(ended, now)]


def _chart(curves: Curves, history: Sequence[Epoch], stages: Sequence[int], total: int) -> Chart:
    name, scale = curves.name, curves.scale
    lines = {"training": curves.training, "validation": curves.validation}
    return Chart(
        name=name,
        title=_("Accuracy") if name == "accuracy" else _("Loss"),
        summary=_summary(name, history),
        ticks=tuple(reversed(_ticks(name, scale))),
        grid=tuple(svg_percent(scale.place(tick)) for tick in scale.ticks),
        lines=tuple(
            Line(kind, _polyline(points, total, scale), _spot_of(points[-1], total, scale))
            for kind, points in lines.items()
            if points
        ),
        best=tuple(_spot_of(point, total, scale) for point in curves.best),
        stages=tuple(_stages(stages, total)),
        spots=tuple(_spot(epoch, name, total) for epoch in history),
        epochs=tuple((svg_percent(epoch / total), epoch) for epoch in numbered(total)),
    )


def _ticks(name: str, scale: Scale) -> list[str]:
    """What stands at the lines of the grid, with no more decimals than they need."""
    if name == "accuracy":
        return [rate(tick) for tick in scale.ticks]
    digits = next(n for n in range(9) if math.isclose(scale.step, round(scale.step, n)))
    return [number_format(round(tick, digits), decimal_pos=digits) for tick in scale.ticks]


def _polyline(points: Sequence[Point], total: int, scale: Scale) -> str:
    places = ((epoch / total, 1 - scale.place(value)) for epoch, value in points)
    return " ".join(f"{x * SPAN:.1f},{y * SPAN:.1f}" for x, y in places)


def _spot_of(point: Point, total: int, scale: Scale) -> tuple[str, str]:
    epoch, value = point
    return svg_percent(epoch / total), svg_percent(1 - scale.place(value))


def _stages(stages: Sequence[int], total: int) -> Iterable[Stage]:
    if len(stages) < 2:
        return
    begun = 0
    for number, epochs in enumerate(stages, start=1):
        middle = begun + epochs / 2
        yield Stage(number, svg_percent(begun / total), svg_percent(middle / total))
        begun += epochs


def _spot(epoch: Epoch, name: str, total: int) -> Spot:
    text = _("Epoch %(epoch)d: training %(training)s, validation %(validation)s") % {
        "epoch": epoch.epoch,
        "training": _said(name, getattr(epoch, name)),
        "validation": _said(name, getattr(epoch, f"validation_{name}")),
    }
    return Spot(svg_percent((epoch.epoch - 0.5) / total), svg_percent(1 / total), text)


def _summary(name: str, history: Sequence[Epoch]) -> str:
    """What the lines show, for whoever cannot see them."""
    return _spot(history[-1], name, 1).words if history else _("No epoch has ended yet.")


def _said(name: str, value: float) -> str:
    if name == "accuracy":
        return percentage(value)
    digits = 3 if value < 10 else 1
    return number_format(round(value, digits), decimal_pos=digits)
