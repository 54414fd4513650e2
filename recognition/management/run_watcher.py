"""How a run is followed in a terminal."""

from __future__ import annotations

from typing import Never

from ml.training.progress import Epoch, Phase, Step
from recognition.management.terminal import Terminal
from recognition.services.training_progress import Silent

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
