"""How stored work reaches a worker, and what happens when a worker cannot finish it.

The row is the truth and the queue only carries its id: nothing here may fail an upload, and
anything here may happen twice.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from celery import Task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from kombu import Producer

from ml.errors import ArtifactError, PhotoRejected
from recognition.models import (
    Enrolment,
    Identification,
    ModelVersion,
    Status,
    TrainingRun,
    Trial,
)
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services.photos import files
from recognition.services.versions import predictors
from recognition.services.work import broker

log = logging.getLogger(__name__)

QUEUE_TOP_UP = 500
"""The sweeper fills the queue up to this many messages, so that waiting rows are not sent again
and again while a long queue is being worked off."""

Row = TypeVar("Row", Identification, Enrolment, Trial)
Ids = Iterable[UUID | int]


class OriginalMissing(Exception):
    """The stored bytes of a photo are gone; no later attempt will find them."""


def enqueue_on_commit(model: type[Model], ids: Ids) -> None:
    transaction.on_commit(partial(enqueue, model, list(ids)), robust=True)


def enqueue(model: type[Model], ids: Ids) -> int:
    """Send a message for each row; gives up at the first that the broker does not take."""
    task, sent, ids = _task_for(model), 0, list(ids)
    if not ids:
        return 0
    try:
        with broker.connection() as connection:
            producer = Producer(connection, auto_declare=False)
            for pk in ids:
                task.apply_async((str(pk),), producer=producer, retry=False)
                sent += 1
    except Exception as error:  # whatever is wrong with the broker, the rows are safe
        log.warning("The broker takes no messages, the sweeper will try again: %s", error)
    return sent


def enqueue_again(model: type[Model], ids: Sequence[UUID | int] | QuerySet[Any, Any]) -> int:
    """Send a message for rows that may have lost theirs, as far as their queue has room."""
    waiting = list(ids[:QUEUE_TOP_UP])
    return enqueue(model, waiting[: _room_for(model)]) if waiting else 0


def _room_for(model: type[Model]) -> int:
    """Rows on the other queue only have a process started, which takes a moment: while a message
    waits there, nobody takes them, and one more would not help."""
    if model in {Identification, Enrolment}:
        return max(0, QUEUE_TOP_UP - (broker.waiting_messages(broker.PHOTOS) or 0))
    return 0 if broker.waiting_messages(broker.TRAINING) else QUEUE_TOP_UP


def _task_for(model: type[Model]) -> Task[Any, Any]:
    from recognition import tasks  # noqa: PLC0415  (tasks import the services)

    of: dict[type[Model], Task[Any, Any]] = {
        Identification: tasks.identify,
        Enrolment: tasks.enrol,
        TrainingRun: tasks.train,
        ModelVersion: tasks.train_promotion,
        Trial: tasks.train_trial,
    }
    return of[model]


def attempt(row: Row, work: Callable[[Row], None], *, redelivered: bool) -> None:
    """Claim a row and do its work once; does nothing if the row is final or somebody has it.

    A redelivered message says that the worker which had it is gone, so its row need not go stale
    first. Should that worker live after all, it writes nothing: see `still_ours`.
    """
    if not _model_is_ready(row):
        return
    stale_after = dt.timedelta(0) if redelivered else STALE_AFTER
    if _was_abandoned_for_good(row, stale_after):
        fail(row, "gave_up")
    elif row.claim(stale_after=stale_after):
        _work_on(row, work)


def _model_is_ready(row: Row) -> bool:
    """Looked at before the claim: a photo waits for its model, however long that takes."""
    try:
        predictors.active()
    except ArtifactError as error:
        log.error("%s waits for a model: %s", row.pk, error)
        return False
    return True


def _was_abandoned_for_good(row: Row, stale_after: dt.timedelta) -> bool:
    """Whether its last attempt ended without a word, as with a photo that kills its worker."""
    return (
        row.status == Status.RUNNING
        and row.attempts >= MAX_ATTEMPTS
        and row.claimed_at is not None
        and row.claimed_at < timezone.now() - stale_after
    )


def _work_on(row: Row, work: Callable[[Row], None]) -> None:
    try:
        with _time_limit_seen():
            work(row)
    except PhotoRejected as rejection:
        reject(row, rejection.code)
    except OriginalMissing:
        log.error("The stored photo of %s is gone.", row.pk)
        fail(row, "original_missing")
    except Exception as error:
        if row.attempts >= MAX_ATTEMPTS:
            fail(row, "timed_out" if isinstance(error, SoftTimeLimitExceeded) else "gave_up")
        raise  # the row goes stale and is tried again


@contextmanager
def _time_limit_seen() -> Iterator[None]:
    """The limit may run out in the middle of decoding, where every error speaks of the photo."""
    try:
        yield
    except PhotoRejected as rejection:
        if isinstance(rejection.__cause__, SoftTimeLimitExceeded):
            raise rejection.__cause__ from None
        raise


def read_original(row: Row) -> bytes:
    if not row.original:
        raise OriginalMissing
    try:
        with row.original.open() as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise OriginalMissing from error


def still_ours(row: Row) -> QuerySet[Row]:
    """The row, as long as nobody claimed or finished it since: the guard of every result.

    The number of attempts tells one claim from the next.
    """
    rows: QuerySet[Row] = type(row)._default_manager.filter(pk=row.pk)
    return rows.filter(status=Status.RUNNING, attempts=row.attempts)


def reject(row: Row, code: str) -> None:
    _end(row, Status.REJECTED, code)


def fail(row: Row, code: str) -> None:
    _end(row, Status.FAILED, code)


def _end(row: Row, status: Status, code: str) -> None:
    with transaction.atomic():
        if row.finish(status, code):
            drop_original(row)


def drop_original(row: Row) -> None:
    """Nobody needs the uploaded bytes once their row is final."""
    type(row)._default_manager.filter(pk=row.pk).update(original="")
    files.delete_on_commit([row.original.name or ""])
