"""How a run is followed in a terminal."""

from __future__ import annotations

from ml.training.progress import Phase
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
