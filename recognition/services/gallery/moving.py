"""Photos that were enrolled under the wrong person, put under another, who may be new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import QuerySet

from recognition.models import EnrolledFace, Finding, Person, User
from recognition.services.audit import record
from recognition.services.gallery import memory
from recognition.services.gallery.people import add_person
from recognition.services.refusals import Refused


class MoveRefused(Refused):
    """The photos stay where they are; `recognition.messages.care` has the sentence."""


def move(faces: QuerySet[EnrolledFace], to: Person, actor: User | None) -> int:
    """Returns how many photos that were. Answers of before keep the names that they gave.

    What a reviewer said of one is no reason any more for whose it is.

    Raises:
        MoveRefused: the person is there no more, or it is theirs already.
    """
    with memory.changing() as changes:
        if not Person.objects.filter(pk=to.pk).exists():
            raise MoveRefused("person_gone")
        there = list(faces.exclude(person=to).select_for_update())
        if not there:
            raise MoveRefused("nothing_to_move")
        for before, theirs in _by_person(there).items():
            changes.moved(theirs, before, to.pk)
        EnrolledFace.objects.filter(pk__in=[face.pk for face in there]).update(
            person=to, chosen=False, objection="", resembles=None, from_review=False, probe=None
        )
        Finding.objects.filter(face__in=there).delete()
        for face in there:
            record(actor, "face.moved", face, before=face.person_id, after=to.pk)
    return len(there)


def split(faces: QuerySet[EnrolledFace], name: str, actor: User | None) -> Person:
    """Make a person of some photos of another. What either agreed to stays as it is: of whoever is
    new nothing is on record.

    Raises:
        NameTaken: there is such a person.
        MoveRefused: the photos are there no more.
    """
    with memory.changing():
        person = add_person(name, actor)
        move(faces, person, actor)
    return person


def _by_person(faces: Iterable[EnrolledFace]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for face in faces:
        found[face.person_id].append(face.pk)
    return found
