"""Which process works on a row, and whether it still lives, as far as this machine can tell.

A worker that dies with its photo cannot say so. Its row would have to go stale before another takes
it, which is much longer than a new worker needs to start.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil


def this_process() -> str:
    """A name that no other process has had or will have, not even with the same number."""
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(name: str) -> bool:
    """Whether the process of that name was on this machine and is gone."""
    host, _, process = name.partition("/")
    if host != socket.gethostname()[:60]:
        return False
    number, _, started = process.partition("/")
    try:
        return _started(int(number)) != started
    except (psutil.NoSuchProcess, ValueError):
        return True


def _started(pid: int) -> str:
    """When a process began. On Linux counted from the start of the machine, since a clock that is
    set would change the other time with it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            raise psutil.NoSuchProcess(pid) from None
        return str(psutil.Process(pid).create_time())
    if fields[0] in {"Z", "X"}:
        raise psutil.NoSuchProcess(pid)
    return fields[19]
