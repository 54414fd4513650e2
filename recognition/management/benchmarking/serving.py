"""From an upload to its answer over HTTP, as somebody at a browser waits for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import repeat
from typing import Any

import numpy as np

from ml.evaluation.timing import Spread
from recognition.management.benchmarking.site import Site
from recognition.management.visitor import Visitor

Measured = dict[str, Any]


def start(site: Site, photo: bytes) -> Measured:
    """Seconds from the start of a site until pages come, until it is ready, and until its first
    photo, sent as soon as it was, is answered."""
    web, ready = (site.seconds_until(path) for path in ("/healthz", "/readyz"))
    (visitor,) = site.visitors(1)
    first = _upload_to_answer(visitor, [photo])
    return {"web_s": web, "ready_s": ready, "first_answer_ms": first}


def alone(visitor: Visitor, photos: Sequence[bytes]) -> Measured:
    """One photo after the other, on a site of which nobody wants anything else."""
    return _spread([_upload_to_answer(visitor, [photo]) for photo in photos])


def batches(visitor: Visitor, photos: Sequence[bytes], size: int) -> Measured:
    """Several photos in one upload, until all of them are answered: milliseconds a photo."""
    starts = range(0, len(photos), size)
    return _spread([_upload_to_answer(visitor, photos[at : at + size]) / size for at in starts])


def together(visitors: Sequence[Visitor], photos: Sequence[bytes]) -> Measured:
    """Each visitor sends all the photos, the next one as soon as the former is answered."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(visitors)) as threads:
        taken = [ms for own in threads.map(_one_by_one, visitors, repeat(photos)) for ms in own]
    rate = len(taken) / (time.perf_counter() - began)
    return {"users": len(visitors), "photos_per_second": rate, "ms": _spread(taken)}


def _one_by_one(visitor: Visitor, photos: Sequence[bytes]) -> list[float]:
    return [_upload_to_answer(visitor, [photo]) for photo in photos]


def _upload_to_answer(visitor: Visitor, photos: Sequence[bytes]) -> float:
    started = time.perf_counter()
    visitor.wait_for_answer(visitor.upload(photos))
    return (time.perf_counter() - started) * 1e3


def _spread(taken: Sequence[float]) -> Measured:
    return {**asdict(Spread.of(taken)), "p95": float(np.percentile(taken, 95))}
