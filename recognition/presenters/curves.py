"""Loss and accuracy of a training as lines of inline SVG: for light and dark, desk and phone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

SPAN: Final = 1000  # the side of the square in which lines are drawn; the page stretches it
INTERVALS: Final = 4  # between the lowest and the highest line of the grid, at the most
STEPS: Final = (1, 2, 2.5, 5, 10)
TITLE_EVERY: Final = 0.08  # of the width: nearer to each other, numbers of epochs would touch

Epoch = Mapping[str, Any]
Point = tuple[float, float]  # epoch, value


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


@dataclass(frozen=True)
class _Scale:
    low: float
    step: float
    intervals: int

    def place(self, value: float) -> float:
        """0 at the bottom, 1 at the top."""
        return min(1.0, max(0.0, (value - self.low) / (self.step * self.intervals)))


@dataclass(frozen=True)
class _Course:
    """A training as far as it is. `total` are the epochs that the chart has room for."""

    history: Sequence[Epoch]
    now: Epoch | None
    stages: Sequence[int]
    total: int

    def training(self, name: str) -> list[Point]:
        points = [(float(epoch["epoch"]), epoch[name]) for epoch in self.history]
        return points + ([(self.now["through"], self.now[name])] if self.now else [])

    def validation(self, name: str) -> list[Point]:
        return [(float(epoch["epoch"]), epoch[f"validation_{name}"]) for epoch in self.history]


def charts(
    history: Sequence[Epoch], progress: Mapping[str, Any], stages: Sequence[int]
) -> list[Chart]:
    """Loss and accuracy over the epochs; nothing until there is a first figure.

    `stages` has the epochs that each stage is to take. An epoch's values stand where it ends.
    """
    total = max(sum(stages), progress.get("epochs", 0), len(history), 1)
    course = _Course(history, _unfinished(history, progress), stages, total)
    drawn = [_chart(name, course) for name in ("loss", "accuracy")]
    return [chart for chart in drawn if chart is not None]


def _unfinished(history: Sequence[Epoch], progress: Mapping[str, Any]) -> Epoch | None:
    """The epoch that is being trained, at the fraction of it that is through."""
    if not progress.get("total") or progress["epoch"] <= len(history) or not progress["done"]:
        return None
    through = progress["epoch"] - 1 + progress["done"] / progress["total"]
    return {**progress, "through": through}


def _chart(name: str, course: _Course) -> Chart | None:
    lines = {"training": course.training(name), "validation": course.validation(name)}
    values = [value for points in lines.values() for _, value in points if _is_number(value)]
    if not values:
        return None
    scale = _accuracy_scale(min(values)) if name == "accuracy" else _loss_scale(max(values))
    total = course.total
    return Chart(
        name=name,
        title=_("Accuracy") if name == "accuracy" else _("Loss"),
        summary=_summary(name, course.history),
        ticks=tuple(_ticks(name, scale)),
        grid=tuple(_in_percent(at / scale.intervals) for at in range(scale.intervals + 1)),
        lines=tuple(_lines(lines, total, scale)),
        best=tuple(_best(course.history, f"validation_{name}", total, scale)),
        stages=tuple(_stages(course.stages, total)),
        spots=tuple(_spot(epoch, name, total) for epoch in course.history),
        epochs=tuple((_in_percent(epoch / total), epoch) for epoch in _numbered(total)),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _loss_scale(highest: float) -> _Scale:
    step = _nice(highest / INTERVALS) if highest > 0 else 1.0
    return _Scale(0.0, step, max(1, math.ceil(highest / step - 1e-9)))


def _accuracy_scale(lowest: float) -> _Scale:
    """Up to 100 %; from 0 on, unless all that happens is in the upper half."""
    low = lowest if lowest > 0.5 else 0.0
    step = _nice((1 - low) / INTERVALS) if low < 1 else 0.01
    intervals = max(1, math.ceil((1 - low) / step - 1e-9))
    return _Scale(max(0.0, 1 - step * intervals), step, intervals)


def _ticks(name: str, scale: _Scale) -> Iterable[str]:
    """What stands at the lines of the grid, with no more decimals than they need."""
    values = [scale.low + scale.step * at for at in range(scale.intervals, -1, -1)]
    if name == "accuracy":
        return [_percent(value) for value in values]
    digits = next(n for n in range(9) if math.isclose(scale.step, round(scale.step, n)))
    return [number_format(round(value, digits), decimal_pos=digits) for value in values]


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(nice for nice in STEPS if nice * power >= step * (1 - 1e-9))


def _lines(lines: Mapping[str, Sequence[Point]], total: int, scale: _Scale) -> Iterable[Line]:
    for kind, points in lines.items():
        known = [(at / total, scale.place(value)) for at, value in points if _is_number(value)]
        if known:
            drawn = " ".join(f"{x * SPAN:.1f},{(1 - y) * SPAN:.1f}" for x, y in known)
            yield Line(kind, drawn, _spot_of(*known[-1]))


def _spot_of(x: float, y: float) -> tuple[str, str]:
    return _in_percent(x), _in_percent(1 - y)


def _best(
    history: Sequence[Epoch], name: str, total: int, scale: _Scale
) -> Iterable[tuple[str, str]]:
    """The epoch of each stage whose weights the next one starts from."""
    chosen = {epoch["stage"]: epoch for epoch in history if epoch["best"]}
    for epoch in chosen.values():
        if _is_number(epoch[name]):
            yield _spot_of(epoch["epoch"] / total, scale.place(epoch[name]))


def _stages(stages: Sequence[int], total: int) -> Iterable[Stage]:
    if len(stages) < 2:
        return
    begun = 0
    for number, epochs in enumerate(stages, start=1):
        middle = begun + epochs / 2
        yield Stage(number, _in_percent(begun / total), _in_percent(middle / total))
        begun += epochs


def _spot(epoch: Epoch, name: str, total: int) -> Spot:
    text = _("Epoch %(epoch)d: training %(training)s, validation %(validation)s") % {
        "epoch": epoch["epoch"],
        "training": _said(name, epoch[name]),
        "validation": _said(name, epoch[f"validation_{name}"]),
    }
    return Spot(_in_percent((epoch["epoch"] - 0.5) / total), _in_percent(1 / total), text)


def _summary(name: str, history: Sequence[Epoch]) -> str:
    """What the lines show, for whoever cannot see them."""
    return _spot(history[-1], name, 1).words if history else _("No epoch has ended yet.")


def _said(name: str, value: float) -> str:
    if not _is_number(value):
        return "–"
    if name == "accuracy":
        return _percent(value)
    digits = 3 if value < 10 else 1
    return number_format(round(value, digits), decimal_pos=digits)


def _numbered(total: int) -> Iterable[int]:
    """Epochs that get their number: the last one, and others at even distances."""
    every = max(1, math.ceil(_nice(max(1, total * TITLE_EVERY))))
    return [epoch for epoch in range(every, total - every // 2, every) if epoch < total] + [total]


def _in_percent(share: float) -> str:
    """For SVG, which knows no decimal comma."""
    return f"{share * 100:.2f}%"


def _percent(value: float) -> str:
    digits = 0 if math.isclose(value * 100, round(value * 100), abs_tol=1e-9) else 1
    return _("%(number)s%%") % {
        "number": number_format(round(value * 100, digits), decimal_pos=digits)
    }
