"""Training networks: asking for it, doing it, stopping it and going on with it.

One at a time: the processor is the same for all. A run is a row; a worker only starts the process
that does it, and the sweeper starts it again if that dies.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from recognition.models import ModelVersion, Status, TrainingRun, User
from recognition.services.audit import record
from recognition.services.training.options import Options, TrainingRefused, check
from recognition.services.training.turns import (
    UNFINISHED,
    end,
    release_dead,
    stopped,
)
from recognition.services.work import queue


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
        queue.enqueue_on_commit(TrainingRun, [run.pk])
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
            queue.enqueue_on_commit(TrainingRun, [run.pk])
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
