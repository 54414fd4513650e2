"""Room on the disk where the site keeps everything, watched before it is gone."""

from __future__ import annotations

import logging
import shutil
from enum import StrEnum
from typing import Final

from django.conf import settings

log = logging.getLogger(__name__)

LOW: Final = 500 * 2**20
"""Bytes. With less it is time to make room."""
RESERVE: Final = 20 * 2**20
"""Bytes that uploads leave for the answers to what has been stored, and for the database."""


class Space(StrEnum):
    OK = "ok"
    LOW = "low"
    FULL = "full"


class DiskFull(Exception):
    """There is no room for another photo."""


def free() -> int:
    return shutil.disk_usage(settings.DATA_DIR).free


def is_there(size: int = 0) -> bool:
    """Whether so many bytes can be stored and the reserve is left."""
    return free() >= RESERVE + size


def state() -> Space:
    if not is_there():
        return Space.FULL
    return Space.LOW if free() < LOW else Space.OK


_noted = Space.OK


def note_changes() -> None:
    """Write to the log when the state has changed since the last call."""
    global _noted  # noqa: PLW0603  (one a process is the point)
    now = state()
    if now != _noted:
        level = logging.INFO if now == Space.OK else logging.WARNING
        log.log(level, "Room on the disk: %s, %d MB are free.", now, free() // 2**20)
        _noted = now
