"""How stored work reaches a worker, and what happens when a worker cannot finish it.

The row is the truth and the queue only carries its id: nothing here may fail an upload, and
anything here may happen twice.
"""

from __future__ import annotations

import datetime as dt
import logging
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from kombu import Producer

from ml.errors import ArtifactError, PhotoRejected
from recognition.models import ModelVersion, QueuedWork, Status
from recognition.models.work import MAX_ATTEMPTS, PROCESSES, PhotoWork
from recognition.services.photos import files
from recognition.services.versions import predictors
from recognition.services.work import broker

log = logging.getLogger(__name__)

QUEUE_TOP_UP = 500
"""The sweeper fills the queue up to this many messages, so that waiting rows are not sent again
and again while a long queue is being worked off."""

LANES: Final = (1, 2, 3, 5, 8, 13, 21, 34, 55)
"""From how many rows of the same person before it on a message goes into which lane. The broker
empties the first lane first: the first photo of each comes before the second of anybody."""

Row = TypeVar("Row", bound=QueuedWork)
Work = type[QueuedWork] | type[ModelVersion]
Ids = Iterable[UUID | int]


class OriginalMissing(Exception):
    """The stored bytes of a photo are gone; no later attempt will find them."""


def enqueue_on_commit(model: Work, ids: Ids) -> None:
    transaction.on_commit(partial(enqueue, model, list(ids)), robust=True)


def enqueue(model: Work, ids: Ids) -> int:
    """Send a message for each row; gives up at the first that the broker does not take."""
    kind, sent, ids = model.kind, 0, list(ids)
    if not ids:
        return 0
    try:
        with broker.connection() as connection:
            producer = Producer(connection, auto_declare=False)
            for pk, lane in _lanes(model, ids):
                current_app.send_task(
                    kind.task,
                    (str(pk),),
                    queue=kind.queue,
                    priority=lane,
                    producer=producer,
                    retry=False,
                    ignore_result=True,
                )
                sent += 1
    except Exception as error:  # whatever is wrong with the broker, the rows are safe
        log.warning("The broker takes no messages, the sweeper will try again: %s", error)
    return sent


def _lanes(model: Work, ids: Sequence[UUID | int]) -> Iterator[tuple[UUID | int, int]]:
    """Each row, and the lane for its message."""
    before = _waiting_before(model, ids) if model.kind.owner else {}
    return ((pk, bisect(LANES, before.get(pk, 0))) for pk in ids)


def _waiting_before(model: Work, ids: Sequence[UUID | int]) -> dict[UUID | int, int]:
    """How many rows of the same person wait before each, of all whom these rows belong to."""
    owner = model.kind.owner
    rows: QuerySet[Any] = model._default_manager.all()
    owners = rows.filter(pk__in=ids).values(owner)
    waiting = rows.filter(status=Status.QUEUED, **{f"{owner}__in": owners})
    counted: Counter[int] = Counter()
    before = {}
    for pk, whose in waiting.order_by("created_at", "pk").values_list("pk", owner):
        before[pk] = counted[whose]
        counted[whose] += 1
    return before


def enqueue_again(model: Work, ids: Sequence[UUID | int] | QuerySet[Any, Any]) -> int:
    """Send a message for rows that may have lost theirs, as far as their queue has room."""
    waiting = list(ids[:QUEUE_TOP_UP])
    return enqueue(model, waiting[: _room_for(model)]) if waiting else 0


def _room_for(model: Work) -> int:
    """Where a message only has a process started, that takes a moment: while one waits there,
    nobody takes them, and one more would not help."""
    waiting = broker.waiting_messages(model.kind.queue) or 0
    if model.kind.queue == PROCESSES:
        return 0 if waiting else QUEUE_TOP_UP
    return max(0, QUEUE_TOP_UP - waiting)


def attempt(
    model: type[Row], pk: UUID | str, work: Callable[[Row], None], *, redelivered: bool = False
) -> None:
    """Claim the row that a message names and do its work once.

    Does nothing if the row is gone or final, or if somebody has it: a message may come twice, or
    late.

    A redelivered message says that the worker which had it is gone, so its row need not go stale
    first. Should that worker live after all, it writes nothing: see `still_ours`.
    """
    row = model._default_manager.filter(pk=pk).first()
    if row is None or row.is_final:
        return
    if row.kind.needs_networks and not _model_is_ready(row):
        return
    stale_after = dt.timedelta(0) if redelivered else row.kind.stale_after
    if _was_abandoned_for_good(row, stale_after):
        fail(row, "gave_up")
    elif row.claim(stale_after=stale_after):
        _work_on(row, work)


def _model_is_ready(row: Row) -> bool:
    """Whether there is a model. Asked before the claim: a photo waits for one, however long it
    takes."""
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
    """Notice when the time runs out while a photo is decoded, where every error speaks of it."""
    try:
        yield
    except PhotoRejected as rejection:
        if isinstance(rejection.__cause__, SoftTimeLimitExceeded):
            raise rejection.__cause__ from None
        raise


def read_original(row: PhotoWork) -> bytes:
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
            drop_inputs(row)


def drop_inputs(row: QueuedWork) -> None:
    """Delete the uploaded bytes of a row that is final: nobody needs them any more."""
    names = [getattr(row, field).name or "" for field in row.inputs]
    if names:
        type(row)._default_manager.filter(pk=row.pk).update(**dict.fromkeys(row.inputs, ""))
        files.delete_on_commit(names)
