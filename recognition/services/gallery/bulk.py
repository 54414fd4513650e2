"""Enrolling a folder of people, photo by photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction

from ml.errors import PhotoRejected
from recognition.models import EnrolledFace, Person
from recognition.services.gallery import folders, owners, people, tables
from recognition.services.gallery.enrolling import EnrolmentRefused, Options, enrol_photo
from recognition.services.gallery.folders import Note, Place, Plan, Row
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


def planned(root: Place) -> Plan:
    """What there is to enrol in a folder of people, and what its tables say of them.

    Raises `OSError` if the folder cannot be read.
    """
    plan = folders.scan(root)
    tables.read(plan)
    return plan


def enrol(plan: Plan, options: Options, looked: Looked, *, consent: bool = False) -> Summary:
    """Enrol photo by photo, each in its own transaction: what is done stays done if this stops.

    With `consent`, everybody's covers training of whom no table says anything else.
    """
    summary = Summary(passed_over=plan.passed_over, refused=list(plan.refused))
    there = set[int | str]()
    for name, photos in plan.photos.items():
        row = plan.rows.get(name, Row())
        before = summary.enrolled + summary.unchanged
        person = owners.owner_of(name, photos, row.external_id)
        for photo in photos:
            person, note = _enrol(person, photo, options, summary)
            looked(note)
        if _has_photos(person) or summary.enrolled + summary.unchanged > before:
            there.add(person.pk or name)  # two folders may spell one name
        if person.pk and not options.dry_run:
            _keep(name, person, row, consent=consent)
    summary.people = len(there)
    return summary


def _has_photos(person: Person) -> bool:
    return person.pk is not None and person.faces.exists()


def _keep(name: str, person: Person, row: Row, *, consent: bool) -> None:
    """Remember whose folder it is and what was said of them, unless they were removed meanwhile."""
    with transaction.atomic():
        there = Person.objects.select_for_update().filter(pk=person.pk).first()
        if there is not None:
            if _has_photos(there):
                owners.remember(name, there)
            _change(there, row, consent=consent)


def _change(person: Person, row: Row, *, consent: bool) -> None:
    said: dict[str, str | bool] = {}
    if row.external_id:
        said["external_id"] = row.external_id
    if consent or row.consent is not None:
        said["training_consent"] = consent if row.consent is None else row.consent
    changed = {each: value for each, value in said.items() if getattr(person, each) != value}
    for attribute, value in changed.items():
        setattr(person, attribute, value)
    if changed:
        people.change_person(person, None, changed)


def _enrol(
    person: Person, photo: Place, options: Options, summary: Summary
) -> tuple[Person, Note | None]:
    try:
        data = photo.read()
        face, created = enrol_photo(person, data, _printable(photo.name), options=options)
    except PhotoRejected as error:
        refused = Note(str(photo), error.code, uploads.details(error))
    except EnrolmentRefused as error:
        refused = Note(str(photo), error.code, error.params)
    else:
        summary.enrolled += created
        summary.unchanged += not created
        return face.person, _remark(photo, face, summary) if created else None
    summary.refused.append(refused)
    return person, refused


def _remark(photo: Place, face: EnrolledFace, summary: Summary) -> Note | None:
    if not face.objection:
        return None
    name = {"name": face.resembles.display_name} if face.resembles else {}
    remark = Note(str(photo), face.objection, name)
    summary.remarks.append(remark)
    return remark


def _printable(name: str) -> str:
    """A file name in no known encoding cannot be stored as it is."""
    return name.encode(errors="replace").decode()
