"""The queue between a photo and its answer. Imports nothing heavy: the web process loads it too."""

from __future__ import annotations

import logging
import os
import time
import warnings
from typing import Any, Final

from celery import Celery, bootsteps
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_init, worker_process_init
from django.db import DatabaseError, connections
from kombu.exceptions import OperationalError
from kombu.transport.redis import Transport

from facesite import counting, pulse
from facesite.messages import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facesite.settings")
# Django's checks load all pages: 30 MB, and half a second of a worker's start, for nothing.
os.environ.setdefault("SKIP_CHECKS", "yes")
# Workers in containers run as root. What Celery warns of is code in messages, and ours are JSON.
warnings.simplefilter("ignore", SecurityWarning)

Transport.Channel = Channel  # there is no setting for the class of channels

log = logging.getLogger(__name__)
app = Celery("facesite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SWEEP_SECONDS: Final = 5
TIDY_SECONDS: Final = 60
IN_VAIN_SECONDS: Final = 60
"""So long a worker may take to answer the first photo after a standstill, as when it starts."""


class Loop:
    """Whether the worker's own loop goes round, and gets work done. While there is no broker, there
    is no loop. One that has lost its way to the broker may go round and never take a message."""

    seen: float | None = None
    idle_since: float | None = None

    def begin(self) -> None:
        self.seen = time.monotonic()

    def end(self) -> None:
        self.seen = self.idle_since = None

    def note(self, *, work_gets_done: bool) -> None:
        self.idle_since = None if work_gets_done else self.idle_since or time.monotonic()

    def goes_round(self) -> bool:
        now = time.monotonic()
        if self.idle_since is not None and now - self.idle_since > IN_VAIN_SECONDS:
            return False
        return self.seen is None or now - self.seen < pulse.SILENT_AFTER


loop = Loop()


class Sweeping(bootsteps.StartStopStep):
    """Every worker sweeps as soon as it reaches the broker, and then every few seconds.

    It does so itself, between two messages, and not in a child of it: a task for that would wait
    behind all photos, and behind one that takes long. Celery's own scheduler would be one more
    process of 100 MB. Two workers sweep twice as often, which changes nothing.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, _consumer: Any, **_: Any) -> None:
        self.entries: list[Any] = []

    def start(self, consumer: Any) -> None:
        self.stop(consumer)
        loop.begin()
        sweep()
        timer = consumer.timer
        self.entries = [
            timer.call_repeatedly(SWEEP_SECONDS, sweep),
            timer.call_repeatedly(TIDY_SECONDS, ask_to_tidy),
            timer.call_repeatedly(pulse.EVERY, loop.begin),
        ]

    def stop(self, _consumer: Any) -> None:
        """Done before a new start, too: the timer may outlive the connection, with its entries."""
        loop.end()
        for entry in self.entries:
            entry.cancel()


def sweep() -> None:
    """Takes milliseconds. Children that start later must not inherit the connection."""
    try:
        loop.note(work_gets_done=app.tasks["recognition.tasks.sweep"]())
    except DatabaseError as error:
        log.warning("No sweep, the database cannot be reached: %s", str(error).strip())
    finally:
        connections.close_all()


def ask_to_tidy() -> None:
    """Send a task for a child of the worker. It expires, since such tasks must not pile up."""
    try:
        app.send_task("recognition.tasks.tidy", expires=TIDY_SECONDS)
    except OperationalError as error:
        log.warning("Nothing is tidied up, the broker cannot be reached: %s", error)


app.steps["consumer"].add(Sweeping)


@setup_logging.connect
def leave_the_log_to_the_settings(**_: Any) -> None:
    """Celery's own lines would look different from all others."""


@worker_init.connect
def begin_pulse_of_the_worker(**_: Any) -> None:
    pulse.begin("worker", loop.goes_round)
    counting.begin()


@worker_process_init.connect
def begin_pulse_of_a_child(**_: Any) -> None:
    pulse.begin("child")
    counting.begin()


@worker_process_init.connect
def say_what_is_loaded(**_: Any) -> None:
    """Once a process for each version, or something is wrong. In a terminal nobody needs that."""
    logging.getLogger("recognition.services.versions").setLevel(logging.INFO)
