"""Following a training into its row: progress, and signs that its process lives."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Thread
from typing import Any, Final

from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

from ml.training.events import Callback, Epoch, Event, Note, Progress, Step
from recognition.models import Status, TrainingRun

log = logging.getLogger(__name__)

WRITE_SECONDS: Final = 1.0
"""Between two writes of progress, at the least."""
PULSE_SECONDS: Final = 20.0
"""Between two signs of life while nothing is told."""


class Overtaken(Exception):
    """The run belongs to another process, which took this one for dead; or somebody ended it."""


class Interrupted(KeyboardInterrupt):
    """The process is asked to end, as when the site stops: the run goes on with the next start."""


class StopRequested(KeyboardInterrupt):
    """Somebody asked on the site for the run to stop."""


class Follower:
    """Writes what a training tells into its row, at most once a second, and passes it on.

    What cannot be written now, as while somebody else has the database, is written with the next:
    bookkeeping must not end a training.
    """

    def __init__(self, run: TrainingRun, callback: Callback) -> None:
        self._run, self._callback = run, callback
        self._unwritten: dict[str, Any] = {}
        self._written = -WRITE_SECONDS

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(phase=phase, done=done, total=total):
                self._enter(str(phase), done, total)
            case Note(message=message):
                lines = [line for line in (self._run.message, message) if line]
                self._write({"message": "\n".join(lines)}, at_once=True)
            case Step():
                self._write({"progress": asdict(event)})
            case Epoch():
                history = [*self._run.history, asdict(event)]
                self._write({"history": history, "attempts": 1}, at_once=True)
        self._callback(event)

    def _enter(self, phase: str, done: int, total: int) -> None:
        news = {"phase": phase, "phase_done": done, "phase_total": total}
        self._write(news, at_once=phase != self._run.phase)

    def _write(self, news: dict[str, Any], *, at_once: bool = False) -> None:
        for name, value in news.items():
            setattr(self._run, name, value)
        self._unwritten |= news
        now = time.monotonic()
        if not at_once and now - self._written < WRITE_SECONDS:
            return
        self._written = now
        try:
            show_life(self._run, **self._unwritten)
        except DatabaseError as error:
            log.warning("The progress of %s is written later: %s", self._run, error)
        else:
            self._unwritten = {}


def ours(run: TrainingRun) -> QuerySet[TrainingRun]:
    """The row, as long as nobody took it over or ended it since this process claimed it."""
    claim = {"status": Status.RUNNING, "claimed_at": run.claimed_at}
    return TrainingRun.objects.filter(pk=run.pk, **claim)


def show_life(run: TrainingRun, **news: Any) -> None:
    """Write news and the time. Raises `Overtaken` or `StopRequested` instead of going on."""
    rows = ours(run)
    if not rows.update(heartbeat_at=timezone.now(), **news):
        raise Overtaken
    if rows.filter(stop_requested=True).exists():
        raise StopRequested


@contextmanager
def pulse(run: TrainingRun) -> Iterator[None]:
    """Give signs of life while nothing is told, too, as when TensorFlow loads on a busy machine."""
    over = threading.Event()
    thread = Thread(target=_beat, args=(run, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(run: TrainingRun, over: threading.Event) -> None:
    while not over.wait(PULSE_SECONDS):
        try:
            ours(run).update(heartbeat_at=timezone.now())
        except DatabaseError as error:
            log.warning("No sign of life from %s: %s", run, error)
        finally:
            connection.close()
