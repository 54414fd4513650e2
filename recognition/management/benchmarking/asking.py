"""A process that knows the gallery as a worker does, and both ends of the pipe to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from time import perf_counter
from typing import Any, Self

import numpy as np

from ml.calibration import CANDIDATES
from ml.experiments.answering import Answering
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


class Worker(Answering):
    """The other end: `start_seconds` is how long it took until the first answer."""

    def __init__(self) -> None:
        began = perf_counter()
        super().__init__(called(serve))
        self.first = self.read()
        self.start_seconds = perf_counter() - began

    @classmethod
    @contextmanager
    def several(cls, number: int) -> Iterator[Sequence[Self]]:
        """Some of them, started one after the other, and ended in the end."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(cls())) for _ in range(number)]

    def look_up(self, probe: Floats) -> dict[str, Any]:
        """See `serve`."""
        return self.ask(json.dumps(probe.tolist()))

    def memory(self) -> dict[str, float]:
        """Megabytes: resident, and with what processes share shared out among them."""
        info = self._process.memory_full_info()
        return {"rss": info.rss / MB, "pss": getattr(info, "pss", info.rss) / MB}
