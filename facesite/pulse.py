"""Signs of life: every process of the site touches a file of its own as long as it makes progress;
in it is the address that the process knows the site by.

A process that is stopped, or hangs, still exists, and what only looks whether it exists leaves it
be. `facesite.supervisor` ends those that are silent; elsewhere `python -m facesite.pulse` tells.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

from django.conf import settings

from facesite import watching

EVERY: Final = 5
"""Seconds between two signs of life."""
SILENT_AFTER: Final = watching.SILENT_AFTER
FORGOTTEN_AFTER: Final = 600
"""Seconds after which the file of a process on another machine is taken for a leftover."""


def folder() -> Path:
    return Path(settings.DATA_DIR) / "pulse"


def begin(part: str, makes_progress: Callable[[], bool] = lambda: True) -> None:
    """Give signs of life for the calling process from now on.

    The thread takes no lock that a fork could leave locked in the copy.
    """
    path = folder() / f"{part}-{os.getpid()}-{socket.gethostname()}"
    Thread(target=_beat, args=(path, makes_progress), daemon=True, name="pulse").start()


def _beat(path: Path, makes_progress: Callable[[], bool]) -> None:
    while True:
        if makes_progress():
            with suppress(OSError):  # the disk may be full, which is for others to tell
                path.parent.mkdir(mode=0o700, exist_ok=True)
                path.touch(mode=0o600)
                if not path.stat().st_size:
                    path.write_text(settings.SITE_URL)
        time.sleep(EVERY)


@dataclass(frozen=True)
class Sign:
    """The last sign of life of a process."""

    part: str
    pid: int
    host: str
    seconds_ago: float
    path: Path

    @property
    def silent(self) -> bool:
        return self.seconds_ago > SILENT_AFTER

    @property
    def address(self) -> str:
        """Where the process says that the site is; nothing if it does not know, or nobody may
        read it."""
        with suppress(OSError):
            return self.path.read_text()
        return ""


def signs() -> Iterator[Sign]:
    """Those of all processes that share this data folder and have not ended long ago."""
    for path in sorted(folder().glob("*-*-*")):
        with suppress(OSError, ValueError):
            part, pid, host = path.name.split("-", 2)
            seconds_ago = time.time() - path.stat().st_mtime
            sign = Sign(part, int(pid), host, seconds_ago, path)
            if _is_over(sign):
                path.unlink()
            else:
                yield sign


def _is_over(sign: Sign) -> bool:
    if sign.host == socket.gethostname():
        try:
            os.kill(sign.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
    return sign.seconds_ago > FORGOTTEN_AFTER


@dataclass(frozen=True)
class Restart:
    """A process that the supervisor started again: `why` is "ended" or "silent"."""

    part: str
    why: str
    at: dt.datetime


def restarts() -> Iterator[Restart]:
    """The last ones, the latest first."""
    with suppress(OSError, ValueError, KeyError):
        noted = json.loads((folder() / watching.RESTARTS).read_text())
        for one in reversed(noted):
            yield Restart(one["part"], one["why"], dt.datetime.fromtimestamp(one["at"], dt.UTC))


def main() -> int:
    """For a health check: whether all processes of this machine are alive, and there are some."""
    here = [sign for sign in signs() if sign.host == socket.gethostname()]
    for sign in here:
        print(f"{sign.part} {sign.pid}: {sign.seconds_ago:.0f} s ago")
    return 0 if here and not any(sign.silent for sign in here) else 1


if __name__ == "__main__":
    sys.exit(main())
