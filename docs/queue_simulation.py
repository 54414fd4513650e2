"""How many workers a site needs, by simulation: `python docs/queue_simulation.py`.

First a site with all its parts on one machine, asked as `manage.py benchmark --only http` asks one
over the API: so many clients, each sending the next photo when the last is answered. That can be
measured, and is how the model is checked. Then workers with a core each, and photos that come by
chance. What a photo takes are figures of docs/scaling.md. No part of the product: nothing imports
it.
"""

from __future__ import annotations

import heapq
import sys
from collections import deque

import numpy as np
import numpy.typing as npt

WEB, WORKER = 0.048, 0.087
"""Seconds of a core that the web process and a worker spend on one photo."""
UNLIKE = 0.35
"""How unlike photos are in that: the deviation of the logarithm."""
CORES, CLIENTS = 2, 16
SOON = 1e-9
PHOTOS = 100_000
RATE = 100.0
WORKERS = (9, 10, 11, 12, 14, 18)

Doubles = npt.NDArray[np.float64]


def services(mean: float, photos: int, rng: np.random.Generator) -> Doubles:
    return rng.lognormal(np.log(mean) - UNLIKE**2 / 2, UNLIKE, photos)


def on_one_machine(workers: int, photos: int, rng: np.random.Generator) -> float:
    """Photos a second where web process and workers share the cores.

    The web process has many threads, of which one at a time runs, and does its part before the
    photo waits for a worker.
    """
    received = deque(services(WEB, CLIENTS, rng))
    queued: deque[float] = deque()
    busy: list[float] = []
    clock, answered = 0.0, 0
    while answered < photos:
        speed = min(1.0, CORES / (len(busy) + bool(received)))
        step = min([*busy, *list(received)[:1]])
        clock += step / speed
        busy = [left - step for left in busy]
        done = sum(left < SOON for left in busy)
        busy = [left for left in busy if left >= SOON]
        if received:
            received[0] -= step
            if received[0] < SOON:
                received.popleft()
                queued.append(float(services(WORKER, 1, rng)[0]))
        answered += done
        received.extend(services(WEB, done, rng))
        while queued and len(busy) < workers:
            busy.append(queued.popleft())
    return answered / clock


def waits(workers: int, rate: float, rng: np.random.Generator) -> Doubles:
    """Seconds that each of many photos waits for a worker, the first to come being served first."""
    arrivals = np.cumsum(rng.exponential(1 / rate, PHOTOS))
    free = [0.0] * workers
    waited = np.empty(PHOTOS)
    for number, (arrival, service) in enumerate(
        zip(arrivals, services(WORKER, PHOTOS, rng), strict=True)
    ):
        start = max(arrival, free[0])
        heapq.heapreplace(free, start + service)
        waited[number] = start - arrival
    return waited


def main() -> None:
    sys.stdout.write("| workers on one machine | photos a second |\n| --- | ---: |\n")
    for workers in (1, 2):
        speed = on_one_machine(workers, 5_000, np.random.default_rng(1))
        sys.stdout.write(f"| {workers} | {speed:.1f} |\n")
    sys.stdout.write(f"\n| workers at {RATE:.0f} photos a second | busy | wait, median | 99 % |\n")
    sys.stdout.write("| ---: | ---: | ---: | ---: |\n")
    for workers in WORKERS:
        seconds = waits(workers, RATE, np.random.default_rng(1))
        middle, late = np.quantile(seconds, (0.5, 0.99))
        busy = RATE * WORKER / workers
        sys.stdout.write(f"| {workers} | {busy:.0%} | {middle:.2f} s | {late:.2f} s |\n")


if __name__ == "__main__":
    main()
