"""Bringing in many people from the browser: a look at what would come of it, then the enrolment.

Both are done by `bulk.enrol`, as by the command, in a process of their own, which may be killed at
any moment and goes on with the photo that it was at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ml import bounded, imaging
from ml.enrolment import Objection
from ml.types import Box
from recognition.models import (
    UNFINISHED,
    How,
    Import,
    ImportFile,
    ImportRun,
    Purpose,
    Status,
    User,
)
from recognition.services.audit import record
from recognition.services.gallery import bulk, staged
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.bulk import Looked
from recognition.services.gallery.enrolling import Options
from recognition.services.gallery.folders import Plan
from recognition.services.photos import files
from recognition.services.photos.files import new_files
from recognition.services.versions import predictors
from recognition.services.work import attempts, processes, queue

KEPT_FOR: Final = dt.timedelta(days=1)
BATCH: Final = 200
"""Files that go in one transaction: nobody else can write meanwhile."""
PREVIEW_LONG_SIDE: Final = 640
SEVERAL: Final = "several_faces"
_REMARKS: Final = {"", Objection.LITTLE_LIKE_OTHERS, Objection.PERHAPS_SAME_PERSON}
"""What does not keep a photo out."""

Outcome = ImportFile.Outcome


@contextmanager
def begun(user: User, agreed: Agreed | None, *, everybody: bool) -> Iterator[Import]:
    """A new import, for files to be added, see `staged`; nothing is left of it if that fails."""
    consent: dict[str, Any] = {}
    if agreed:
        purposes = [purpose.value for purpose in agreed.purposes]
        consent = {"purposes": purposes, "how": agreed.how, "text": agreed.text}
    batch = Import.objects.create(requested_by=user, everybody=everybody, **consent)
    try:
        yield batch
    except BaseException:
        drop(batch)
        raise


def request_look(batch: Import) -> None:
    """Have everything looked at that was sent. Twice is once."""
    _request(batch, enrols=False)


def request_enrolment(batch: Import, actor: User) -> None:
    """Have everything enrolled that can be, and is not left out. Twice is once."""
    with transaction.atomic():
        Import.objects.select_for_update().get(pk=batch.pk)
        if not batch.runs.filter(enrols=False, status=Status.DONE).exists():
            return
        if _request(batch, enrols=True):
            batch.files.update(done=True)
            wanted = wanted_of(batch).update(done=False)
            record(actor, "people.imported", batch, photos=wanted)


def wanted_of(batch: Import) -> QuerySet[ImportFile]:
    """Files that an enrolment goes through."""
    return batch.files.filter(outcome__in=(Outcome.NEW, Outcome.UNCHANGED))


def _request(batch: Import, *, enrols: bool) -> bool:
    with transaction.atomic():
        batch.runs.filter(enrols=enrols, status=Status.FAILED).delete()
        run, created = ImportRun.objects.get_or_create(batch=batch, enrols=enrols)
        if created:
            queue.enqueue_on_commit(ImportRun, [run.pk])
    return created


def choose(file: ImportFile, *, face: int | None, force: bool, leave_out: bool) -> None:
    """What somebody wants of a photo: one of its faces, or that it comes in all the same, or that
    it does not. Of what is not said it is as the look found it."""
    file.box = file.faces[face] if face is not None and face < len(file.faces) else None
    file.force = force
    comes_in = file.box or force or file.code in _REMARKS
    file.outcome = Outcome.NEW if comes_in else Outcome.REFUSED
    if leave_out:
        file.outcome = Outcome.LEFT_OUT
    file.save(update_fields=("box", "force", "outcome"))


def launch(run_id: str) -> None:
    """Start the process that goes through it."""
    if ImportRun.objects.filter(pk=run_id, status__in=UNFINISHED).exists():
        processes.start("import_people", run_id)


def process(run_id: UUID | str, *, redelivered: bool = False) -> None:
    """Go through an import. Safe to call twice, late, or for a row that is gone."""
    attempts.attempt(ImportRun, run_id, _go_through, redelivered=redelivered)


def _go_through(run: ImportRun) -> None:
    plan = staged.planned(run.batch)
    way = _Way(run, plan)
    options = Options(dry_run=not run.enrols, agreed=_agreed(run.batch))
    bulk.enrol(plan, options, way.note, _terms(run.batch, way))
    _finish(run, plan)


def _agreed(batch: Import) -> Agreed | None:
    if not batch.purposes or batch.text is None:
        return None
    purposes = [Purpose(one) for one in batch.purposes]
    return Agreed(purposes, How(batch.how), batch.text, batch.created_at)


def _terms(batch: Import, way: _Way) -> bulk.Terms:
    everybody = batch.everybody and bool(batch.purposes)
    return bulk.Terms(everybody, _wishes(batch), way.done, batch.requested_by)


def _wishes(batch: Import) -> bulk.Wishes:
    chosen = batch.files.exclude(box=None) | batch.files.filter(force=True)
    return {
        file.path: {"force": file.force, "box": Box(*file.box) if file.box else None}
        for file in chosen
    }


class _Way:
    """How far a run has come; what it comes to know is stored photo by photo."""

    def __init__(self, run: ImportRun, plan: Plan) -> None:
        self._run = run
        self._folders = {
            str(photo): name for name, photos in plan.photos.items() for photo in photos
        }
        self._rows = {row.path: row for row in run.batch.files.all()}
        self.done = {path for path, row in self._rows.items() if row.done}

    def note(self, seen: Looked) -> None:
        row = self._rows[seen.path]
        row.folder, row.done = self._folders[seen.path], True
        row.person = seen.person if seen.person and seen.person.pk else None
        _note(row, seen, self._run)
        if row.code == SEVERAL:
            _show_faces(row)
        with transaction.atomic():
            attempts.show_life(self._run)
            row.save()


def _note(row: ImportFile, seen: Looked, run: ImportRun) -> None:
    face, refused = seen.face, seen.refused
    row.code, row.other, row.params = "", None, {}
    if refused is not None:
        row.outcome, row.code, row.other = Outcome.REFUSED, refused.code, seen.other
        row.params = {name: said for name, said in refused.params.items() if name != "name"}
    elif face is not None:
        row.code, row.other = face.objection, face.resembles
        row.face = face if face.pk else None
        row.outcome = _came_in(seen, run)


def _came_in(seen: Looked, run: ImportRun) -> Outcome:
    """Also of a photo that this very run had enrolled when it was killed."""
    lately = seen.face is not None and seen.face.created_at >= run.created_at
    if not (seen.created or lately):
        return Outcome.UNCHANGED
    return Outcome.ENROLLED if run.enrols else Outcome.NEW


def _show_faces(row: ImportFile) -> None:
    """Keep what is needed to choose one of several."""
    with row.file.open() as file:
        image = bounded.decode(file.read())
    found = predictors.active().recognizer.recognize(image).faces
    row.faces = [list(asdict(face.detected.box).values()) for face in found]
    row.height, row.width = image.shape[:2]
    if not row.preview:
        with new_files() as write:
            write(row.preview, imaging.encode_jpeg(image, long_side=PREVIEW_LONG_SIDE))


def _finish(run: ImportRun, plan: Plan) -> None:
    with transaction.atomic():
        attempts.finish(run)
        if run.enrols:
            _drop_bytes(run.batch)
        else:
            notes = [staged.described(note) for note in plan.refused]
            Import.objects.filter(pk=run.batch_id).update(notes=notes)


def _drop_bytes(batch: Import) -> None:
    """What was sent is not needed any more; what came of it can be read for a while."""
    kept = batch.files.exclude(file="", preview="")
    files.delete_on_commit(name for names in kept.values_list("file", "preview") for name in names)
    kept.update(file="", preview="")


def drop(batch: Import) -> None:
    """Delete an import and all that was sent; whoever goes through it stops at the next photo."""
    while ids := list(batch.files.values_list("pk", flat=True)[:BATCH]):
        ImportFile.objects.filter(pk__in=ids).delete()
    batch.delete()


def drop_old() -> None:
    """Delete the imports of earlier days that nobody is at work on."""
    old = Import.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    for batch in old.exclude(runs__status__in=UNFINISHED):
        drop(batch)
