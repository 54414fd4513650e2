"""Trying again what has failed, as long as its uploaded bytes are kept."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from recognition.models import Status
from recognition.models.work import PhotoWork, kinds
from recognition.services.work import queue

Row = TypeVar("Row", bound=PhotoWork)

_AS_NEW: dict[str, Any] = {
    "status": Status.QUEUED,
    "error_code": "",
    "failures": 0,
    "setbacks": 0,
    "waits_for": "",
    "set_back_at": None,
    "due_at": None,
    "claimed_at": None,
    "finished_at": None,
}


def kept(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of these rows that can be tried again."""
    return rows.filter(status=Status.FAILED).exclude(original="")


def retry(rows: QuerySet[Row]) -> int:
    """Let rows wait as if they were new; returns how many. Twice at the same moment is once."""
    with transaction.atomic():
        ids = list(kept(rows).values_list("pk", flat=True))
        again = kept(rows).filter(pk__in=ids).update(**_AS_NEW)
        queue.enqueue_on_commit(rows.model, ids)
    return again


def retry_all() -> int:
    return sum(retry(model._default_manager.all()) for model in _photo_work())


def count_kept() -> int:
    return sum(kept(model._default_manager.all()).count() for model in _photo_work())


def _photo_work() -> list[type[PhotoWork]]:
    return [model for model in kinds() if issubclass(model, PhotoWork)]
