"""Work too long and too heavy for a worker: a command of its own, which takes what time is left.

A worker only starts it. What such a command loads, TensorFlow above all, leaves the memory with it,
and as the system gives it the processor only when nobody else wants it, it delays no photo.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from threading import Thread
from typing import Final

from django.conf import settings

log = logging.getLogger(__name__)

END_SECONDS: Final = 5.0
"""Seconds for a command to note how far it is when its worker ends; the site has eight."""
PR_SET_PDEATHSIG: Final = 1
NOT_PASSED_ON: Final = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
"""Environment variables of a worker that a command does not get: this one saves memory, and would
slow down a training, which asks for large pieces of it all the time."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_started: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}


def start(*arguments: str, urgent: bool = False, one_thread: bool = False) -> bool:
    """Start a management command; False if this process has started the same and it still runs.
    Products of small matrices are faster in `one_thread` than in two that wait for each other.

    Somebody waits for an `urgent` one, which therefore gets its share of the processor. It stays
    in the worker's process group, so that whoever ends the group ends it too.
    """
    before = _started.get(arguments)
    if before is not None and before.poll() is None:
        return False
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments],
        cwd=settings.BASE_DIR,
        env=_environment() | (ONE_THREAD if one_thread else {}),
        stdin=subprocess.DEVNULL,
        preexec_fn=_end_with_parent if urgent else _stand_back,  # noqa: PLW1509  (few lines)
    )
    _started[arguments] = child
    Thread(target=_await_end, args=(child, arguments), daemon=True).start()
    return True


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}


def _stand_back() -> None:
    """Let everybody else go first. Done before anything is loaded: the threads that libraries start
    as they load inherit it."""
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    _end_with_parent()


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _await_end(child: subprocess.Popen[bytes], arguments: tuple[str, ...]) -> None:
    """Wait for it, or it would stay among the processes for as long as its worker lives."""
    if child.wait() not in {0, -signal.SIGTERM}:
        log.warning("manage.py %s ended with %d.", " ".join(arguments), child.returncode)


def end_all() -> None:
    """Ask everything that was started to end, and give it a moment to note how far it is."""
    running = [child for child in _started.values() if child.poll() is None]
    for child in running:
        child.terminate()
    until = time.monotonic() + END_SECONDS
    for child in running:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, until - time.monotonic()))
