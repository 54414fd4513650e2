"""What ties the rows of the audit log together: each has a digest of itself and of the row before.

Whoever changes, removes or inserts a row would have to make all later digests anew, and those that
somebody has noted elsewhere would still tell.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from django.db import connection, transaction

from recognition.models import AuditEvent, AuditHead

EXPIRED: Final = "audit.expired"
_ROW: Final = 1
_TRIGGERS: Final = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass "
    "AND NOT tgisinternal AND tgenabled <> 'D'",
}
_OURS: Final = 3


@dataclass(frozen=True)
class Break:
    """Rows whose numbers are from `first` to `last` were `changed`, `removed` or `inserted`."""

    kind: str
    first: int
    last: int


@dataclass(frozen=True)
class Verified:
    """`guarded` is whether the triggers are in place that keep rows from being changed."""

    rows: int
    head: AuditHead
    breaks: tuple[Break, ...]
    guarded: bool
    noted: bool
    """Whether every digest that somebody has noted is still there."""

    @property
    def whole(self) -> bool:
        return not self.breaks and self.guarded and self.noted


@transaction.atomic
def append(event: AuditEvent) -> AuditEvent:
    """Store a new event as the last. Nobody else appends until the transaction has ended, and if
    that is rolled back the log has never had the event."""
    # No further columns: before an update a backup of the older database is noted in its log.
    end = AuditHead.objects.only("number", "digest")
    head, _ = end.select_for_update().get_or_create(pk=_ROW)
    event.number, event.previous = head.number + 1, head.digest
    event.digest = digest(event)
    event.save()
    AuditHead.objects.filter(pk=_ROW).update(number=event.number, digest=event.digest)
    return event


@transaction.atomic
def expire(before: dt.datetime) -> int:
    """Drop the rows that are older; returns how many. The log goes on from the digest of the last
    of them, which the row that says so has too."""
    start, last = head(), _last(before)
    if last is None:
        return 0
    through = {"dropped": last.number, "dropped_digest": last.digest}
    append(AuditEvent(action=EXPIRED, details=through))
    AuditHead.objects.filter(pk=_ROW).update(**through)
    AuditEvent.objects.filter(number__lte=last.number).drop()
    return last.number - start.dropped


def expiring(before: dt.datetime) -> int:
    """How many rows `expire` would drop."""
    last = _last(before)
    return 0 if last is None else last.number - head().dropped


def _last(before: dt.datetime) -> AuditEvent | None:
    """The last of the rows that are older, and before all that are not: clocks may be set back."""
    young = AuditEvent.objects.filter(created_at__gte=before).order_by("number").first()
    old = AuditEvent.objects.filter(number__lt=young.number) if young else AuditEvent.objects.all()
    return old.order_by("number").last()


def digest(event: AuditEvent) -> str:
    """SHA-256 of what the event says, without the name of whoever did it, which may be erased."""
    said = (
        event.number,
        event.previous,
        event.created_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        event.actor_id,
        event.action,
        event.subject_type,
        event.subject_id,
        event.details,
    )
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def head() -> AuditHead:
    return AuditHead.objects.filter(pk=_ROW).first() or AuditHead()


def verify(noted: Iterable[str] = ()) -> Verified:
    """Look at every row. `noted` are digests that must be among them."""
    missing, rows = {*noted}, count()
    start = head()

    def seen() -> Iterator[AuditEvent]:
        for event in AuditEvent.objects.order_by("number").iterator():
            missing.discard(event.digest)
            next(rows)
            yield event

    breaks = tuple(_joined(_breaks(seen(), start)))
    return Verified(next(rows), head(), breaks, _guarded(), not missing)


def _breaks(events: Iterable[AuditEvent], start: AuditHead) -> Iterator[Break]:
    """Where a row does not follow from the one before it. The last must be where the log ended
    when the look at it began, or be later and have been appended meanwhile."""
    number, before = start.dropped, start.dropped_digest
    if number and not _says_so(start):
        yield Break("removed", 1, number)
    for event in events:
        if digest(event) != event.digest:
            yield Break("changed", event.number, event.number)
        elif event.number == number + 1 and event.previous != before:
            yield Break("changed", max(number, 1), max(number, 1))
        yield from _beside(number, event)
        number, before = event.number, event.digest
        if number == start.number and before != start.digest:
            yield Break("changed", number, number)
    yield from _behind(number, start)


def _says_so(head: AuditHead) -> bool:
    """Whether the log has that rows were dropped up to where the head says."""
    through = {"dropped": head.dropped, "dropped_digest": head.dropped_digest}
    return AuditEvent.objects.filter(action=EXPIRED, details=through).exists()


def _beside(number: int, event: AuditEvent) -> Iterator[Break]:
    """Whether the row after the one of that number has the next."""
    if event.number <= number:
        yield Break("inserted", event.number, event.number)
    elif event.number > number + 1:
        yield Break("removed", number + 1, event.number - 1)


def _behind(number: int, start: AuditHead) -> Iterator[Break]:
    if number < start.number:
        yield Break("removed", number + 1, start.number)
    elif number > (end := head().number):
        yield Break("inserted", end + 1, number)


def _joined(breaks: Iterable[Break]) -> Iterator[Break]:
    """Neighbours of one kind as one."""
    last: Break | None = None
    for found in breaks:
        if last and last.kind == found.kind and found.first <= last.last + 1:
            last = Break(last.kind, last.first, max(last.last, found.last))
            continue
        if last:
            yield last
        last = found
    if last:
        yield last


def _guarded() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS[connection.vendor], [AuditEvent._meta.db_table])
        return int(cursor.fetchone()[0]) == _OURS
