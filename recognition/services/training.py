"""Training networks: asking for it, doing it, stopping it and going on with it.

One at a time: the processor is the same for all. A run is a row; a worker only starts the process
that does it, and the sweeper starts it again if that dies.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ml.errors import MLError
from recognition.models import ModelVersion, Status, TrainingRun, User
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services import background, training_runs, training_words, work
from recognition.services.privacy import record
from recognition.services.training_faces import drop_if_it_shows_the_erased, folder, site_dataset
from recognition.services.training_options import Options, TrainingRefused, check
from recognition.services.training_progress import Follower, Overtaken, Watcher, ours, pulse

__all__ = ["Interrupted", "Options", "TrainingRefused", "folder", "site_dataset"]

log = logging.getLogger(__name__)

UNFINISHED: Final = (Status.QUEUED, Status.RUNNING)


class Interrupted(KeyboardInterrupt):
    """The process is asked to end, as when the site stops: the run goes on with the next start."""


def request(
    user: User | None, architecture: str, options: Mapping[str, Any], *, name: str = ""
) -> TrainingRun:
    """Ask for a training; a worker begins it when its turn comes.

    `options` are those of `Options`, and `promote`.

    Raises:
        TrainingRefused: it cannot be done; the message says why.
    """
    run = prepare(user, architecture, options, name=name)
    with transaction.atomic():
        run.save()
        record(user, "training.requested", run, name=run.name)
        work.enqueue_on_commit(TrainingRun, [run.pk])
    return run


def prepare(
    user: User | None, architecture: str, options: Mapping[str, Any], *, name: str = ""
) -> TrainingRun:
    """The row of a training that nobody has asked for yet. Raises `TrainingRefused`."""
    asked = Options.of(options)
    check(architecture, asked)
    return TrainingRun(
        name=_free_name(name or f"{architecture}-{timezone.now():%Y%m%d-%H%M%S}", given=bool(name)),
        requested_by=user,
        architecture=architecture,
        arguments=asked.as_arguments(),
        promote=options.get("promote") or TrainingRun.Promote.AUTO,
    )


def _free_name(name: str, *, given: bool) -> str:
    """The version gets the name of its run, and the folder of the version too."""
    if name != slugify(name) or len(name) > 80:
        raise TrainingRefused(
            _("A name is up to 80 small letters, digits and hyphens; not “%(name)s”.")
            % {"name": name}
        )
    free, number = name, 1
    while _is_taken(free):
        if given:
            raise TrainingRefused(_("There is a “%(name)s” already.") % {"name": name})
        number += 1
        free = f"{name}-{number}"
    return free


def _is_taken(name: str) -> bool:
    return (
        TrainingRun.objects.filter(name=name).exists()
        or ModelVersion.objects.filter(name=name).exists()
        or (Path(settings.MODELS_DIR) / name).exists()
    )


def request_again(version: ModelVersion, user: User) -> TrainingRun:
    """Train as a version was trained, on those who are there now. Raises `TrainingRefused`."""
    run = TrainingRun.objects.filter(version=version).first()
    if run is None:
        raise TrainingRefused(
            _("%(version)s was not trained on this site.") % {"version": version.name}
        )
    return request(user, run.architecture, {**run.arguments, "promote": run.promote})


def resume(run: TrainingRun, user: User | None) -> None:
    """Ask for a run that ended early to go on. Does nothing for one that did not."""
    with transaction.atomic():
        waiting = {"status": Status.QUEUED, "attempts": 0, "stop_requested": False}
        reset = {"error_code": "", "message": "", "finished_at": None}
        if TrainingRun.objects.filter(pk=run.pk, status=Status.FAILED).update(**waiting, **reset):
            record(user, "training.resumed", run, name=run.name)
            work.enqueue_on_commit(TrainingRun, [run.pk])
    run.refresh_from_db()


def stop(run: TrainingRun, user: User | None = None) -> None:
    """End a run; it can go on later. One that is at work ends within seconds."""
    rows = TrainingRun.objects.filter(pk=run.pk, status__in=UNFINISHED)
    with transaction.atomic():
        if rows.update(stop_requested=True):
            record(user, "training.stopped", run, name=run.name)
        # Nobody is at work on these who could end them.
        rows.filter(Q(status=Status.QUEUED) | _silent()).update(
            status=Status.FAILED,
            error_code="stopped",
            message=_stopped(run),
            finished_at=timezone.now(),
        )
    run.refresh_from_db()


def _stopped(run: TrainingRun) -> str:
    return f"Stopped. Go on with: python manage.py retrain --resume {run.name}"


def _silent() -> Q:
    return Q(status=Status.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)


def launch(run_id: str) -> None:
    """Start the process of a run that waits, unless another is at work: then its turn comes."""
    if TrainingRun.objects.filter(status=Status.RUNNING).exists():
        return
    if run := TrainingRun.objects.filter(pk=run_id, status=Status.QUEUED).first():
        background.start("retrain", "--resume", run.name, "--quiet")


def sweep() -> int:
    """Let runs whose process died wait for their turn again, and see whose turn it is."""
    release_silent()
    return _begin_next() if not TrainingRun.objects.filter(status=Status.RUNNING).exists() else 0


def release_silent() -> None:
    """A run that dies again and again before it has finished an epoch more has no hope left."""
    silent = TrainingRun.objects.filter(_silent())
    hopeless = silent.filter(attempts__gte=MAX_ATTEMPTS)
    message = f"Its process died {MAX_ATTEMPTS} times, perhaps for want of memory."
    hopeless.update(
        status=Status.FAILED, error_code="gave_up", message=message, finished_at=timezone.now()
    )
    silent.update(status=Status.QUEUED)


def _begin_next() -> int:
    waiting = TrainingRun.objects.filter(status=Status.QUEUED).order_by("created_at").first()
    return work.enqueue(TrainingRun, [waiting.pk]) if waiting else 0


def store(row: TrainingRun) -> None:
    """Keep a row that this process is going to work on. Raises `TrainingRefused` as `run` does."""
    release_silent()
    if TrainingRun.objects.filter(status=Status.RUNNING).exists():
        raise TrainingRefused(_who_is_at_work(row))
    row.save()


def run(row: TrainingRun, watcher: Watcher) -> None:
    """Train in this process: begin, or go on where it was interrupted. The row is then finished.

    Raises:
        TrainingRefused: another training is at work, or this one has ended well.
        MLError, OSError: it cannot be done; the row has the same sentence.
        KeyboardInterrupt: it was stopped. The row says whether it goes on by itself.
    """
    _claim(row)
    try:
        with pulse(row):
            training_runs.train(row, Follower(row, watcher))
    except Interrupted:
        ours(row).update(status=Status.QUEUED, attempts=F("attempts") - 1)
        raise
    except Overtaken as overtaken:
        raise TrainingRefused(str(overtaken)) from None
    except BaseException as error:
        _fail(row, *_why(row, error))
        _begin_next()
        raise
    shutil.rmtree(folder(row), ignore_errors=True)
    _begin_next()


def _why(row: TrainingRun, error: BaseException) -> tuple[str, str]:
    """The code of what ended a run early, and one sentence."""
    match error:
        case KeyboardInterrupt():
            return "stopped", _stopped(row)
        case MLError():
            return error.code, str(error)
        case OSError():
            return "os_error", training_words.refused_by_the_system(error)
        case TrainingRefused():
            return "refused", str(error)
    return "bug", f"An error of the program ended it: {type(error).__name__}: {error}"


def _claim(row: TrainingRun) -> None:
    release_silent()
    now = timezone.now()
    free = TrainingRun.objects.filter(pk=row.pk, status__in=(Status.QUEUED, Status.FAILED))
    attempts = 1 if row.status == Status.FAILED else F("attempts") + 1  # somebody wants it again
    claim = {"status": Status.RUNNING, "claimed_at": now, "heartbeat_at": now}
    reset = {"error_code": "", "message": "", "finished_at": None, "stop_requested": False}
    try:
        with transaction.atomic():
            won = free.update(**claim, **reset, attempts=attempts)
    except IntegrityError:  # one training at a time
        won = 0
    if not won:
        raise TrainingRefused(_who_is_at_work(row))
    row.refresh_from_db()


def _who_is_at_work(row: TrainingRun) -> str:
    other = TrainingRun.objects.filter(status=Status.RUNNING).first()
    if other is None:
        return _("%(run)s has ended; there is nothing to go on with.") % {"run": row}
    return _("%(run)s is being trained, and there is one training at a time. Stop it, or wait.") % {
        "run": other
    }


def _fail(row: TrainingRun, code: str, message: str) -> None:
    ended = {"status": Status.FAILED, "error_code": code, "message": message}
    ours(row).update(**ended, finished_at=timezone.now())
    row.refresh_from_db()
    drop_if_it_shows_the_erased(row)
