"""Training networks: asking for it, doing it, stopping it and going on with it.

One at a time: the processor is the same for all. A run is a row; a worker only starts the process
that does it, and the sweeper starts it again if that dies.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ml.errors import MLError
from recognition.models import ModelVersion, Status, TrainingRun, User
from recognition.services import training_locks, training_runs, training_words, work
from recognition.services.privacy import record
from recognition.services.training_faces import drop_if_it_shows_the_erased, folder, site_dataset
from recognition.services.training_options import Options, TrainingRefused, check
from recognition.services.training_progress import Follower, Overtaken, Watcher, ours, pulse
from recognition.services.training_turns import (
    UNFINISHED,
    begin_next,
    claim,
    end,
    launch,
    release_dead,
    stopped,
    sweep,
    who_is_at_work,
)

log = logging.getLogger(__name__)

__all__ = ["Interrupted", "Options", "TrainingRefused", "launch", "site_dataset", "sweep"]


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
        end(rows.filter(status=Status.QUEUED), "stopped", stopped(run))
    release_dead()  # nobody is at work on it who could end it
    run.refresh_from_db()


def store(row: TrainingRun) -> None:
    """Keep a row that this process is going to work on. Raises `TrainingRefused` as `run` does."""
    release_dead()
    if TrainingRun.objects.filter(status=Status.RUNNING).exists():
        raise TrainingRefused(who_is_at_work(row))
    row.save()


def run(row: TrainingRun, watcher: Watcher) -> None:
    """Train in this process: begin, or go on where it was interrupted. The row is then finished.

    Raises:
        TrainingRefused: another training is at work, or this one has ended well.
        MLError, OSError: it cannot be done; the row has the same sentence.
        KeyboardInterrupt: it was stopped. The row says whether it goes on by itself.
    """
    release_dead()
    try:
        with training_locks.held(row):
            claim(row)
            _run(row, watcher)
    except training_locks.InUse:
        raise TrainingRefused(who_is_at_work(row)) from None
    except training_locks.LockUnusable as error:
        _end_before_it_began(row, error)
        raise
    shutil.rmtree(folder(row), ignore_errors=True)
    begin_next()


def _run(row: TrainingRun, watcher: Watcher) -> None:
    try:
        with pulse(row):
            training_runs.train(row, Follower(row, watcher))
    except Interrupted:
        ours(row).update(status=Status.QUEUED, attempts=F("attempts") - 1)
        raise
    except Overtaken as overtaken:
        raise TrainingRefused(str(overtaken)) from None
    except BaseException as error:
        _end_early(row, error)
        raise


def _end_before_it_began(row: TrainingRun, error: MLError) -> None:
    """Nobody has claimed it, so that it would be tried again and again."""
    end(TrainingRun.objects.filter(pk=row.pk, status=Status.QUEUED), error.code, str(error))
    row.refresh_from_db()
    begin_next()


def _end_early(row: TrainingRun, error: BaseException) -> None:
    try:
        end(ours(row), *_why(row, error))
        row.refresh_from_db()
        drop_if_it_shows_the_erased(row)
        begin_next()
    except DatabaseError as trouble:  # as on a full disk; the row tells later that nobody is there
        log.warning("Why %s ended cannot be stored: %s", row, trouble)


def _why(row: TrainingRun, error: BaseException) -> tuple[str, str]:
    """The code of what ended a run early, and one sentence."""
    match error:
        case KeyboardInterrupt():
            return "stopped", stopped(row)
        case MLError():
            return error.code, str(error)
        case OSError():
            return "os_error", training_words.refused_by_the_system(error)
        case DatabaseError():
            return "database", f"The database cannot be used: {error}."
        case TrainingRefused():
            return "refused", str(error)
    return "bug", f"An error of the program ended it: {type(error).__name__}: {error}"
