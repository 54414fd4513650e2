"""A process that knows the gallery as a worker does, and both ends of the pipe to it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from time import perf_counter
from typing import Any, Self

import numpy as np
import psutil

from ml.calibration import CANDIDATES
from ml.types import Floats
from recognition.management.benchmarking.site import called
from recognition.services.gallery import memory
from recognition.services.versions import predictors
from recognition.services.versions.predictors import Predictor

MB = 2**20


def serve() -> None:
    """Load everything, say so, and then answer each probe that a line has."""
    predictor = predictors.active()
    _tell(_answer(predictor, np.eye(1, predictor.recognizer.embedding_size, dtype=np.float32)[0]))
    for line in sys.stdin:
        _tell(_answer(predictor, np.array(json.loads(line), np.float32)))


def _answer(predictor: Predictor, probe: Floats) -> dict[str, Any]:
    """Who a probe is, and the milliseconds until the gallery was up to date, for the search alone,
    and for the decision, which searches once more."""
    began = perf_counter()
    with memory.current(predictor.version) as gallery:
        there = perf_counter()
        nearest = gallery.search(probe, CANDIDATES)
        found = perf_counter()
        predictor.compare(probe, gallery)
        decided = perf_counter()
    took = {"follow": there - began, "search": found - there, "decide": decided - found}
    return {"nearest": nearest[0].person, **{name: spent * 1e3 for name, spent in took.items()}}


def _tell(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


class Worker:
    """The other end: `start_seconds` is how long it took until the first answer."""

    def __init__(self) -> None:
        began = time.perf_counter()
        pipe = subprocess.PIPE
        self._process = psutil.Popen(called(serve), stdin=pipe, stdout=pipe, text=True)
        self.first = self._read()
        self.start_seconds = time.perf_counter() - began

    @classmethod
    @contextmanager
    def several(cls, number: int) -> Iterator[Sequence[Self]]:
        """Some of them, started one after the other, and ended in the end."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(cls())) for _ in range(number)]

    def ask(self, probe: Floats) -> dict[str, Any]:
        """See `serve`."""
        self._process.stdin.write(json.dumps(probe.tolist()) + "\n")
        self._process.stdin.flush()
        return self._read()

    def memory(self) -> dict[str, float]:
        """Megabytes: resident, and with what processes share shared out among them."""
        info = self._process.memory_full_info()
        return {"rss": info.rss / MB, "pss": getattr(info, "pss", info.rss) / MB}

    def _read(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        """It ends as soon as there are no more lines."""
        self._process.stdin.close()
        self._process.wait()
