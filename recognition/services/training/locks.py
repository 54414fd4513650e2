"""Whether the process of a run lives, as far as that can be told on its own machine.

The system takes a lock from a process that dies, however it dies, so that nobody has to wait until
a run is silent for long enough. Elsewhere than on that machine only the silence tells.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from ml.errors import MLError
from ml.files import locked
from ml.language import tell
from recognition.models import TrainingRun


class InUse(Exception):
    """Another process is at work on the run."""


class LockUnusable(MLError):
    """The lock of a run cannot be taken by anybody with the rights of this process."""

    code = "unwritable"


def _path(run: TrainingRun) -> Path:
    """The lock file, beside the folder of the run, which goes when it has to begin anew."""
    return Path(settings.DATA_DIR) / "training" / f".{run.name}.lock"


@contextmanager
def held(run: TrainingRun) -> Iterator[None]:
    """Be the process of a run. Raises `InUse` if another is, `LockUnusable` if nobody can be."""
    path = _path(run)
    descriptor = _opened(path)
    try:
        if not locked(descriptor):
            raise InUse
        os.ftruncate(descriptor, 0)
        os.write(descriptor, socket.gethostname().encode())
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LockUnusable(
            tell(
                "%(folder)s cannot be written to (%(reason)s); check who owns it.",
                folder=path,
                reason=error.strerror,
            )
        ) from error


def is_dead(run: TrainingRun) -> bool:
    """Whether the process of the run was on this machine and is gone. What cannot be read, as when
    it belongs to somebody else, tells nothing."""
    with suppress(OSError), _path(run).open("rb") as file:
        was_here = file.read().decode() == socket.gethostname()
        return was_here and locked(file.fileno())
    return False
