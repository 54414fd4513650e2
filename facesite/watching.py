"""Which processes of the site make no progress. Loaded by `facesite.supervisor`, and as light."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

LOOK_EVERY: Final = 1.0
SILENT_AFTER: Final = 30.0
ASLEEP: Final = 15.0
"""Seconds between two looks that say that this process itself stood still: then it knows nothing
of the others."""
RESTARTS: Final = "restarts"
REMEMBERED: Final = 20


class Watch:
    """Ends what has been silent for too long. Whoever started it starts it again.

    What counts is this process's own clock, since when the time of a file has not changed: a clock
    that is set must not make everybody look dead.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say
        self.seen: dict[str, tuple[object, float]] = {}
        self.looked = time.monotonic()

    def look(self, parts: dict[str, int]) -> list[str]:
        """`parts` are the processes that the supervisor itself has started. Returns what it has
        ended."""
        now = time.monotonic()
        if now - self.looked < LOOK_EVERY:
            return []
        if now - self.looked > ASLEEP:
            self.seen.clear()
        self.looked = now
        states = dict(self._signs(parts)) | dict(_stopped(parts))
        self.seen = {name: self._since(name, state, now) for name, state in states.items()}
        silent = [name for name, (_, since) in self.seen.items() if now - since > SILENT_AFTER]
        for name in silent:
            self._end(name)
        return [name.partition("-")[0] for name in silent]

    def _since(self, name: str, state: object, now: float) -> tuple[object, float]:
        before = self.seen.get(name)
        return before if before and before[0] == state else (state, now)

    def _signs(self, parts: dict[str, int]) -> Iterator[tuple[str, object]]:
        """The files of living processes of this site, with their times; others are removed."""
        for path in self.folder.glob(f"*-*-{socket.gethostname()}"):
            part, pid = path.name.split("-")[:2]
            if _is_of(int(pid), parts):
                with suppress(OSError):
                    yield f"{part}-{pid}", path.stat().st_mtime_ns
            else:
                path.unlink(missing_ok=True)

    def _end(self, name: str) -> None:
        part, _, pid = name.partition("-")
        self.say(f"{part} {pid} has shown no sign of life for {SILENT_AFTER:.0f} s: it is killed")
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
        self.note_restart(part, "silent")

    def note_restart(self, part: str, why: str) -> None:
        """Remember the last few for the status page."""
        path = self.folder / RESTARTS
        with suppress(OSError, ValueError):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            before = json.loads(path.read_text()) if path.exists() else []
            before.append({"part": part, "why": why, "at": time.time()})
            path.write_text(json.dumps(before[-REMEMBERED:]))


def _is_of(pid: int, parts: dict[str, int]) -> bool:
    """Each part leads a session of its own, in which its children are too."""
    try:
        return os.getsid(pid) in parts.values()
    except ProcessLookupError:
        return False


def _stopped(parts: dict[str, int]) -> Iterator[tuple[str, object]]:
    """Parts that somebody has stopped by a signal. Those have no sign of life: the broker, and the
    process that only looks after that which answers."""
    for name, pid in parts.items():
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "T":
                yield f"{name}-{pid}", state
