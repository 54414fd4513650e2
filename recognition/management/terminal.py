"""What a training tells, as bars in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Never

from tqdm import tqdm

from ml.data.dataset import Dataset
from ml.training.events import Epoch, Phase, Step
from recognition.messages.photos import refusal
from recognition.services.training.progress import Silent


class Terminal:
    """A `ml.training.events.Listener` with a bar on stderr for each epoch and each phase.

    `name` stands before every line. Where nobody watches there are no bars, but a line an epoch.
    """

    def __init__(self, name: str = "") -> None:
        self._name = f"{name}: " if name else ""
        self._bar: tqdm[Any] | None = None
        self._shown = ""

    def phase(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """See `Listener.phase`."""
        if total:
            self._show(phase.value, done, total)

    def note(self, message: str) -> None:
        """See `Listener.note`."""
        self._write(message)

    def step(self, step: Step) -> None:
        """See `Listener.step`."""
        bar = self._show(f"epoch {step.epoch}/{step.epochs}", step.done, step.total)
        left = timedelta(seconds=round(step.seconds_left))
        bar.set_postfix_str(
            f"loss {step.loss:.3f}, accuracy {step.accuracy:.1%}, "
            f"{step.photos_per_second:,.0f} photos/s, {left} left in all"
        )

    def epoch(self, epoch: Epoch) -> None:
        """See `Listener.epoch`."""
        self._write(
            f"stage {epoch.stage}, epoch {epoch.epoch}: "
            f"loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.1%}, "
            f"validation {epoch.validation_accuracy:.1%}, "
            f"{epoch.photos_per_second:,.0f} photos/s, waited {epoch.waiting:.1%}"
            f"{', best' if epoch.best else ''}"
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._shown = None, ""

    def _show(self, what: str, done: int, total: int) -> tqdm[Any]:
        if self._bar is None or what != self._shown:
            self.close()
            self._bar = tqdm(
                desc=f"{self._name}{what}",
                total=total,
                unit="",
                leave=False,
                file=sys.stderr,
                disable=None,
                bar_format="{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}",
            )
            self._shown = what
        self._bar.update(done - self._bar.n)
        return self._bar

    def _write(self, line: str) -> None:
        self.close()
        print(f"{self._name}{line}", file=sys.stderr)


def unused(dataset: Dataset) -> Iterator[str]:
    """A line for every photo that is skipped, and every person who is left out."""
    for skipped in dataset.skipped:
        path = skipped.path.encode(errors="replace").decode()
        yield f"{path} is skipped: {refusal(skipped.reason)}"
    for label, photos in dataset.left_out:
        yield f"{label} is left out: {photos} of the {dataset.minimum} photos that it takes."


PHASES = {
    Phase.READING: "Reading the photos.",
    Phase.CROPS: "Finding and aligning the faces.",
    Phase.FEATURES: "Computing what the frozen layers make of them.",
    Phase.TRAINING: "Training.",
    Phase.EXPORT: "Exporting the network for serving.",
    Phase.EVALUATION: "Measuring it.",
}


class RunWatcher(Terminal):
    """A line when a phase begins, and a bar for it and for every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._phase: Phase | None = None

    def phase(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """See `Listener.phase`."""
        if phase != self._phase:
            self._phase = phase
            self._write(PHASES[phase])
        super().phase(phase, done, total)

    def embedding(self, done: int, total: int) -> None:
        """See `Watcher.embedding`."""
        self._show("embedding the enrolled faces", done, total)


class Quiet(Silent):
    """Says nothing."""

    def close(self) -> None: ...


class Interruptible:
    """Passes on what a training tells, until it is asked to end.

    A signal raises where the process happens to be, which may be where a library swallows every
    error: then it is raised once more with the next word of the training.
    """

    def __init__(self, watcher: RunWatcher | Quiet) -> None:
        self._watcher = watcher
        self._asked: KeyboardInterrupt | None = None

    def end(self, interrupt: KeyboardInterrupt) -> Never:
        self._asked = interrupt
        raise interrupt

    def phase(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """See `Listener.phase`."""
        self._go_on()
        self._watcher.phase(phase, done, total)

    def note(self, message: str) -> None:
        """See `Listener.note`."""
        self._go_on()
        self._watcher.note(message)

    def step(self, step: Step) -> None:
        """See `Listener.step`."""
        self._go_on()
        self._watcher.step(step)

    def epoch(self, epoch: Epoch) -> None:
        """See `Listener.epoch`."""
        self._go_on()
        self._watcher.epoch(epoch)

    def embedding(self, done: int, total: int) -> None:
        """See `Watcher.embedding`."""
        self._go_on()
        self._watcher.embedding(done, total)

    def close(self) -> None:
        self._watcher.close()

    def _go_on(self) -> None:
        if self._asked is not None:
            raise self._asked
