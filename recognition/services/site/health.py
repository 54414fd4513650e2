"""Whether the site can do its work, for those who ask every few seconds and have no account."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from django.db import DatabaseError, connection

from facesite import pulse, space
from recognition.models.work import PHOTOS
from recognition.services.site import status
from recognition.services.versions import registry
from recognition.services.work import broker

PATIENCE: Final = 4
"""Seconds after which what has not answered counts as away."""


@dataclass(frozen=True)
class Health:
    """Each part is "ok", or one word on what is wrong with it."""

    database: str
    broker: str
    worker: str
    model: str
    disk: str

    @property
    def ready(self) -> bool:
        return self.disk != space.Space.FULL and all(
            part == "ok" for part in (self.database, self.broker, self.worker, self.model)
        )

    def as_json(self) -> dict[str, str | bool]:
        return {"ready": self.ready, **asdict(self)}


_asking = ThreadPoolExecutor(1, thread_name_prefix="health")
_asked: Future[Health] | None = None


def health() -> Health:
    """One question at a time: a server that hangs must not take one thread after another."""
    global _asked  # noqa: PLW0603  (one a process is the point)
    if _asked is None or _asked.done():
        _asked = _asking.submit(_ask)
    with suppress(TimeoutError):
        return _asked.result(PATIENCE)
    return Health("slow", "unknown", "unknown", "unknown", space.state())


def _ask() -> Health:
    try:
        model, moving, database = _model(), _work_goes_on(), "ok"
    except DatabaseError:
        model, moving, database = "unknown", True, "away"
    finally:
        connection.close()
    reachable = broker.waiting_messages(PHOTOS) is not None
    # A worker that has no model to ask is not to blame that nothing is answered.
    worker = _worker(moving=moving or model != "ok") if reachable else "unknown"
    return Health(database, "ok" if reachable else "away", worker, model, space.state())


def _model() -> str:
    error = registry.problem()
    return error.code if error else "ok"


def _work_goes_on() -> bool:
    return not status.progress().stands_still


def _worker(*, moving: bool) -> str:
    if not moving or any(sign.silent for sign in pulse.signs()):
        return "stuck"
    return "ok" if broker.a_worker_answers() else "away"
