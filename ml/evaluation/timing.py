"""How long something takes. It varies from run to run, so that one number tells too little."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """What was measured in several runs: the median, the least, the most, and their number."""

    median: float
    min: float
    max: float
    runs: int

    @classmethod
    def of(cls, measured: Sequence[float]) -> Self:
        """That of one run or more."""
        return cls(float(np.median(measured)), min(measured), max(measured), len(measured))


def milliseconds(action: Callable[[], object], *, repeats: int, warm_up: int = 10) -> Spread:
    """The time of `repeats` runs after `warm_up` more, which are not counted."""
    taken = [_once(action) for _ in range(warm_up + repeats)]
    return Spread.of(taken[warm_up:])


def _once(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1e3
