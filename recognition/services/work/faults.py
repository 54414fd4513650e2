"""Whose fault it is that a photo could not be worked on: its own, or that of the place.

A disk that is full says nothing about the photo, which waits until there is room again. What the
photo brings about itself, such as an error that nobody foresaw, it may do a few times.
"""

from __future__ import annotations

import datetime as dt
import errno
from typing import Final

from django.db import InterfaceError, InternalError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from facesite.space import DiskFull
from ml.errors import DISK_FULL, ArtifactError, DecoderKilled
from recognition.models.work import LONGEST_PAUSE

FULL, STORAGE, MEMORY, DATABASE, BROKER, MODEL, MACHINE, KILLED, SLOW, ERROR = (
    "disk_full",
    "storage",
    "memory",
    "database",
    "broker",
    "model",
    "machine",
    "killed",
    "slow",
    "error",
)
DOUBTFUL: Final = frozenset({MEMORY, KILLED})
"""The place, or a photo that is too much for it: whether others are answered meanwhile tells."""
HUNG: Final = frozenset({STORAGE, SLOW})
DEAR: Final = DOUBTFUL | HUNG | {ERROR}
"""Trying these again may cost a process or much time, which others wait for."""
FIRST_PAUSE: Final = dt.timedelta(seconds=2)
CHEAP_PAUSE: Final = dt.timedelta(seconds=8)

_NO_MEMORY: Final = ("bad_alloc", "Insufficient memory", "Cannot allocate memory")
_FULL: Final = ("disk is full", "No space left")
_NUMBERS: Final = {
    **dict.fromkeys(DISK_FULL, FULL),
    errno.ENOMEM: MEMORY,
    errno.EAGAIN: MACHINE,  # of fork: no more processes
    errno.EMFILE: MACHINE,
    errno.ENFILE: MACHINE,
}


class StorageHangs(Exception):
    """A stored file was not read within the time that the whole photo has."""


_KINDS: Final = {
    DiskFull: FULL,
    StorageHangs: STORAGE,
    OperationalError: DATABASE,
    InterfaceError: DATABASE,
    InternalError: DATABASE,
    ArtifactError: MODEL,
    BrokerError: BROKER,
    RedisError: BROKER,
    DecoderKilled: KILLED,
}


def of_place(error: BaseException | None) -> str:
    """What is wrong with the place; empty if the error comes of the photo, or of a mistake."""
    while error is not None:
        if code := _of_place(error):
            return code
        error = error.__cause__
    return ""


def _of_place(error: BaseException) -> str:
    said = str(error)
    if isinstance(error, OSError) and error.errno:  # readers of photos raise those without a number
        return _NUMBERS.get(error.errno, STORAGE)
    if isinstance(error, OperationalError) and any(word in said for word in _FULL):
        return FULL
    if isinstance(error, MemoryError) or any(word in said for word in _NO_MEMORY):
        return MEMORY
    return next((code for kind, code in _KINDS.items() if isinstance(error, kind)), "")


def pause(code: str, times: int) -> dt.timedelta:
    """How long a row waits after it was set back for the so many-th time."""
    longest = LONGEST_PAUSE if code in DEAR else CHEAP_PAUSE
    return min(longest, FIRST_PAUSE * (1 << min(times - 1, 20)))
