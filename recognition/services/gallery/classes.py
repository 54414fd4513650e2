"""Who of the gallery the classes of a trained version are.

A version that answers by its own classes can name people only. So those of its classes that are
nobody's yet come into the gallery before it goes into service, with a few of the photos that it was
trained on: an answer then has pictures of the person, as any other has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from ml import artifact
from ml.data import splits
from ml.errors import PhotoRejected
from recognition.models import Merge, ModelVersion, Person, TrainedPerson, TrainingRun, User
from recognition.services import consent
from recognition.services.gallery import memory, owners
from recognition.services.gallery.enrolling import (
    EnrolmentRefused,
    Options,
    enrol_photo,
)
from recognition.services.gallery.folders import OnDisk
from recognition.services.gallery.templates import Progress, silent
from recognition.services.versions import registry

PHOTOS: Final = 3
"""Of everybody who comes into the gallery with a version."""
TRIED: Final = 10
"""Photos, at most, that are looked at for those: few are refused."""


def record(version: ModelVersion, people: Mapping[int, int]) -> None:
    """Keep whose faces a version has learned, by class. Somebody may have left meanwhile, or have
    been merged with somebody.

    Under the gallery's lock: whoever is removed is removed before this, or marked after it.
    """
    with memory.changing():
        since = Merge.now(people.values())
        people = {number: since.get(person, person) for number, person in people.items()}
        there = set(Person.objects.filter(pk__in=people.values()).values_list("pk", flat=True))
        now = timezone.now()
        TrainedPerson.objects.bulk_create(
            (
                TrainedPerson(
                    model_version=version,
                    number=number,
                    person_id=person,
                    erased_at=None if person in there else now,
                )
                for number, person in people.items()
            ),
            ignore_conflicts=True,
        )


def link(version: ModelVersion) -> None:
    """Find the people of the gallery who are classes of a version: by name, by a folder that is
    theirs, or by photos of it that are enrolled."""
    found = {}
    for one in _nobodys(version):
        person = owners.owner_of(one.label, one.photos)
        if person.pk is not None:
            found[one.number] = person.pk
    record(version, found)


def enrol(version: ModelVersion, actor: User | None, progress: Progress = silent) -> None:
    """Make the classes of a version people of the gallery, where they are not yet.

    Who was erased since stays away. So does who has no photo any more where the training found
    them, or none that can be enrolled.

    Raises:
        ArtifactError: there is no model in service to look at the photos with.
    """
    link(version)
    missing = list(_without_photos(version))
    for done, one in enumerate(missing, start=1):
        person = _enrol(one, version, actor)
        if person is not None:
            record(version, {one.number: person.pk})
        progress(done, len(missing))


def named(version: ModelVersion) -> QuerySet[Person]:
    """The people of the gallery whom a version may name by its classes."""
    known = version.trained_people.filter(erased_at=None).exclude(number=None)
    return _in_gallery().filter(pk__in=known.values("person_id"))


def unknown(version: ModelVersion) -> QuerySet[Person]:
    """The people of the gallery whom it cannot name, as they are none of its classes."""
    return _in_gallery().exclude(pk__in=named(version).values("pk"))


def without_person(version: ModelVersion) -> int:
    """How many of its classes are nobody of the gallery."""
    known = version.trained_people.filter(erased_at=None, person_id__in=_in_gallery().values("pk"))
    total: int = version.metrics.get("closed_set", {}).get("classes", 0)
    return max(0, total - known.count())


def _in_gallery() -> QuerySet[Person]:
    """With a photo, with consent where it takes one, and not hidden."""
    return _with_photos().filter(consent.may_be_named())


def _with_photos() -> QuerySet[Person]:
    there = Person.objects.alias(photos=Count("faces")).filter(photos__gt=0)
    return there.filter(consent.may_be_recognised())


@dataclass(frozen=True)
class _Class:
    """A class, its label, who it is as far as known, and the files that it was trained on, within
    one of the roots, with their SHA-256."""

    number: int
    label: str
    person: int | None
    roots: tuple[Path, ...]
    files: Mapping[str, str]

    @property
    def owner(self) -> Person:
        """Somebody new, not stored yet, if it is nobody of the gallery."""
        known = Person.objects.filter(pk=self.person).first() if self.person else None
        return known or owners.owner_of(self.label, self.photos)

    @cached_property
    def photos(self) -> list[OnDisk]:
        """A few of those that are still there, and none that is another by now."""
        return [OnDisk(path) for path in self._paths()]

    def _paths(self) -> Iterator[Path]:
        for name, digest in list(self.files.items())[:TRIED]:
            for root in self.roots:
                path = root / name
                if path.is_file() and artifact.sha256(path) == digest:
                    yield path


def _nobodys(version: ModelVersion) -> Iterator[_Class]:
    """Those that were never found to be anybody."""
    return (one for one in _classes(version) if one.person is None)


def _without_photos(version: ModelVersion) -> Iterator[_Class]:
    """Those too who have no photo in the gallery, unless they were erased."""
    done = _with_photos().filter(pk__in=version.trained_people.values("person_id"))
    gone = version.trained_people.exclude(erased_at=None)
    people = {*done.values_list("pk", flat=True), *gone.values_list("person_id", flat=True)}
    return (one for one in _classes(version) if one.person not in people)


def _classes(version: ModelVersion) -> Iterator[_Class]:
    folder, roots = registry.folder(version), _roots(version)
    files = splits.training_files(folder / splits.FILE) if roots else {}
    people = dict(version.trained_people.values_list("number", "person_id"))
    for number, label in enumerate(artifact.read_labels(folder / artifact.LABELS)):
        yield _Class(number, label, people.get(number), roots, files.get(number, {}))


def _roots(version: ModelVersion) -> tuple[Path, ...]:
    """The folders that it was trained on; none, of what was trained on the site's own faces."""
    run = TrainingRun.objects.filter(version=version).first()
    return tuple(map(Path, run.arguments.get("data", ()))) if run else ()


def _enrol(one: _Class, version: ModelVersion, actor: User | None) -> Person | None:
    """The person, if a photo could be enrolled."""
    # Trainings take the largest face of a photo, and are told whose it is.
    as_trained = Options(largest=True, force=True, source=version)
    person, enrolled = one.owner, 0
    for photo in one.photos:
        if enrolled == PHOTOS:
            break
        try:
            data, name = photo.read(), photo.name
            face, _ = enrol_photo(person, data, name, options=as_trained, actor=actor)
        except (EnrolmentRefused, PhotoRejected):
            continue
        person, enrolled = face.person, enrolled + 1
    if not enrolled:
        return None
    owners.remember(one.label, person)
    return person
