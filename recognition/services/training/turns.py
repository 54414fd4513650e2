"""Whose turn it is: one training at a time, and none is lost whose process dies."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ml.language import speaking, tell, tell_number
from recognition.models import Status, TrainingRun
from recognition.models.work import MAX_ATTEMPTS
from recognition.services.training import languages, locks
from recognition.services.training.faces import drop_if_it_shows_the_erased
from recognition.services.training.options import TrainingRefused
from recognition.services.work import processes, queue


def launch(run_id: str) -> None:
    """Start the process of a run that waits, unless another is at work: then its turn comes."""
    if TrainingRun.objects.filter(status=Status.RUNNING).exists():
        return
    if run := TrainingRun.objects.filter(pk=run_id, status=Status.QUEUED).first():
        processes.start("retrain", "--resume", run.name, "--quiet")


def sweep() -> int:
    """Let runs whose process died wait for their turn again, and see whose turn it is."""
    release_dead()
    if TrainingRun.objects.filter(status=Status.RUNNING).exists():
        return 0
    return queue.enqueue_again(TrainingRun, _next())


def begin_next() -> None:
    """Have a worker begin the run that has waited longest, if one waits."""
    queue.enqueue(TrainingRun, _next())


def _next() -> QuerySet[TrainingRun, UUID]:
    waiting = TrainingRun.objects.filter(status=Status.QUEUED).order_by("created_at")
    return waiting.values_list("pk", flat=True)[:1]


def release_dead() -> None:
    """Take runs from processes that are dead; nobody keeps faces of the erased for them."""
    with speaking(languages.current()):
        for run in TrainingRun.objects.filter(status=Status.RUNNING):
            if _release(run, dead_since(run)):
                drop_if_it_shows_the_erased(run)


def _release(run: TrainingRun, dead: QuerySet[TrainingRun]) -> int:
    """Let a run wait again, or end it if it died too often without finishing an epoch more."""
    if run.stop_requested:
        return end(dead, "stopped", stopped(run))
    if run.attempts >= MAX_ATTEMPTS:
        message = tell_number(
            "Its process died %(count)s time, perhaps for want of memory.",
            "Its process died %(count)s times, perhaps for want of memory.",
            run.attempts,
        )
        return end(dead, "gave_up", message)
    return dead.update(status=Status.QUEUED)


def dead_since(run: TrainingRun) -> QuerySet[TrainingRun]:
    """The row, if its process is dead: has been silent for long, or is gone from this machine."""
    rows = TrainingRun.objects.filter(pk=run.pk, status=Status.RUNNING, claimed_at=run.claimed_at)
    if locks.is_dead(run):
        return rows
    return rows.filter(heartbeat_at__lt=timezone.now() - run.kind.stale_after)


def end(rows: QuerySet[TrainingRun], code: str, message: str) -> int:
    """End rows as failed; returns how many they were."""
    why = {"error_code": code, "message": message}
    return rows.update(status=Status.FAILED, finished_at=timezone.now(), **why)


def stopped(run: TrainingRun) -> str:
    command = f"python manage.py retrain --resume {run.name}"
    return tell("Stopped. Go on with: %(command)s", command=command)


def claim(row: TrainingRun) -> None:
    """Take a row that waits, or that ended early and somebody wants again.

    One UPDATE, which the database's constraint refuses while another run is at work.

    Raises:
        TrainingRefused: another training is at work, or this one has ended well.
    """
    now = timezone.now()
    free = Q(pk=row.pk, status__in=(Status.QUEUED, Status.FAILED))
    attempts = 1 if row.status == Status.FAILED else F("attempts") + 1
    taken = {"status": Status.RUNNING, "claimed_at": now, "heartbeat_at": now}
    reset = {"error_code": "", "message": "", "finished_at": None, "stop_requested": False}
    try:
        with transaction.atomic():
            won = TrainingRun.objects.filter(free).update(**taken, **reset, attempts=attempts)
    except IntegrityError:
        won = 0
    if not won:
        raise cannot_begin(row)
    row.refresh_from_db()


def cannot_begin(row: TrainingRun) -> TrainingRefused:
    """The refusal of a run that cannot begin: another is at work, or this one has ended well."""
    other = TrainingRun.objects.filter(status=Status.RUNNING).first()
    if other is None:
        return TrainingRefused("has_ended", run=row.name)
    return TrainingRefused("one_at_a_time", run=other.name)
