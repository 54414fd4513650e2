"""What all processes of the site have counted together: requests, work, faces.

Each adds up for a moment what it has seen, and then hands it over to the broker, the one place that
all of them reach, on whatever machine. Files that are mapped into memory, which prometheus_client
has for several processes, end on a full disk whoever writes to them; rows would have every request
wait for the database. When the broker starts again, counts start at nothing, which is what those
who read counters reckon with.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Final

from facesite import broker

EVERY: Final = 2.0
"""Seconds between two times that a process hands over."""
KEY: Final = "facesite:counted"
SUM: Final = "sum"
ABOVE: Final = "+Inf"

Field = tuple[str, ...]
"""What is counted, its labels, and of durations the bound that they do not exceed."""


@dataclass(frozen=True)
class Times:
    """How often something has happened."""

    name: str
    help: str
    labels: Field

    def add(self, *labels: str) -> None:
        _add({(self.name, *labels): 1})


@dataclass(frozen=True)
class Durations:
    """How long something has taken, by upper bounds in seconds."""

    name: str
    help: str
    labels: Field
    bounds: tuple[float, ...]

    @property
    def buckets(self) -> Field:
        return (*map(str, self.bounds), ABOVE)

    def add(self, *labels: str, seconds: float) -> None:
        bucket = self.buckets[bisect_left(self.bounds, seconds)]
        _add({(self.name, *labels, bucket): 1, (self.name, *labels, SUM): seconds})


REQUESTS: Final = Times("requests", "Requests answered.", ("route", "method", "status"))
REQUEST_SECONDS: Final = Durations(
    "request_seconds",
    "From a received request to its answer.",
    ("route",),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
ATTEMPTS: Final = Times(
    "attempts", "Attempts of workers at a row, by what came of them.", ("work", "outcome", "why")
)
STAGE_SECONDS: Final = Durations(
    "stage_seconds",
    "What each stage of an answered photo took; queue until a worker came, total for the user.",
    ("stage",),
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
FACES: Final = Times("faces", "Faces in answered photos.", ("decision",))

TIMES: Final = (REQUESTS, ATTEMPTS, FACES)
DURATIONS: Final = (REQUEST_SECONDS, STAGE_SECONDS)

_lock = Lock()
_seen: dict[Field, float] = defaultdict(float)


def _add(amounts: Mapping[Field, float]) -> None:
    with _lock:
        for field, amount in amounts.items():
            _seen[field] += amount


def begin() -> None:
    """Hand over from now on what this process has seen."""
    Thread(target=_go_on, daemon=True, name="counting").start()


def _go_on() -> None:
    while True:
        time.sleep(EVERY)
        hand_over()


def hand_over() -> None:
    """What the broker does not take now is kept for the next time."""
    with _lock:
        seen = dict(_seen)
        _seen.clear()
    if not seen:
        return
    try:
        with broker.connection() as opened:
            _write(opened.default_channel, seen)
    except Exception:  # every transport has errors of its own, and all mean the same here
        _add(seen)


def _write(channel: Any, seen: Mapping[Field, float]) -> None:
    with channel.client.pipeline() as together:
        for field, amount in seen.items():
            together.hincrbyfloat(KEY, json.dumps(field), amount)
        together.execute()


def totals() -> dict[Field, float] | None:
    """What all processes have counted; None if the broker cannot be reached."""
    hand_over()
    try:
        with broker.connection() as opened:
            channel: Any = opened.default_channel
            found = channel.client.hgetall(KEY)
    except Exception:
        return None
    return {tuple(json.loads(field)): float(amount) for field, amount in found.items()}


def _start_afresh() -> None:
    """In the copy of a process: what it had seen is the other's to hand over, and the thread that
    may have held its lock is not in the copy."""
    global _lock  # noqa: PLW0603  (one a process is the point)
    _lock = Lock()
    _seen.clear()


os.register_at_fork(after_in_child=_start_afresh)
