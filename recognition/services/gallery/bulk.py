"""Enrolling a folder of people, photo by photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ml.errors import PhotoRejected
from recognition.models import EnrolledFace, Person
from recognition.services.gallery import owners
from recognition.services.gallery.enrolling import EnrolmentRefused, Options, enrol_photo
from recognition.services.gallery.folders import Note, Plan
from recognition.services.photos import uploads


@dataclass
class Summary:
    """`people` counts those of the folder who are in the gallery now, with a photo or more;
    `remarks` are on photos that were enrolled."""

    people: int = 0
    enrolled: int = 0
    unchanged: int = 0
    passed_over: int = 0
    refused: list[Note] = field(default_factory=list)
    remarks: list[Note] = field(default_factory=list)


Looked = Callable[[Note | None], None]
"""Called after each photo, with what there is to say of it."""


def enrol(plan: Plan, options: Options, looked: Looked) -> Summary:
    """Enrol photo by photo, each in its own transaction: what is done stays done if this stops."""
    summary = Summary(passed_over=plan.passed_over, refused=list(plan.refused))
    people = set[int]()
    for name, photos in plan.photos.items():
        person = owners.owner_of(name, photos)
        for path in photos:
            person, note = _enrol(person, path, options, summary)
            looked(note)
        if person.pk is not None and person.faces.exists():
            people.add(person.pk)  # two folders may spell one name
            owners.remember(name, person)
    summary.people = len(people)
    return summary


def _enrol(
    person: Person, path: Path, options: Options, summary: Summary
) -> tuple[Person, Note | None]:
    try:
        photo = uploads.read_file(path)
        face, created = enrol_photo(person, photo, _printable(path.name), options=options)
    except PhotoRejected as error:
        refused = Note(path, error.code, uploads.details(error))
    except EnrolmentRefused as error:
        refused = Note(path, error.code, error.params)
    else:
        summary.enrolled += created
        summary.unchanged += not created
        return face.person, _remark(path, face, summary) if created else None
    summary.refused.append(refused)
    return person, refused


def _remark(path: Path, face: EnrolledFace, summary: Summary) -> Note | None:
    if not face.objection:
        return None
    name = {"name": face.resembles.display_name} if face.resembles else {}
    remark = Note(path, face.objection, name)
    summary.remarks.append(remark)
    return remark


def _printable(name: str) -> str:
    """A file name in no known encoding cannot be stored as it is."""
    return name.encode(errors="replace").decode()
