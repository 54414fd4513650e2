"""How stored work reaches a worker.

The row is the truth and the queue only carries its id: nothing here may fail an upload, and
anything here may happen twice.
"""

from __future__ import annotations

import datetime as dt
import logging
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from kombu import Producer

from facesite.broker import kept_connection
from recognition.models import ModelVersion, QueuedWork, Status
from recognition.models.work import PROCESSES
from recognition.services.work import broker, faults

log = logging.getLogger(__name__)

QUEUE_TOP_UP = 500
"""The sweeper fills the queue up to this many messages, so that waiting rows are not sent again
and again while a long queue is being worked off."""

FRONT: Final = 0
"""The lane of what has waited longest, one row at a time, so that it delays nobody. The broker
empties the first lane first."""
LANES: Final = (1, 2, 3, 5, 8, 13, 21)
"""From how many rows of the same person before it on a message goes into which lane, counted from
1: the first photo of each comes before the second of anybody."""
LAST: Final = 9
"""The lane of rows that have cost a process, or much time, before."""
STARVED_AFTER: Final = dt.timedelta(minutes=1)
"""So long others may go before such a row."""
SHORT: Final = {"soft_time_limit": 15, "time_limit": 25}
"""Seconds for a row that has had its full time in vain."""

Work = type[QueuedWork] | type[ModelVersion]
Ids = Iterable[UUID | int]


def enqueue_on_commit(model: Work, ids: Ids) -> None:
    transaction.on_commit(partial(enqueue, model, list(ids)), robust=True)


def enqueue(model: Work, ids: Ids, *, lane: int | None = None) -> int:
    """Send a message for each row; gives up at the first that the broker does not take."""
    kind, sent, ids = model.kind, 0, list(ids)
    if not ids:
        return 0
    try:
        with kept_connection() as opened:
            producer = Producer(opened, auto_declare=False)
            for pk, options in _addressed(model, ids, lane):
                current_app.send_task(
                    kind.task,
                    (str(pk),),
                    queue=kind.queue,
                    producer=producer,
                    retry=False,
                    ignore_result=True,
                    **options,
                )
                sent += 1
    except Exception as error:  # whatever is wrong with the broker, the rows are safe
        log.warning("The broker takes no messages, the sweeper will try again: %s", error)
    return sent


def _addressed(
    model: Work, ids: Sequence[UUID | int], lane: int | None
) -> Iterator[tuple[UUID | int, dict[str, Any]]]:
    """Each row, with the lane for its message and the time that it has."""
    before = _waiting_before(model, ids) if model.kind.owner and lane is None else {}
    own = dict(_of_those_put_off(model, ids)) if issubclass(model, QueuedWork) else {}
    for pk in ids:
        usual = 1 + bisect(LANES, before.get(pk, 0)) if lane is None else lane
        yield pk, {"priority": usual, **own.get(pk, {})}


def _of_those_put_off(
    model: type[QueuedWork], ids: Sequence[UUID | int]
) -> Iterator[tuple[UUID | int, dict[str, Any]]]:
    """What is different for rows that have been dear before: they go last, and have less time."""
    rows: QuerySet[Any] = model._default_manager.all()
    dear = rows.filter(pk__in=ids, waits_for__in=faults.DEAR)
    starved = timezone.now() - STARVED_AFTER
    for pk, why, due_at in dear.values_list("pk", "waits_for", "due_at"):
        last = {} if due_at and due_at < starved else {"priority": LAST}
        yield pk, last | (SHORT if why in faults.HUNG else {})


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
    return enqueue(model, waiting[: _room_for(model, len(waiting))]) if waiting else 0


def enqueue_the_oldest(model: Work, pk: UUID | int) -> int:
    """Send a row past everybody, unless one that was sent so before still waits."""
    if broker.waiting_messages(model.kind.queue, first_lane=True) != 0:
        return 0
    return enqueue(model, [pk], lane=FRONT)


def _room_for(model: Work, rows: int) -> int:
    """How many of so many rows have no message, by the number of messages behind the first lane.
    Where a message only has a process started, that takes a moment: while one waits there, nobody
    takes them, and one more would not help."""
    waiting = broker.waiting_messages(model.kind.queue)
    front = broker.waiting_messages(model.kind.queue, first_lane=True)
    if waiting is None or front is None:  # it cannot be reached
        return 0
    if model.kind.queue == PROCESSES:
        return 0 if waiting else QUEUE_TOP_UP
    return max(0, rows - (waiting - front))
