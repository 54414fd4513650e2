"""Finding work that was lost on its way, and ending work that has no hope left or had its time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import Enrolment, Identification, Status, Trial
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services.photos import orphans
from recognition.services.promotion import serving, trials
from recognition.services.training import turns
from recognition.services.versions import registry
from recognition.services.work import queue

FORGOTTEN_AFTER = dt.timedelta(seconds=20)
"""A row that has waited for longer may have lost its message."""

Row = TypeVar("Row", Identification, Enrolment, Trial)


@dataclass(frozen=True)
class Swept:
    requeued: int
    failed: int


def sweep() -> Swept:
    """Send once more what was lost, end as failed what was tried often enough, and drop what is
    kept for a while only."""
    trials.drop_old()
    orphans.remove_when_due()
    failed = _end_hopeless(Identification) + _end_hopeless(Enrolment) + _end_hopeless(Trial)
    requeued = _requeue(Identification) + _requeue(Enrolment) + _requeue(Trial)
    return Swept(requeued + serving.sweep() + turns.sweep(), failed)


def _end_hopeless(model: type[Row]) -> int:
    hopeless = list(_abandoned(model).filter(attempts__gte=MAX_ATTEMPTS))
    for row in hopeless:
        queue.fail(row, "gave_up")
    return len(hopeless)


def _requeue(model: type[Row]) -> int:
    if registry.problem() is not None:  # a worker could only put them back
        return 0
    lost = (_abandoned(model) | _forgotten(model)).order_by("created_at")
    return queue.enqueue_again(model, lost.values_list("pk", flat=True))


def _abandoned(model: type[Row]) -> QuerySet[Row]:
    before = timezone.now() - STALE_AFTER
    return model._default_manager.filter(status=Status.RUNNING, claimed_at__lt=before)


def _forgotten(model: type[Row]) -> QuerySet[Row]:
    before = timezone.now() - FORGOTTEN_AFTER
    return model._default_manager.filter(status=Status.QUEUED, created_at__lt=before)
