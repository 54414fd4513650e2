"""Locks that the system takes from a process that dies, however it dies."""

from __future__ import annotations

import fcntl


def locked(descriptor: int) -> bool:
    """Lock an open file or folder for this process, unless another has it; never waits."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
