"""Training in this process: from a claimed row to its end, whatever ends it."""

from __future__ import annotations

import logging
import shutil

from django.db import DatabaseError
from django.db.models import F

from ml.errors import MLError
from ml.language import tell
from ml.training.events import Callback
from recognition.models import Status, TrainingRun
from recognition.services.training import locks, making, naming, words
from recognition.services.training.faces import drop_if_it_shows_the_erased, folder
from recognition.services.training.options import TrainingRefused
from recognition.services.training.progress import Follower, Interrupted, Overtaken, ours, pulse
from recognition.services.training.turns import (
    begin_next,
    cannot_begin,
    claim,
    end,
    release_dead,
    stopped,
)

log = logging.getLogger(__name__)


def store(row: TrainingRun) -> None:
    """Keep a row that this process is going to work on. Raises `TrainingRefused` as `run` does."""
    release_dead()
    if TrainingRun.objects.filter(status=Status.RUNNING).exists():
        raise cannot_begin(row)
    naming.save(row)


def run(row: TrainingRun, callback: Callback) -> None:
    """Train in this process: begin, or go on where it was interrupted. The row is then finished.

    Raises:
        TrainingRefused: another training is at work, or this one has ended well.
        MLError, OSError: it cannot be done; the row has the same sentence.
        KeyboardInterrupt: it was stopped. The row says whether it goes on by itself.
    """
    release_dead()
    try:
        with locks.held(row):
            claim(row)
            _run(row, callback)
    except locks.InUse:
        raise cannot_begin(row) from None
    except locks.LockUnusable as error:
        _end_before_it_began(row, error)
        raise
    shutil.rmtree(folder(row), ignore_errors=True)
    begin_next()


def _run(row: TrainingRun, callback: Callback) -> None:
    try:
        with pulse(row):
            making.train(row, Follower(row, callback))
    except Interrupted:
        ours(row).update(status=Status.QUEUED, attempts=F("attempts") - 1)
        raise
    except Overtaken:
        raise TrainingRefused("overtaken", run=row.name) from None
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
            return "os_error", words.refused_by_the_system(error)
        case DatabaseError():
            return "database", tell("The database cannot be used: %(error)s.", error=error)
        case TrainingRefused():
            return "refused", words.not_trained(error)
    told = f"{type(error).__name__}: {error}"
    return "bug", tell("An error of the program ended it: %(error)s", error=told)
