"""Whose folder it is: theirs from whom it was enrolled before, or theirs whose name it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from ml.errors import PhotoRejected
from recognition.models import EnrolledFace, FolderName, Person
from recognition.models.people import folder_name_folded
from recognition.services.gallery.enrolling import digest_of
from recognition.services.photos import uploads


def owner_of(name: str, photos: Sequence[Path]) -> Person:
    """The person of a folder; somebody new, not stored yet, if it is nobody's."""
    return _remembered(name) or _named(name) or _photographed(photos) or Person(name=name)


def remember(name: str, person: Person) -> None:
    """Keep that a folder of this name is this person's, unless it is somebody's already."""
    with transaction.atomic():
        if Person.objects.select_for_update().filter(pk=person.pk).exists():
            FolderName.objects.get_or_create(
                folded=folder_name_folded(name), defaults={"person": person, "name": name}
            )


def _remembered(name: str) -> Person | None:
    return Person.objects.filter(folder_names__folded=folder_name_folded(name)).first()


def _named(name: str) -> Person | None:
    """The person of that name, or their only namesake with an external id.

    The very name comes first, then one with spaces for underscores, or the other way round.
    """
    exactly = _namesake(Person.objects.filter(name=name))
    return exactly or _namesake(Person.shown_as(name))


def _namesake(people: QuerySet[Person]) -> Person | None:
    namesakes = list(people.order_by("external_id", "pk")[:2])
    if namesakes and (len(namesakes) == 1 or not namesakes[0].external_id):
        return namesakes[0]
    return None


def _photographed(photos: Sequence[Path]) -> Person | None:
    """The only person who has photos of the folder enrolled, if that is half of them or more.

    A folder with a copy of somebody else's photo in it is not theirs for that.
    """
    digests = set(_digests(photos))
    enrolled = EnrolledFace.objects.filter(photo_digest__in=digests)
    owners = Counter(enrolled.values_list("person", flat=True))
    if len(owners) == 1 and 2 * owners.total() >= len(digests):
        return Person.objects.get(pk=next(iter(owners)))
    return None


def _digests(photos: Sequence[Path]) -> Iterator[str]:
    for path in photos:
        try:
            yield digest_of(uploads.read_file(path))
        except PhotoRejected:
            continue
