"""The gallery as a worker asks it, and the rows by which every worker follows its changes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

import numpy as np
from django.db import transaction
from django.utils import timezone

from ml.gallery import Gallery
from ml.settled import InRows
from recognition.models import GalleryChange, ModelVersion
from recognition.services.gallery import indexed, reading, revisions, snapshots, vectors
from recognition.services.gallery.snapshots import Snapshot
from recognition.services.gallery.terms import Terms

_BATCH: Final = 500
_MANY: Final = 1000
_PART: Final = 100
"""So many templates, and such a part of all, may have changed until they are put in rows."""


@dataclass(frozen=True)
class Changes:
    """The changes of one transaction, all under the same revision, and whom they are about."""

    revision: int
    people: set[int] = field(default_factory=set)

    def added(self, face_id: int, person_id: int) -> None:
        self._note([(face_id, person_id)], removed=False)

    def removed(self, faces: Iterable[tuple[int, int]]) -> None:
        """Note the removal of faces, given as (face id, person id)."""
        gone = list(faces)
        self._note(gone, removed=True)
        overwrite = partial(snapshots.overwrite, [face for face, _ in gone])
        transaction.on_commit(overwrite, robust=True)

    def again(self, faces: Iterable[tuple[int, int]]) -> None:
        """Have faces looked at again whose people may be named from now on, or no longer."""
        self._note(faces, removed=False)

    def moved(self, faces: Iterable[int], before: int, after: int) -> None:
        """Note that faces of one person are another's."""
        there = list(faces)
        self.removed((face, before) for face in there)
        self.again((face, after) for face in there)

    def _note(self, faces: Iterable[tuple[int, int]], *, removed: bool) -> None:
        noted = list(faces)
        self.people.update(person for _, person in noted)
        GalleryChange.objects.bulk_create(
            (
                GalleryChange(
                    revision=self.revision, face_id=face, person_id=person, removed=removed
                )
                for face, person in noted
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
        changes = Changes(revisions.begin())
        vectors.go_along(changes.revision)
        yield changes
        vectors.put_right(changes.people)


class _Followed:
    """The gallery under one model version, as of one revision."""

    def __init__(self, version: ModelVersion) -> None:
        self._version = version
        with snapshots.locked():
            kept = snapshots.newest(version, revisions.last())
            self._begin(kept if kept and _is_worth_following(kept) else self._read())
        self.follow()

    @property
    def changed(self) -> int:
        """How many templates are in no rows, or in these alone."""
        return self.gallery.recent + self._rows.gone

    def follow(self) -> None:
        """Bring the gallery up to date, reading nothing but what has changed. Whoever has left it
        is not to be found in a snapshot either."""
        gone = self._catch_up()
        if self.changed > max(_MANY, self.gallery.templates // _PART):
            gone |= self._renew()
        if gone:
            snapshots.overwrite(gone)

    def _begin(self, snapshot: Snapshot) -> None:
        self._rows = InRows(snapshot.rows)
        self.gallery = Gallery(self._version.embedding_size, self._rows)
        self.revision = self._began_with = snapshot.revision
        self._terms = Terms(snapshot.terms)

    def _read(self) -> Snapshot:
        # Read before the templates: a change in between is then seen twice rather than never.
        as_of = revisions.last()
        rows, terms = reading.everything(self._version)
        read = Snapshot(as_of, rows, terms.to_store())
        return snapshots.keep(self._version, read) if len(rows.templates) > _MANY else read

    def _renew(self) -> set[int]:
        """Go on with what somebody else has stored meanwhile, or else store what there is now."""
        gone = set[int]()
        with snapshots.locked():
            newer = snapshots.newest(self._version, revisions.last())
            if newer is None or newer.revision <= self._began_with:
                gone |= self._catch_up()
                rows = self._rows.joined(self.gallery.recent_in_rows())
                here = Snapshot(self.revision, rows, self._terms.to_store())
                newer = snapshots.keep(self._version, here)
            self._begin(newer)
        return gone | self._catch_up()

    def _catch_up(self) -> set[int]:
        """Apply what has changed since; returns the faces that have left."""
        changes = GalleryChange.objects.filter(revision__gt=self.revision)
        rows = changes.order_by("revision", "pk").values_list("face_id", "removed", "revision")
        unread, revision, gone = rows.iterator(chunk_size=_BATCH), self.revision, set[int]()
        while batch := list(islice(unread, _BATCH)):
            gone |= self._apply({face: removed for face, removed, _ in batch})
            revision = batch[-1][2]
        self.revision = revision
        over = self._terms.over(timezone.now())
        self._remove(over)
        return gone | set(over)

    def _apply(self, changes: dict[int, bool]) -> set[int]:
        """The last change of each face is all that matters."""
        self._remove(changes)
        stay = [face for face, removed in changes.items() if not removed]
        return changes.keys() - set(self._add(stay))

    def _add(self, faces: list[int]) -> Iterator[int]:
        """Those of them whose people may be named."""
        for one in reading.some(self._version, faces) if faces else ():
            embedding = np.frombuffer(one.embedding, "<f4")
            self.gallery.add(one.face, one.person, embedding, one.quality)
            self._terms.put(one.face, one.until)
            yield one.face

    def _remove(self, faces: Iterable[int]) -> None:
        """Who agreed for a time leaves as soon as it has passed, whoever says so how much later."""
        for face in faces:
            self.gallery.remove(face)
            self._terms.put(face, None)


def _is_worth_following(kept: Snapshot) -> bool:
    """Or so much has changed that it is quicker to read all."""
    changes = GalleryChange.objects.filter(revision__gt=kept.revision).count()
    return changes <= _MANY + len(kept.rows.templates) // 5


def apart(version: ModelVersion) -> tuple[Gallery, int]:
    """A gallery of the caller's own, and the revision as of which it is."""
    read = _Followed(version)
    return read.gallery, read.revision


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
        if found := indexed.gallery(version):
            yield found
            return
        followed = _followed.get(term)
        if followed is None:
            _followed.clear()
            followed = _followed[term] = _Followed(version)
        else:
            followed.follow()
        yield followed.gallery
