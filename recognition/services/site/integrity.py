"""Whether a site keeps what it promises: rows, files, gallery and version in service, as they are.

Reads only, and what it reads may change meanwhile: what has only just come is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import F, Max, Model, Q
from django.utils import timezone

from recognition.models import (
    UNFINISHED,
    EnrolledFace,
    GalleryChange,
    GalleryRevision,
    Identification,
    ModelVersion,
    ProbeFace,
    QueuedWork,
    Status,
)
from recognition.models.work import due, kinds, long_ago
from recognition.services.gallery import templates
from recognition.services.photos import files, orphans
from recognition.services.site import sweeping
from recognition.services.versions import registry
from recognition.services.work import attempts

STUCK_AFTER: Final = dt.timedelta(minutes=10)
"""A row that should be at work and is not has been forgotten by everybody."""
GUARDED: Final = ("recognition_identification", "recognition_enrolment")

Found = list[str]


@dataclass(frozen=True)
class Check:
    """A promise: `find` names what breaks it, and `repair`, if anything can, mends that."""

    code: str
    find: Callable[[], Found]
    repair: Callable[[], object] | None = None


@dataclass(frozen=True)
class Finding:
    """What breaks a promise now, and how much of it was repaired just before."""

    code: str
    broken: Found
    repaired: int


def verify(*, repair: bool = False) -> Iterator[Finding]:
    """Every promise in turn."""
    for check in CHECKS:
        found, repaired = check.find(), 0
        if found and repair and check.repair is not None:
            check.repair()
            before, found = len(found), check.find()
            repaired = before - len(found)
        yield Finding(check.code, found, repaired)


def _database() -> Found:
    """What SQLite finds wrong with its file. PostgreSQL looks after its own."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check")
        told = [str(line) for (line,) in cursor.fetchall()]
        cursor.execute("PRAGMA foreign_key_check")
        loose = {f"{table} {row} -> {parent}" for table, row, parent, _ in cursor.fetchall()}
    return [line for line in told if line != "ok"] + sorted(loose)


def _triggers() -> Found:
    """Tables without the trigger that lets a status move only forward."""
    name = "name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        name = "tgname FROM pg_trigger"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}")
        there = {found for (found,) in cursor.fetchall()}
    return [table for table in GUARDED if f"{table}_forward" not in there]


def _rows_without_files() -> Found:
    return [
        f"{row._meta.model_name} {row.pk}: {name}"
        for row, name in _named_files()
        if not default_storage.exists(name) and _still_named(row, name)
    ]


def _named_files() -> Iterator[tuple[Model, str]]:
    for model in apps.get_models():
        fields = [field.name for field in files.fields_of(model)]
        if fields:
            for row in model._default_manager.only("pk", *fields).iterator():
                yield from ((row, name) for field in fields if (name := getattr(row, field).name))


def _still_named(row: Model, name: str) -> bool:
    """Not if it was answered or removed since it was read, and its file with it."""
    fields = [field.name for field in files.fields_of(row)]
    now = type(row)._default_manager.filter(pk=row.pk).values_list(*fields).first()
    return now is not None and name in now


def _stuck() -> Found:
    """Rows that wait although they are due, or that a worker has which is gone."""
    before = timezone.now() - STUCK_AFTER
    forgotten = Q(long_ago("created_at", before), status=Status.QUEUED)
    forgotten &= Q(due_at=None) | long_ago("due_at", before)
    return [
        f"{model._meta.model_name} {row.pk}"
        for model in sweeping.swept()
        for row in [
            *model._default_manager.filter(forgotten, due(model.kind)),
            *attempts.abandoned(model),
        ]
    ]


def _kept_too_long() -> Found:
    return [f"{row._meta.model_name} {row.pk}" for row in _with_needless_bytes()]


def _with_needless_bytes() -> Iterator[QueuedWork]:
    """Rows whose uploaded bytes nobody needs any more."""
    over = Q(status__in=(Status.DONE, Status.REJECTED)) | sweeping.failed_long_ago()
    for model in kinds():
        for field in model.inputs:
            yield from model._default_manager.filter(over).exclude(**{field: ""})


def _drop_needless_bytes() -> None:
    for row in list(_with_needless_bytes()):
        attempts.drop_inputs(row)


def _half_answers() -> Found:
    """Answers without their photo, and faces of photos that have no answer."""
    done = Identification.objects.filter(status=Status.DONE)
    lacking = done.filter(Q(photo="") | Q(finished_at=None) | Q(model_version=None))
    early = ProbeFace.objects.filter(identification__status__in=UNFINISHED)
    return [f"identification {row.pk}" for row in lacking.only("pk")] + [
        f"face {face.pk}" for face in early.only("pk")
    ]


def _one_version() -> Found:
    """Nothing, if exactly one version is in service and its files are sound."""
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE)
    if active.count() > 1:
        return [version.name for version in active]
    problem = registry.problem()
    return [str(problem)] if problem else []


def _without_template() -> Found:
    active = registry.active()
    lacking = templates.missing(active) if active else EnrolledFace.objects.none()
    return [f"enrolled face {pk}" for pk in lacking.values_list("pk", flat=True)]


def _embed() -> None:
    templates.embed_missing(registry.require_active())


def _revisions() -> Found:
    """Workers would never see a change that is ahead of the count of changes."""
    newest: Any = GalleryChange.objects.aggregate(newest=Max("revision"))["newest"] or 0
    count = GalleryRevision.objects.values_list("revision", flat=True).first() or 0
    return [f"{newest} > {count}"] if newest > count else []


def _catch_up() -> None:
    newest = GalleryChange.objects.aggregate(newest=Max("revision"))["newest"]
    GalleryRevision.objects.update(revision=newest)


def _times() -> Found:
    """Rows that ended before they began. A clock that is set back makes them."""
    ended = Q(finished_at__lt=F("created_at") - dt.timedelta(minutes=1))
    return [
        f"{model._meta.model_name} {row.pk}"
        for model in kinds()
        for row in model._default_manager.filter(ended).only("pk")
    ]


CHECKS: Final = (
    Check("database", _database),
    Check("triggers", _triggers),
    Check("one_version", _one_version),
    Check("stuck", _stuck, sweeping.sweep),
    Check("half_answers", _half_answers),
    Check("rows_without_files", _rows_without_files),
    Check("files_without_rows", orphans.found, orphans.remove),
    Check("kept_too_long", _kept_too_long, _drop_needless_bytes),
    Check("without_template", _without_template, _embed),
    Check("revisions", _revisions, _catch_up),
    Check("times", _times),
)
