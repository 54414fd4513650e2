"""Finding work that was lost on its way, and ending work that has no hope left or had its time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import QueuedWork, Status
from recognition.models.work import MAX_ATTEMPTS, kinds
from recognition.services.photos import orphans
from recognition.services.promotion import serving, trials
from recognition.services.training import turns
from recognition.services.versions import registry
from recognition.services.work import queue

FORGOTTEN_AFTER = dt.timedelta(seconds=20)
"""A row that has waited for longer may have lost its message."""


@dataclass(frozen=True)
class Swept:
    requeued: int
    failed: int


def sweep() -> Swept:
    """Send once more what was lost, end as failed what was tried often enough, and drop what is
    kept for a while only."""
    trials.drop_old()
    orphans.remove_when_due()
    swept = [model for model in kinds() if not model.kind.take_turns]
    failed = sum(map(_end_hopeless, swept))
    requeued = sum(map(_requeue, swept))
    return Swept(requeued + serving.sweep() + turns.sweep(), failed)


def _end_hopeless(model: type[QueuedWork]) -> int:
    hopeless = list(_abandoned(model).filter(attempts__gte=MAX_ATTEMPTS))
    for row in hopeless:
        queue.fail(row, "gave_up")
    return len(hopeless)


def _requeue(model: type[QueuedWork]) -> int:
    if model.kind.needs_networks and registry.problem():  # a worker could only put them back
        return 0
    lost = (_abandoned(model) | _forgotten(model)).order_by("created_at")
    return queue.enqueue_again(model, lost.values_list("pk", flat=True))


def _abandoned(model: type[QueuedWork]) -> QuerySet[QueuedWork]:
    before = timezone.now() - model.kind.stale_after
    return model._default_manager.filter(status=Status.RUNNING, claimed_at__lt=before)


def _forgotten(model: type[QueuedWork]) -> QuerySet[QueuedWork]:
    before = timezone.now() - FORGOTTEN_AFTER
    return model._default_manager.filter(status=Status.QUEUED, created_at__lt=before)
