"""The gallery in a worker's memory, and the rows by which every worker follows its changes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from ml.gallery import Gallery
from recognition.models import GalleryChange, GalleryRevision, ModelVersion, Template
from recognition.services import consent

_ROW: Final = 1  # the only row of GalleryRevision
_BATCH: Final = 500


@dataclass(frozen=True)
class Changes:
    """The changes of one transaction, all under the same revision."""

    revision: int

    def added(self, face_id: int, person_id: int) -> None:
        GalleryChange.objects.create(revision=self.revision, face_id=face_id, person_id=person_id)

    def removed(self, faces: Iterable[tuple[int, int]]) -> None:
        """Note the removal of faces, given as (face id, person id)."""
        self._note(faces, removed=True)

    def again(self, faces: Iterable[tuple[int, int]]) -> None:
        """Have faces looked at again whose people may be named from now on, or no longer."""
        self._note(faces, removed=False)

    def moved(self, faces: Iterable[int], before: int, after: int) -> None:
        """Note that faces of one person are another's."""
        there = list(faces)
        self.removed((face, before) for face in there)
        self.again((face, after) for face in there)

    def _note(self, faces: Iterable[tuple[int, int]], *, removed: bool) -> None:
        GalleryChange.objects.bulk_create(
            (
                GalleryChange(
                    revision=self.revision, face_id=face, person_id=person, removed=removed
                )
                for face, person in faces
            ),
            batch_size=_BATCH,
        )


@contextmanager
def changing() -> Iterator[Changes]:
    """A transaction that changes the gallery.

    It takes the revision's row first and holds it until commit: whoever changes the gallery waits
    for whoever did so before, and no revision becomes visible before a smaller one.
    """
    with transaction.atomic():
        yield Changes(_next_revision())


def _next_revision() -> int:
    row = GalleryRevision.objects.filter(pk=_ROW)
    if not row.update(revision=F("revision") + 1):
        GalleryRevision.objects.get_or_create(pk=_ROW)
        row.update(revision=F("revision") + 1)
    return row.values_list("revision", flat=True).get()


class _Followed:
    """The gallery under one model version, as of one revision."""

    def __init__(self, version: ModelVersion) -> None:
        self.gallery = Gallery(version.embedding_size)
        self._version = version
        self._ends: dict[int, dt.datetime] = {}
        self._first_end = consent.FOREVER
        # Read before the templates: a change in between is then seen twice rather than never.
        self.revision = revision()
        self._add(self._templates())

    def follow(self) -> None:
        """Bring the gallery up to date, reading nothing but what has changed."""
        changes = GalleryChange.objects.filter(revision__gt=self.revision)
        rows = changes.order_by("revision", "pk").values_list("face_id", "removed", "revision")
        unread, revision = rows.iterator(chunk_size=_BATCH), self.revision
        while batch := list(islice(unread, _BATCH)):
            self._apply({face: removed for face, removed, _ in batch})
            revision = batch[-1][2]
        self.revision = revision
        self._drop_what_is_over()

    def _apply(self, changes: dict[int, bool]) -> None:
        """The last change of each face is all that matters."""
        self._remove(changes)
        stay = [face for face, removed in changes.items() if not removed]
        self._add(self._templates().filter(face__in=stay))

    def _add(self, templates: QuerySet[Template]) -> None:
        rows = templates.values_list(
            "face_id",
            "face__person_id",
            "embedding",
            "face__quality",
            consent.recognised_until("face__person"),
        )
        for face, person, embedding, quality, until in rows.iterator(chunk_size=_BATCH):
            self.gallery.add(face, person, np.frombuffer(embedding, dtype="<f4"), quality)
            if until and until < consent.FOREVER:
                self._ends[face] = until
                self._first_end = min(self._first_end, until)

    def _remove(self, faces: Iterable[int]) -> None:
        for face in faces:
            self.gallery.remove(face)
            self._ends.pop(face, None)

    def _drop_what_is_over(self) -> None:
        """Who agreed for a time leaves as soon as it has passed, whoever says so how much later."""
        now = timezone.now()
        if self._first_end <= now:
            self._remove([face for face, end in self._ends.items() if end <= now])
            self._first_end = min(self._ends.values(), default=consent.FOREVER)

    def _templates(self) -> QuerySet[Template]:
        """Of everybody who may be named."""
        return Template.objects.filter(
            consent.may_be_named("face__person"), model_version=self._version
        )


@contextmanager
def standing_still() -> Iterator[None]:
    """A transaction in which nobody else changes the gallery, and which does not either."""
    with transaction.atomic():
        list(GalleryRevision.objects.select_for_update().filter(pk=_ROW))
        yield


def apart(version: ModelVersion) -> tuple[Gallery, int]:
    """A gallery of the caller's own, and the revision as of which it is."""
    read = _Followed(version)
    return read.gallery, read.revision


def revision() -> int:
    """Grows with every change of the gallery."""
    return GalleryRevision.objects.values_list("revision", flat=True).first() or 0


Term = tuple[int, dt.datetime | None]
"""A version, and since when it has been in service."""

_lock = threading.RLock()
_followed: dict[Term, _Followed] = {}


@contextmanager
def current(version: ModelVersion) -> Iterator[Gallery]:
    """This process's gallery under `version`, up to date, for the calling thread alone.

    Only the version asked for last is kept. One that was out of service and comes back is read
    afresh: who was enrolled meanwhile has got a template of it since, which is no gallery change.
    """
    term = version.pk, version.activated_at
    with _lock:
        followed = _followed.get(term)
        if followed is None:
            _followed.clear()
            followed = _followed[term] = _Followed(version)
        else:
            followed.follow()
        yield followed.gallery
