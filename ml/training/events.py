"""What a training tells while it runs, to a terminal and to a database alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Phase(StrEnum):
    """The steps of a run, in their order."""

    READING = "reading"
    CROPS = "crops"
    FEATURES = "features"
    TRAINING = "training"
    EXPORT = "export"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Step:
    """Where an epoch is.

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
    """A finished epoch.

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


class Listener(Protocol):
    """Whoever follows a training. May raise `KeyboardInterrupt` to stop it."""

    def phase(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """A step of the run has begun, or is `done` of `total` through."""
        ...

    def note(self, message: str) -> None:
        """Something that whoever started the run should read."""
        ...

    def step(self, step: Step) -> None:
        """Some batches are through; a few times a second at most."""
        ...

    def epoch(self, epoch: Epoch) -> None:
        """An epoch has ended, and its checkpoint is written."""
        ...
