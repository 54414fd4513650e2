"""Until when photos are in the gallery whose people have agreed for a time."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from ml.nearest import Ints

NEVER: Final = np.iinfo(np.int64).max


class Terms:
    """When whose consent ends, in microseconds: what was stored, (N, 2), faces and ends, and what
    has changed since."""

    def __init__(self, stored: Ints) -> None:
        self._faces, self._ends = stored[np.argsort(stored[:, 1])].T
        self._over = 0
        self._changed: dict[int, int] = {}
        self._first_changed: int = NEVER

    def put(self, face: int, end: dt.datetime | None) -> None:
        """Note when a face has to leave, if that is known."""
        self._changed[face] = NEVER if end is None else microseconds(end)
        self._first_changed = min(self._first_changed, self._changed[face])

    def over(self, now: dt.datetime) -> list[int]:
        """The faces whose time has come, each once."""
        limit = microseconds(now)
        end = int(np.searchsorted(self._ends, limit, "right"))
        over = [one for one in self._faces[self._over : end].tolist() if one not in self._changed]
        self._over = end
        if self._first_changed <= limit:
            over += [face for face, end in self._changed.items() if end <= limit]
            self._changed |= dict.fromkeys(over, NEVER)
            self._first_changed = min(self._changed.values())
        return over

    def to_store(self) -> Ints:
        """All that are to come, (N, 2)."""
        coming = self._faces[self._over :].tolist(), self._ends[self._over :].tolist()
        ends = dict(zip(*coming, strict=True)) | self._changed
        known = [(face, end) for face, end in ends.items() if end < NEVER]
        return np.array(known, np.int64).reshape(-1, 2)


def microseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1e6)
