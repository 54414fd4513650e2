"""Whose folder it is: theirs from whom it was enrolled before, or theirs whose name it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from ml.errors import PhotoRejected
from recognition.models import EnrolledFace, FolderName, Person
from recognition.models.people import folder_name_folded
from recognition.services.gallery.enrolling import digest_of
from recognition.services.gallery.folders import Place


def owner_of(name: str, photos: Sequence[Place], external_id: str = "") -> Person:
    """The person of a folder; somebody new, not stored yet, if it is nobody's.

    An external id, where one is given, decides: namesakes are told apart by it.
    """
    found = _identified(name, external_id) if external_id else None
    found = found or _remembered(name) or _named(name) or _photographed(photos)
    if found is None or (external_id and found.external_id not in {"", external_id}):
        return Person(name=name, external_id=external_id)
    return found


def remember(name: str, person: Person) -> FolderName | None:
    """Keep that a folder of this name is this person's, unless it is somebody's already."""
    row, new = FolderName.objects.get_or_create(
        folded=folder_name_folded(name), defaults={"person": person, "name": name}
    )
    return row if new else None


def _identified(name: str, external_id: str) -> Person | None:
    people = Person.objects.filter(external_id=external_id)
    found = people.filter(name=name).first() or people.order_by("pk").first()
    return found or Person.objects.filter(merges__external_id=external_id).order_by("pk").first()


def _remembered(name: str) -> Person | None:
    return Person.objects.filter(folder_names__folded=folder_name_folded(name)).first()


def _named(name: str) -> Person | None:
    """The person of that name, or their only namesake with an external id.

    The very name comes first, then one with spaces for underscores, or the other way round.
    """
    exactly = _namesake(Person.objects.filter(name=name))
    return exactly or _namesake(Person.shown_as(name))


def _namesake(people: QuerySet[Person]) -> Person | None:
    return people.filter(external_id="").order_by("pk").first() or _only(people)


def _only(people: QuerySet[Person]) -> Person | None:
    found = list(people[:2])
    return found[0] if len(found) == 1 else None


def _photographed(photos: Sequence[Place]) -> Person | None:
    """The only person who has photos of the folder enrolled, if that is half of them or more.

    A folder with a copy of somebody else's photo in it is not theirs for that.
    """
    digests = set(_digests(photos))
    enrolled = EnrolledFace.objects.filter(photo_digest__in=digests)
    owners = Counter(enrolled.values_list("person", flat=True))
    if len(owners) == 1 and 2 * owners.total() >= len(digests):
        return Person.objects.get(pk=next(iter(owners)))
    return None


def _digests(photos: Sequence[Place]) -> Iterator[str]:
    for photo in photos:
        try:
            yield digest_of(photo.read())
        except PhotoRejected:
            continue
