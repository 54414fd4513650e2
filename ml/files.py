"""Files that are whole or not there, and locks that go with the process that has them."""

from __future__ import annotations

import fcntl
from pathlib import Path


def locked(descriptor: int) -> bool:
    """Lock an open file or folder for this process, unless another has it; never waits.

    The system takes the lock from a process that dies, however it dies.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_whole(path: Path, text: str) -> None:
    """Write a text file, UTF-8, in one step: whoever reads it finds the old text or the new one.

    Raises:
        OSError: the folder cannot be written to.
    """
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
