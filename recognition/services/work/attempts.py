"""Working on a row, and what becomes of it when that does not end well."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from facesite import counting
from ml.errors import ArtifactError, PhotoRejected
from recognition.models import QueuedWork, Status
from recognition.models.work import MAX_ATTEMPTS, PHOTOS, PhotoWork, kinds, long_ago
from recognition.services.photos import files
from recognition.services.versions import predictors
from recognition.services.work import claimants, faults

log = logging.getLogger(__name__)

MILLISECOND: Final = dt.timedelta(milliseconds=1)

Row = TypeVar("Row", bound=QueuedWork)


class OriginalMissing(Exception):
    """The stored bytes of a photo are gone; no later attempt will find them."""


class Overtaken(Exception):
    """The row is somebody else's by now, or final, or gone; what was worked out comes too late."""


class NotDone(Exception):
    """The row was put off, or has ended otherwise than well, and that is noted already."""


class NobodyCanSay(Exception):
    """The database is away, so that nothing can be noted of the row: try again in a moment."""


def attempt(
    model: type[Row], pk: UUID | str, work: Callable[[Row], None], *, redelivered: bool = False
) -> None:
    """Claim the row that a message names and do its work once.

    Does nothing if the row is gone or final, or if somebody has it: a message may come twice, or
    late.

    A redelivered message says that the worker which had it is gone, so its row need not go stale
    first. Should that worker live after all, it writes nothing: see `still_ours`.

    Raises:
        NobodyCanSay: the database is away.
    """
    try:
        _attempt(model, pk, work, redelivered=redelivered)
    except (OperationalError, InterfaceError) as error:
        log.warning("%s waits for the database: %s", pk, str(error).strip())
        raise NobodyCanSay from error


def _attempt(
    model: type[Row], pk: UUID | str, work: Callable[[Row], None], *, redelivered: bool
) -> None:
    row = model._default_manager.filter(pk=pk).first()
    if row is None or row.is_final:
        return
    if row.kind.needs_networks and not _model_is_ready(row):
        return
    if row.status == Status.RUNNING and (redelivered or _is_abandoned(row)):
        take_back(row)
    if row.claim(by=claimants.this_process()):
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


def abandoned(model: type[Row]) -> list[Row]:
    """Rows whose worker is gone, or has been silent for too long."""
    running = model._default_manager.filter(status=Status.RUNNING)
    return [row for row in running.order_by("created_at") if _is_abandoned(row)]


def _is_abandoned(row: Row) -> bool:
    if claimants.is_dead(row.claimed_by):
        return True
    before = timezone.now() - row.kind.stale_after
    return still_ours(row).filter(long_ago("claimed_at", before)).exists()


def _work_on(row: Row, work: Callable[[Row], None]) -> None:
    try:
        with _true_cause():
            work(row)
    except Overtaken:
        log.info("%s went to another process, or is gone.", row.pk)
    except NotDone:
        return
    except PhotoRejected as rejection:
        reject(row, rejection.code)
    except OriginalMissing:
        log.error("The stored photo of %s is gone.", row.pk)
        fail(row, "original_missing")
        drop_inputs(row)
    except SoftTimeLimitExceeded:
        log.warning("%s took longer than a photo may.", row.pk)
        _charge(row, "timed_out", faults.SLOW)
    except Exception as error:
        code = faults.of_place(error)
        if not code:
            _charge(row, "gave_up", faults.ERROR)
            raise
        log.warning("%s waits (%s): %s", row.pk, code, str(error).strip())
        if code == faults.DATABASE and not connection.in_atomic_block:
            connection.close()  # it may have broken, and would be of no use for what follows
        set_back(row, code)
    else:
        _note(row, "done")
        _call_those_who_wait_likewise(row)


def _note(row: QueuedWork, outcome: str, why: str = "") -> None:
    """A line of the log, in which the row is only a number."""
    spent = (timezone.now() - (row.claimed_at or row.created_at)) / MILLISECOND
    work = row.kind_name()
    counting.ATTEMPTS.add(work, outcome, why)
    said = {"work": work, "row": str(row.pk), "ms": round(spent, 1), "why": why}
    because = f" ({why})" if why else ""
    log.info("%s %s is %s%s, %.1f ms", work, row.pk, outcome, because, spent, extra=said)


@contextmanager
def _true_cause() -> Iterator[None]:
    """Notice when the time runs out while a photo is decoded, where every error speaks of it."""
    try:
        yield
    except PhotoRejected as rejection:
        if isinstance(rejection.__cause__, SoftTimeLimitExceeded):
            raise rejection.__cause__ from None
        raise


def _call_those_who_wait_likewise(row: QueuedWork) -> None:
    """What kept them from being answered is over, as this row shows."""
    if row.waits_for:
        waiting = type(row)._default_manager.filter(status=Status.QUEUED, waits_for=row.waits_for)
        why = row.waits_for if row.waits_for in faults.DEAR else ""
        waiting.update(due_at=timezone.now(), waits_for=why)


