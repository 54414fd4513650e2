"""Work on many files at once, without holding them all in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 2
LOOKAHEAD = 64
"""Items that are worked on before anybody asks for their results."""

Progress = Callable[[int, int], None]
"""Called with the number of photos done and the number of all."""

T = TypeVar("T")
R = TypeVar("R")


def ahead(function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Map in threads, a few items ahead: reading and decoding go on beside the networks.

    `Executor.map` would run through all photos at once and hold every one in memory.
    """
    pool = ThreadPoolExecutor(THREADS)
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= LOOKAHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
