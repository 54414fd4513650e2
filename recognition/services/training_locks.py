"""Whether the process of a run lives, as far as that can be told on its own machine.

The system takes a lock from a process that dies, however it dies, so that nobody has to wait until
a run is silent for long enough. Elsewhere than on that machine only the silence tells.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from recognition.models import TrainingRun


class InUse(Exception):
    """Another process is at work on the run."""


def _path(run: TrainingRun) -> Path:
    """Beside the folder of the run, which goes when it has to begin anew."""
    return Path(settings.DATA_DIR) / "training" / f".{run.name}.lock"


@contextmanager
def held(run: TrainingRun) -> Iterator[None]:
    """Be the process of a run. Raises `InUse` if another is."""
    path = _path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(descriptor):
            raise InUse
        os.ftruncate(descriptor, 0)
        os.write(descriptor, socket.gethostname().encode())
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def is_dead(run: TrainingRun) -> bool:
    """Whether the process of the run was on this machine and is gone."""
    with suppress(FileNotFoundError), _path(run).open("rb") as file:
        was_here = file.read().decode() == socket.gethostname()
        return was_here and _locked(file.fileno())
    return False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
