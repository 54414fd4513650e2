"""The learning curves of a training, and the axes that suit them: for a page and for a report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ml.training.events import Epoch, Step

INTERVALS: Final = 4
"""Between the lowest and the highest tick of an axis of values, at the most."""
STEPS: Final = (1, 2, 2.5, 5, 10)
NUMBER_EVERY: Final = 0.08
"""Of the axis of epochs: nearer to each other, their numbers would touch."""

Point = tuple[float, float]
"""An epoch, counted through all stages, and a value where it ends."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of values: `intervals` equal steps from `low` on."""

    low: float
    step: float
    intervals: int

    @property
    def ticks(self) -> list[float]:
        """From the lowest to the highest."""
        return [self.low + self.step * number for number in range(self.intervals + 1)]

    def place(self, value: float) -> float:
        """0 at the lowest tick, 1 at the highest, never beyond."""
        return min(1.0, max(0.0, (value - self.low) / (self.step * self.intervals)))


@dataclass(frozen=True, slots=True)
class Curves:
    """A measure of the training photos and of the others; `best` are the epochs of the latter whose
    weights the next stage starts from."""

    name: str
    training: list[Point]
    validation: list[Point]
    best: list[Point]
    scale: Scale


def learning_curves(history: Sequence[Epoch], now: Step | None = None) -> list[Curves]:
    """Of the loss and of the accuracy (0..1); nothing until there is a first value.

    `now` is the epoch under way, which counts at the fraction of it that is through.
    """
    if now and (now.epoch <= len(history) or not now.done):
        now = None
    found = (_curves(name, history, now) for name in ("loss", "accuracy"))
    return [curves for curves in found if curves is not None]


def _curves(name: str, history: Sequence[Epoch], now: Step | None) -> Curves | None:
    training, validation = _points(history, name), _points(history, f"validation_{name}")
    if now:
        training.append((now.epoch - 1 + now.done / now.total, getattr(now, name)))
    values = [value for _, value in training + validation]
    if not values:
        return None
    scale = _scale_of_loss(max(values)) if name == "loss" else _scale_of_accuracy(min(values))
    best = {epoch.stage: epoch for epoch in history if epoch.best}.values()
    return Curves(name, training, validation, _points(best, f"validation_{name}"), scale)


def _points(epochs: Iterable[Epoch], name: str) -> list[Point]:
    return [(epoch.epoch, getattr(epoch, name)) for epoch in epochs]


def _scale_of_loss(highest: float) -> Scale:
    step = _round_step(highest / INTERVALS) if highest > 0 else 1.0
    return Scale(0.0, step, max(1, math.ceil(highest / step - 1e-9)))


def _scale_of_accuracy(lowest: float) -> Scale:
    """Up to 100 %; from 0 on, unless all that happens is in the upper half."""
    low = lowest if lowest > 0.5 else 0.0
    step = _round_step((1 - low) / INTERVALS) if low < 1 else 0.01
    intervals = max(1, math.ceil((1 - low) / step - 1e-9))
    return Scale(max(0.0, 1 - step * intervals), step, intervals)


def _round_step(step: float) -> float:
    """The next larger one that people count in."""
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(nice for nice in STEPS if nice * power >= step * (1 - 1e-9))


def numbered(total: int) -> list[int]:
    """Epochs that get their number on an axis: the last one, and others at even distances."""
    every = max(1, math.ceil(_round_step(max(1, total * NUMBER_EVERY))))
    return [epoch for epoch in range(every, total - every // 2, every) if epoch < total] + [total]