def read_original(row: PhotoWork) -> bytes:
    """The uploaded bytes. Raises as `read_input` does."""
    return read_input(row.original)


def read_input(stored: FieldFile) -> bytes:
    """Bytes that only the work needs. Raises `OriginalMissing`, or `StorageHangs` where the time
    runs out."""
    if not stored:
        raise OriginalMissing
    try:
        with stored.open() as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise OriginalMissing from error
    except SoftTimeLimitExceeded as error:
        raise faults.StorageHangs(f"{stored.name} cannot be read in time") from error


def still_ours(row: Row) -> QuerySet[Row]:
    """The row, as long as nobody claimed or finished it since: the guard of every result.

    The number of attempts tells one claim from the next.
    """
    rows: QuerySet[Row] = type(row)._default_manager.filter(pk=row.pk)
    return rows.filter(status=Status.RUNNING, attempts=row.attempts)


def show_life(row: QueuedWork) -> None:
    """Say that the work goes on. Raises `Overtaken` if it is no longer ours."""
    if not still_ours(row).update(claimed_at=timezone.now()):
        raise Overtaken


def finish(row: QueuedWork, **found: Any) -> None:
    """End a row well, with the fields that say what came of it. Raises `Overtaken` likewise."""
    ended = {"status": Status.DONE, "finished_at": timezone.now(), **found}
    if not still_ours(row).update(**ended):
        raise Overtaken


def take_back(row: QueuedWork) -> bool:
    """Let a row wait again whose worker is gone; False if that was too much, and it has failed."""
    if row.claimed_by == claimants.this_process():  # which could not note what had happened
        set_back(row, faults.DATABASE)
    else:
        log.warning("The worker that had %s is gone.", row.pk)
        set_back(row, faults.KILLED)
    row.refresh_from_db()
    return row.status != Status.FAILED


def set_back(row: QueuedWork, code: str) -> None:
    """Let a row wait until what is wrong with the place may be over.

    Where the photo itself may have been too much, it is to blame once it fares worse than others.
    """
    if code in faults.DOUBTFUL and row.set_back_at and _others_fare_well(row):
        return _charge(row, "gave_up", code)
    return _wait(row, code, row.setbacks + 1, row.failures)


def _charge(row: QueuedWork, error_code: str, why: str) -> None:
    """Count an attempt that the photo spoiled itself; the last one ends it."""
    if row.failures + 1 >= MAX_ATTEMPTS:
        return fail(row, error_code)
    return _wait(row, why, row.setbacks, row.failures + 1)


def _wait(row: QueuedWork, code: str, setbacks: int, failures: int) -> None:
    now, times = timezone.now(), setbacks + failures
    alone = code in faults.DOUBTFUL and times == 1 and not _others_wait(row)
    waits = still_ours(row).update(
        status=Status.QUEUED,
        waits_for=code,
        setbacks=setbacks,
        failures=failures,
        set_back_at=now,
        due_at=now if alone else now + faults.pause(code, times),
    )
    if waits:
        counting.ATTEMPTS.add(row.kind_name(), "set_back", code)


def put_off(row: QueuedWork, until: dt.datetime, why: str, **found: Any) -> None:
    """Let a row wait for somebody elsewhere, which neither it nor this place is to blame for."""
    again = {"status": Status.QUEUED, "due_at": until, "waits_for": "", "error_code": why}
    if still_ours(row).update(**again, **found):
        counting.ATTEMPTS.add(row.kind_name(), "put_off", why)


def _others_wait(row: QueuedWork) -> bool:
    return _is_there_a_photo(Q(status=Status.QUEUED) & ~Q(pk=row.pk))


def _others_fare_well(row: QueuedWork) -> bool:
    """Whether another photo was answered since this one was set back."""
    return _is_there_a_photo(Q(status=Status.DONE, finished_at__gt=row.set_back_at))


def _is_there_a_photo(condition: Q) -> bool:
    return any(
        model._default_manager.filter(condition).exists()
        for model in kinds()
        if model.kind.queue == PHOTOS
    )


def reject(row: Row, code: str) -> None:
    """End a row for good: the photo cannot be used, and its bytes go."""
    with transaction.atomic():
        if _end(row, Status.REJECTED, code):
            drop_inputs(row)


def fail(row: Row, code: str) -> None:
    """End a row that may be tried again: its bytes are kept for a while."""
    _end(row, Status.FAILED, code)


def _end(row: Row, status: Status, code: str) -> int:
    ended = {"status": status, "error_code": code, "finished_at": timezone.now()}
    count = still_ours(row).update(**ended)
    if count:
        _note(row, status, code)
    return count


def drop_inputs(row: QueuedWork) -> None:
    """Delete the uploaded bytes of a row that is final: nobody needs them any more."""
    names = [getattr(row, field).name or "" for field in row.inputs]
    if names:
        type(row)._default_manager.filter(pk=row.pk).update(**dict.fromkeys(row.inputs, ""))
        files.delete_on_commit(names)
