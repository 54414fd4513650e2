"""How the site is doing, for its status page."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from facesite import pulse, space
from recognition.models import UNFINISHED, EnrolledFace, Person, Status
from recognition.models.work import PHOTOS, QueuedWork, kinds
from recognition.services.versions import registry
from recognition.services.work import broker
from recognition.services.work.retrying import count_kept

STANDSTILL_AFTER: Final = dt.timedelta(minutes=1)


class Worker(StrEnum):
    """A worker that answers a ping may still have children that hang: work has to get done too."""

    READY = "ready"
    AWAY = "away"
    STUCK = "stuck"


@dataclass(frozen=True)
class ModelStatus:
    """The active version; `problem` is the code of what is wrong with its file at `path`, and
    `command` mends it."""

    name: str
    problem: str
    path: str
    command: str


@dataclass(frozen=True)
class Progress:
    """Work that is not done yet, since when the oldest has waited, since when the oldest has that
    nothing but the worker keeps waiting, and when the last one ended."""

    waiting: int
    waiting_since: dt.datetime | None
    expected_since: dt.datetime | None
    last_finished: dt.datetime | None

    @property
    def stands_still(self) -> bool:
        before = timezone.now() - STANDSTILL_AFTER
        if self.expected_since is None or self.expected_since > before:
            return False
        return self.last_finished is None or self.last_finished < before


@dataclass(frozen=True)
class SetBack:
    """Photos that wait for the place to be mended: what was wrong with it (a code of
    `services.work.faults`), how many, and since when it was so."""

    code: str
    photos: int
    since: dt.datetime


@dataclass(frozen=True)
class SiteStatus:
    """`failed` are the photos that can be tried again."""

    model: ModelStatus
    broker_reachable: bool
    worker: Worker
    progress: Progress
    people: int
    photos: int
    set_back: tuple[SetBack, ...]
    failed: int
    restarts: tuple[pulse.Restart, ...]

    @property
    def healthy(self) -> bool:
        return not self.model.problem and self.broker_reachable and self.worker == Worker.READY


def site() -> SiteStatus:
    """How the site is doing. Takes two seconds at the most, when broker or worker do not answer."""
    model, now = _model(), progress()
    reachable = broker.waiting_messages(PHOTOS) is not None
    worker = _worker() if reachable else Worker.AWAY
    silent = any(sign.silent for sign in pulse.signs())
    if worker == Worker.READY and (silent or (now.stands_still and not model.problem)):
        worker = Worker.STUCK
    return SiteStatus(
        model=model,
        broker_reachable=reachable,
        worker=worker,
        progress=now,
        people=Person.objects.filter(faces__isnull=False).distinct().count(),
        photos=EnrolledFace.objects.count(),
        set_back=tuple(_set_back()),
        failed=count_kept(),
        restarts=tuple(pulse.restarts()),
    )


def worker_is_to_blame() -> bool:
    """Whether nothing is answered, and neither the model nor the disk explains it."""
    return progress().stands_still and registry.problem() is None and space.is_there()


def _model() -> ModelStatus:
    version, error = registry.active(), registry.problem()
    return ModelStatus(
        name=version.name if version else "",
        problem=error.code if error else "",
        path=error.path if error else "",
        command=registry.mending_command(error) if error else "",
    )


def _worker() -> Worker:
    return Worker.READY if broker.a_worker_answers() else Worker.AWAY


def _set_back() -> Iterator[SetBack]:
    found: dict[str, list[tuple[int, dt.datetime]]] = defaultdict(list)
    for model in kinds():
        waiting = model._default_manager.filter(status=Status.QUEUED).exclude(waits_for="")
        counted = waiting.order_by().values_list("waits_for")
        for code, photos, since in counted.annotate(Count("pk"), Min("set_back_at")):
            found[code].append((photos, since))
    for code, groups in sorted(found.items()):
        yield SetBack(code, sum(photos for photos, _ in groups), min(since for _, since in groups))


def progress() -> Progress:
    rows = [_progress_of(model) for model in kinds() if model.kind.queue == PHOTOS]
    return Progress(
        waiting=sum(row["waiting"] for row in rows),
        waiting_since=min((row["since"] for row in rows if row["since"]), default=None),
        expected_since=min((row["expected"] for row in rows if row["expected"]), default=None),
        last_finished=max((row["last"] for row in rows if row["last"]), default=None),
    )


def _progress_of(model: type[QueuedWork]) -> dict[str, Any]:
    """Two questions: asked at once, both would look at every row there is."""
    rows = model._default_manager.all()
    waiting = rows.filter(status__in=UNFINISHED).aggregate(
        waiting=Count("pk"),
        since=Min("created_at"),
        expected=Min("created_at", filter=Q(waits_for="")),
    )
    return waiting | rows.aggregate(last=Max("finished_at"))
