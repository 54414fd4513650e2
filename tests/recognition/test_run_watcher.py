"""How a run ends that is asked to, wherever it happens to be just then."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ml.training.events import Phase, Progress, silent
from recognition.management.terminal import Interruptible
from recognition.services.training.progress import Interrupted


def test_an_interrupt_that_a_library_swallowed_comes_back_with_the_next_word() -> None:
    callback = Interruptible(silent)
    callback(Progress(Phase.TRAINING))
    with suppress(KeyboardInterrupt):
        callback.end(Interrupted())
    with pytest.raises(Interrupted):
        callback(Progress(Phase.EXPORT))
