"""The way to the broker that takes no time when it is down or hangs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from celery import current_app
from kombu import Connection

TIMEOUT: Final = 1  # second


@contextmanager
def connection() -> Iterator[Connection]:
    """A connection of its own. One from Celery's pool may have gone stale, and would wait for ever
    for a broker that has accepted it and then hangs."""
    patient = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT, "max_retries": 0}
    with current_app.connection_for_write(transport_options=patient) as connection:
        connection.ensure_connection(max_retries=0, timeout=TIMEOUT)
        yield connection
