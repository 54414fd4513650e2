"""What a training tells while it runs, to a terminal and to a database alike.

Events go to a callback one by one. It may raise `KeyboardInterrupt` to stop the training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """The steps of a run, in their order; the last one is that of whoever has a gallery."""

    READING = "reading"
    CROPS = "crops"
    FEATURES = "features"
    TRAINING = "training"
    EXPORT = "export"
    EVALUATION = "evaluation"
    EMBEDDING = "embedding"


@dataclass(frozen=True, slots=True)
class Progress:
    """A phase has begun, or is `done` of `total` through."""

    phase: Phase
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """Something that whoever started the run should read."""

    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """Where an epoch is; told a few times a second at most.

    `stage` and `epoch` count from 1, `epoch` through all stages. `done` of `total` photos of this
    epoch are through; `loss` and `accuracy` (0..1) are means over them. `photos_per_second` is the
    speed of this epoch, `seconds_left` what all epochs that are left will take at it.
    """

    stage: int
    stages: int
    epoch: int
    epochs: int
    done: int
    total: int
    loss: float
    accuracy: float
    photos_per_second: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """A finished epoch, whose checkpoint is written.

    Losses and accuracies (0..1) are of the training photos, as they were augmented and with the
    weights as they changed, and of the validation photos after it. `waiting` is the share of the
    time, 0..1, in which the network waited for photos. `best` says that no epoch before it in this
    stage had a higher validation accuracy, or the same with a lower loss.
    """

    stage: int
    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
    photos_per_second: float
    waiting: float
    best: bool


Event = Progress | Note | Step | Epoch
Callback = Callable[[Event], None]


def silent(_event: Event) -> None:
    """Tell nobody."""


def follow(callback: Callback, phase: Phase) -> Callable[[int, int], None]:
    """A function that tells the callback how much of a phase is done, and how much there is."""

    def progress(done: int, total: int) -> None:
        callback(Progress(phase, done, total))

    return progress


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all epochs together: seconds, photos learned from in a second, and the share of the time,
    0..1, in which the network waited for them. None where there is no epoch."""

    seconds: float
    photos_per_second: float | None
    waiting: float | None

    @classmethod
    def of(cls, history: Sequence[Epoch]) -> Totals:
        """Weigh each epoch by the time that it took."""
        seconds = sum(epoch.seconds for epoch in history)
        if not seconds:
            return cls(0.0, None, None)
        photos = sum(epoch.photos_per_second * epoch.seconds for epoch in history)
        waited = sum(epoch.waiting * epoch.seconds for epoch in history)
        return cls(seconds, photos / seconds, waited / seconds)
