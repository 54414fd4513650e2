"""Removing people and their photos, with all that they could be recognised by."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

from recognition.models import (
    AuditEvent,
    DeletionReason,
    EnrolledFace,
    Opinion,
    Person,
    Proposal,
    TrainedPerson,
    Trial,
    User,
)
from recognition.services.audit import record
from recognition.services.events import emitting
from recognition.services.gallery import memory
from recognition.services.privacy import deletion
from recognition.services.training import faces as training_faces

REMOVED = "person.removed"


def remove_person(person: Person, actor: User | None) -> AuditEvent:
    """Remove a person with everything that was stored about them to recognise them by, and the
    photos of which a reviewer said that they are in them; returns what the audit log has of it.

    Once this has returned nobody names them: whoever is answering a photo meanwhile finds them
    gone before the answer is stored. What else the bytes of the database have kept,
    `recognition.services.privacy.scrubbing` overwrites.
    """
    with memory.changing() as changes:
        faces = list(person.faces.values_list("pk", flat=True))
        changes.removed((face, person.pk) for face in faces)
        training_faces.forget(person)
        photos = deletion.delete_showing(person)
        trials = _forget_trials(person)
        _forget_name(person)
        gone = copy(person)
        person.delete()
        emitting.removed(gone)
        deletion.note(photos, actor, DeletionReason.ASKED)
        return record(
            actor,
            REMOVED,
            gone,
            photos=len(faces),
            faces=faces,
            asked=[str(photo.pk) for photo in photos],
            trials=trials,
            versions=_versions_that_learned(gone),
        )


def _forget_trials(person: Person) -> int:
    """They are few: each is kept for a day."""
    numbers = {person.pk, *person.merges.values_list("gone", flat=True)}
    rows = Trial.objects.exclude(answers={}).values_list("pk", "answers")
    theirs = [pk for pk, answers in rows if not numbers.isdisjoint(_people_in(answers))]
    Trial.objects.filter(pk__in=theirs).delete()
    return len(theirs)


def _forget_name(person: Person) -> None:
    """A proposal of somebody new by their name speaks of them, and so does an opinion."""
    names = {person.name, person.display_name, *person.merges.values_list("name", flat=True)}
    Proposal.objects.filter(name__in=names).delete()
    Opinion.objects.filter(name__in=names).update(name="")


def _people_in(answers: dict[str, list[dict[str, Any]]]) -> Iterator[int]:
    for faces in answers.values():
        for face in faces:
            yield from (candidate["person"] for candidate in face["candidates"])


def _versions_that_learned(person: Person) -> list[str]:
    learned = TrainedPerson.objects.filter(person_id=person.pk)
    return sorted(set(learned.values_list("model_version__name", flat=True)))


def remove_face(face: EnrolledFace, actor: User | None) -> None:
    """Take one photo out of the gallery."""
    with memory.changing() as changes:
        changes.removed([(face.pk, face.person_id)])
        gone = copy(face)
        face.delete()
        emitting.photo_removed(gone)
        record(actor, "face.removed", gone, person=face.person_id)
