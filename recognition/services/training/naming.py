"""What runs are called. A version and its folder have the name of the run that made them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from recognition.models import Status, TrainingRun
from recognition.services.audit import record
from recognition.services.training.faces import folder
from recognition.services.training.options import TrainingRefused
from recognition.services.versions import names

ROOM_FOR_A_NUMBER: Final = 6


def free_name(name: str, *, given: bool) -> str:
    """The name, or the next that is free if nobody asked for this one."""
    if not names.is_name(name):
        raise TrainingRefused("bad_name", name=name)
    if not _is_taken(name):
        return name
    if given:
        raise TrainingRefused("name_taken", name=name)
    return _next(name)


def _is_taken(name: str) -> bool:
    return names.is_taken(name) or (Path(settings.MODELS_DIR) / name).exists()


def _next(name: str) -> str:
    """The first of name-2, name-3… that nothing has, and no run that failed either."""
    number, stem = 2, name[: names.LONGEST - ROOM_FOR_A_NUMBER]
    while _is_taken(free := f"{stem}-{number}") or TrainingRun.objects.filter(name=free).exists():
        number += 1
    return free


def save(row: TrainingRun) -> None:
    """Store a new run. One that failed under its name goes on under another, with what it has."""
    with transaction.atomic():
        if before := TrainingRun.objects.filter(name=row.name).exclude(pk=row.pk).first():
            _rename(before, row)
        row.save()


def _rename(before: TrainingRun, row: TrainingRun) -> None:
    old, new = before.name, _next(before.name)
    how_to_go_on = rf"--resume {re.escape(old)}(?![\w-])"
    message = re.sub(how_to_go_on, f"--resume {new}", before.message)
    failed = TrainingRun.objects.filter(pk=before.pk, status=Status.FAILED, version=None)
    if not failed.update(name=new, message=message):
        raise TrainingRefused("name_taken", name=old)
    if folder(before).is_dir():
        folder(before).rename(folder(before).with_name(new))
    record(row.requested_by, "training.renamed", before, name=old, to=new)
