"""How a run ends that is asked to, wherever it happens to be just then."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ml.training.events import Phase
from recognition.management.terminal import Interruptible, Quiet
from recognition.services.training.progress import Interrupted


def test_an_interrupt_that_a_library_swallowed_comes_back_with_the_next_word() -> None:
    watcher = Interruptible(Quiet())
    watcher.phase(Phase.TRAINING)
    with suppress(KeyboardInterrupt):
        watcher.end(Interrupted())
    with pytest.raises(Interrupted):
        watcher.phase(Phase.EXPORT)
