"""The way to the broker that takes no time when it is down or hangs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from celery import current_app
from kombu import Connection
from kombu.pools import connections

TIMEOUT: Final = 1  # second
KEPT: Final = 10
"""Seconds for which a connection that nobody uses is still trusted: networks drop what is idle for
longer, and tell neither end."""


@contextmanager
def connection() -> Iterator[Connection]:
    """A connection of its own. One from Celery's pool may have gone stale, and would wait for ever
    for a broker that has accepted it and then hangs."""
    with _unopened() as connection:
        connection.ensure_connection(max_retries=0, timeout=TIMEOUT)
        yield connection


@contextmanager
def kept_connection() -> Iterator[Connection]:
    """One that served well a moment ago, if there is one: over a new one a message takes four times
    the processor time. What the broker itself has closed is opened again."""
    pooled: Any = connections[_unopened()].acquire(block=True, timeout=TIMEOUT)
    with pooled:
        if time.monotonic() > getattr(pooled, "kept_until", 0):
            pooled.collect()
        pooled.kept_until = 0
        pooled.ensure_connection(max_retries=0, timeout=TIMEOUT)
        yield pooled
        pooled.kept_until = time.monotonic() + KEPT


def _unopened() -> Connection:
    patient = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT, "max_retries": 0}
    return current_app.connection_for_write(transport_options=patient)
