"""Training networks: asking for it, doing it, stopping it and going on with it.

One at a time: the processor is the same for all. A run is a row; a worker only starts the process
that does it, and the sweeper starts it again if that dies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ml.files import RESERVE, free
from ml.language import speaking
from recognition.models import UNFINISHED, ModelVersion, Status, TrainingRun, User
from recognition.services.audit import record
from recognition.services.training import languages, naming
from recognition.services.training.options import DataOptions, TrainingRefused, check, given
from recognition.services.training.turns import end, release_dead, stopped
from recognition.services.work import queue


def request(
    user: User | None, architecture: str, options: Mapping[str, Any], *, name: str = ""
) -> TrainingRun:
    """Ask for a training; a worker begins it when its turn comes.

    `options` has what `DataOptions` has, what may be `GIVEN`, and `promote`.

    Raises:
        TrainingRefused: it cannot be done.
    """
    run = prepare(user, architecture, options, name=name)
    with transaction.atomic():
        naming.save(run)
        record(user, "training.requested", run, name=run.name)
        queue.enqueue_on_commit(TrainingRun, [run.pk])
    return run


def prepare(
    user: User | None, architecture: str, options: Mapping[str, Any], *, name: str = ""
) -> TrainingRun:
    """The row of a training that nobody has asked for yet. Raises `TrainingRefused`."""
    chosen, asked = DataOptions.of(options), given(options)
    check(architecture, chosen, asked)
    _require_room()
    usual = f"{architecture}-{timezone.now():%Y%m%d-%H%M%S}"
    return TrainingRun(
        name=naming.free_name(name or usual, given=bool(name)),
        requested_by=user,
        architecture=architecture,
        arguments={**asdict(chosen), **asked},
        promote=options.get("promote") or TrainingRun.Promote.AUTO,
    )


def _require_room() -> None:
    """Whether there is any; how much a training takes is known once its network is built."""
    place = Path(settings.DATA_DIR)
    if free(place) <= 0:
        raise TrainingRefused("no_room", folder=str(place), megabytes=RESERVE // 10**6)


def request_again(version: ModelVersion, user: User) -> TrainingRun:
    """Train as a version was trained, on those who are there now. Raises `TrainingRefused`."""
    run = TrainingRun.objects.filter(version=version).first()
    if run is None:
        raise TrainingRefused("not_trained_here", version=version.name)
    return request(user, run.architecture, {**run.arguments, "promote": run.promote})


def resume(run: TrainingRun, user: User | None) -> None:
    """Ask for a run that ended early to go on. Does nothing for one that did not."""
    with transaction.atomic():
        waiting = {"status": Status.QUEUED, "attempts": 0, "stop_requested": False}
        reset = {"error_code": "", "message": "", "finished_at": None}
        if TrainingRun.objects.filter(pk=run.pk, status=Status.FAILED).update(**waiting, **reset):
            record(user, "training.resumed", run, name=run.name)
            queue.enqueue_on_commit(TrainingRun, [run.pk])
    run.refresh_from_db()


def stop(run: TrainingRun, user: User | None = None) -> None:
    """End a run; it can go on later. One that is at work ends within seconds."""
    rows = TrainingRun.objects.filter(pk=run.pk, status__in=UNFINISHED)
    with transaction.atomic():
        if rows.update(stop_requested=True):
            record(user, "training.stopped", run, name=run.name)
        with speaking(languages.current()):
            end(rows.filter(status=Status.QUEUED), "stopped", stopped(run))
    release_dead()  # nobody is at work on it who could end it
    run.refresh_from_db()
