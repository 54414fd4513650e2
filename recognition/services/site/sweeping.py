"""Finding work that was lost on its way, and dropping what is kept for a while only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from facesite import space
from recognition.models import QueuedWork, Status
from recognition.models.work import due, kinds, long_ago
from recognition.services.gallery import agreements, imports, looking, vectors
from recognition.services.identification import faceless
from recognition.services.privacy import retention, scrubbing
from recognition.services.promotion import serving, trials
from recognition.services.strangers import gathering
from recognition.services.training import turns
from recognition.services.versions import registry
from recognition.services.work import attempts, queue

FORGOTTEN_AFTER: Final = dt.timedelta(seconds=8)
"""A row that has waited for longer may have lost its message."""


@dataclass(frozen=True)
class Swept:
    requeued: int
    failed: int


def sweep() -> Swept:
    """Send once more what was lost, and let wait again what has lost its worker."""
    space.note_changes()
    failed = sum(map(_take_back, swept()))
    requeued = sum(map(_requeue, swept()))
    scrubbing.sweep()
    gathering.sweep()
    return Swept(requeued + serving.sweep() + turns.sweep(), failed)


def swept() -> list[type[QueuedWork]]:
    """Kinds of work that reach a worker one by one; the others have a queue of their own."""
    return [model for model in kinds() if not model.kind.take_turns]


def failed_long_ago() -> Q:
    """Rows whose bytes have been kept for long enough to try them again."""
    return Q(status=Status.FAILED, finished_at__lt=timezone.now() - settings.FAILED_KEPT_FOR)


def tidy() -> None:
    """Drop what has had its time, and count what has no count; what takes long does a process of
    its own."""
    agreements.end_what_is_over()
    retention.launch_when_due()
    trials.drop_old()
    looking.launch_when_due()
    vectors.launch_when_due()
    gathering.tidy()
    imports.drop_old()
    faceless.count_faces()
    for model in kinds():
        _drop_old_inputs(model)


def _drop_old_inputs(model: type[QueuedWork]) -> None:
    """Of rows that failed and that nobody has tried again. A file goes once no row names it."""
    for field in model.inputs:
        old = model._default_manager.filter(failed_long_ago())
        for row in old.exclude(**{field: ""}):
            attempts.drop_inputs(row)


def _take_back(model: type[QueuedWork]) -> int:
    """Returns how many of those that lost their worker have failed with it."""
    return sum(not attempts.take_back(row) for row in attempts.abandoned(model))


def _requeue(model: type[QueuedWork]) -> int:
    """The oldest goes past everybody: where the queue is never empty, one that has lost its message
    would wait for ever. Of rows that the place keeps waiting, only the oldest is tried."""
    lost = _lost(model).order_by("created_at")
    oldest = lost.values_list("pk", flat=True).first()
    if oldest is None or (model.kind.needs_networks and registry.problem()):
        return 0  # a worker could only put them back
    others = lost.filter(waits_for="").exclude(pk=oldest).values_list("pk", flat=True)
    return queue.enqueue_the_oldest(model, oldest) + queue.enqueue_again(model, others)


def _lost(model: type[QueuedWork]) -> QuerySet[QueuedWork]:
    """Rows that should have been taken by now."""
    before = timezone.now() - FORGOTTEN_AFTER
    forgotten = long_ago("created_at", before) & Q(waits_for="")
    put_off = Q(due_at__isnull=False)
    lost = (forgotten | put_off) & due(model.kind)
    return model._default_manager.filter(lost, status=Status.QUEUED)
