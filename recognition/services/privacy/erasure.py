"""Removing people and their photos, with all that they could be recognised by."""

from __future__ import annotations

from copy import copy

from recognition.models import EnrolledFace, Person, User
from recognition.services.audit import record
from recognition.services.gallery import memory
from recognition.services.training import faces as training_faces


def remove_person(person: Person, actor: User | None) -> None:
    """Remove a person with everything that was stored about them to recognise them by."""
    with memory.changing() as changes:
        faces = list(person.faces.values_list("pk", flat=True))
        changes.removed((face, person.pk) for face in faces)
        training_faces.forget(person)
        gone = copy(person)
        person.delete()
        record(actor, "person.removed", gone, photos=len(faces))


def remove_face(face: EnrolledFace, actor: User | None) -> None:
    """Take one photo out of the gallery."""
    with memory.changing() as changes:
        changes.removed([(face.pk, face.person_id)])
        gone = copy(face)
        face.delete()
        record(actor, "face.removed", gone, person=face.person_id)
