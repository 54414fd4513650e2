"""Dealings with the broker, none of which takes long when it is down or hangs."""

from __future__ import annotations

from typing import Any

from celery import current_app
from kombu import Connection
from kombu.exceptions import ChannelError

from facesite.broker import TIMEOUT, connection


def waiting_messages(queue: str, *, first_lane: bool = False) -> int | None:
    """How many messages wait in a queue, or in its first lane; None if the broker cannot be
    reached."""
    try:
        with connection() as opened:
            return _first_lane(opened, queue) if first_lane else _length(opened, queue)
    except Exception:  # every transport has errors of its own, and all mean the same here
        return None


def _first_lane(opened: Connection, queue: str) -> int:
    channel: Any = opened.default_channel
    return int(channel.client.llen(queue))


def _length(opened: Connection, queue: str) -> int:
    channel: Any = opened.default_channel
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except ChannelError:  # Redis knows no empty queues
        return 0


def a_worker_answers() -> bool:
    """Whether at least one worker answers a ping. Its children may hang all the same."""
    try:
        with connection() as opened:
            return bool(current_app.control.ping(timeout=TIMEOUT, limit=1, connection=opened))
    except Exception:
        return False
