"""From an upload to its answer over HTTP, as somebody at a browser waits for it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from http.client import HTTPConnection
from itertools import repeat
from typing import Any, Final, Protocol

import numpy as np

from ml.evaluation.timing import Spread
from recognition.management.benchmarking import accounts
from recognition.management.benchmarking.site import Site, inside
from recognition.management.visitor import TIMEOUT_SECONDS, form

WAIT: Final = 20
"""Seconds for which the API holds an answer back."""

Measured = dict[str, Any]


class Asking(Protocol):
    """Somebody who uploads photos and waits for the answer to all of them."""

    def ask(self, photos: Sequence[bytes]) -> object: ...


class Program:
    """One that asks over the API, and has the site hold the answer back until there is one."""

    def __init__(self, port: int, secret: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, photos: Sequence[bytes]) -> object:
        """What it answers; raises `TimeoutError` if that is not all."""
        content, body = form({}, photos)
        headers = {**self._headers, "Content-Type": content}
        self._connection.request("POST", f"/api/v1/identifications?wait={WAIT}", body, headers)
        told = self._connection.getresponse()
        answer = json.loads(told.read())
        if told.status != 200:
            raise TimeoutError(answer)
        return answer


def start(site: Site, photo: bytes) -> Measured:
    """Seconds from the start of a site until pages come, until it is ready, and until its first
    photo, sent as soon as it was, is answered."""
    web, ready = (site.seconds_until(path) for path in ("/healthz", "/readyz"))
    (visitor,) = site.visitors(1)
    first = _upload_to_answer(visitor, [photo])
    return {"web_s": web, "ready_s": ready, "first_answer_ms": first}


def alone(visitor: Asking, photos: Sequence[bytes]) -> Measured:
    """One photo after the other, on a site of which nobody wants anything else."""
    return _spread([_upload_to_answer(visitor, [photo]) for photo in photos])


def batches(visitor: Asking, photos: Sequence[bytes], size: int) -> Measured:
    """Several photos in one upload, until all of them are answered: milliseconds a photo."""
    starts = range(0, len(photos), size)
    return _spread([_upload_to_answer(visitor, photos[at : at + size]) / size for at in starts])


def together(site: Site, visitors: Sequence[Asking], photos: Sequence[bytes]) -> Measured:
    """Each visitor sends all the photos, the next one as soon as the former is answered. What the
    processes of the site compute for it is told for one photo."""
    began, before = time.perf_counter(), site.processor_seconds()
    with ThreadPoolExecutor(len(visitors)) as threads:
        taken = [ms for own in threads.map(_one_by_one, visitors, repeat(photos)) for ms in own]
    rate = len(taken) / (time.perf_counter() - began)
    computed = {
        role: (seconds - before[role]) / len(taken) * 1e3
        for role, seconds in site.processor_seconds().items()
    }
    return {
        "users": len(visitors),
        "photos_per_second": rate,
        "ms": _spread(taken),
        "processor_ms": computed,
    }


def _one_by_one(visitor: Asking, photos: Sequence[bytes]) -> list[float]:
    return [_upload_to_answer(visitor, [photo]) for photo in photos]


def _upload_to_answer(visitor: Asking, photos: Sequence[bytes]) -> float:
    started = time.perf_counter()
    visitor.ask(photos)
    return (time.perf_counter() - started) * 1e3


def programs(site: Site, number: int) -> list[Program]:
    """Each with an account of its own."""
    secrets = inside(site.data_dir, accounts.tokens, number)
    return [Program(site.port, secret) for secret in secrets]


def _spread(taken: Sequence[float]) -> Measured:
    return {**asdict(Spread.of(taken)), "p95": float(np.percentile(taken, 95))}
