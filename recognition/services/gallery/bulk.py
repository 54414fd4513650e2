"""Enrolling many: a folder of people, or all reviewed photos, photo by photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from ml.enrolment import Objection
from ml.errors import PhotoRejected
from recognition.models import EnrolledFace, Person, ProbeFace
from recognition.services.gallery import agreements, folders, owners, people, reviewed, tables
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.comparing import still_resembles
from recognition.services.gallery.enrolling import EnrolmentRefused, Options, enrol_photo
from recognition.services.gallery.folders import Note, Place, Plan, Row
from recognition.services.photos import uploads
from recognition.services.versions import predictors


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
"""Called after each photo, with its refusal if there is one."""


def planned(root: Place) -> Plan:
    """What there is to enrol in a folder of people, and what its tables say of them.

    Raises `OSError` if the folder cannot be read.
    """
    plan = folders.scan(root)
    tables.read(plan)
    return plan


def enrol(plan: Plan, options: Options, looked: Looked, *, consent: bool = False) -> Summary:
    """Enrol photo by photo, each in its own transaction: what is done stays done if this stops.

    `options.agreed` is what a yes in a table means; with `consent` everybody says it of whom no
    table says anything else.
    """
    run = _Run(options, looked)
    for name, photos in plan.photos.items():
        row = _agreeing(plan.rows.get(name, Row()), consent=consent)
        owner = owners.owner_of(name, photos, row.external_id)
        person, photographed = run.enrol(owner, photos, agreed=row.consent is True)
        if photographed:
            run.there.add(person.pk or name)  # two folders may spell one name
        if person.pk and not options.dry_run:
            _keep(name, person, row)
            _note_agreement(person, row, options.agreed)
    return run.summary(plan)


def _agreeing(row: Row, *, consent: bool) -> Row:
    return replace(row, consent=True) if consent and row.consent is None else row


def enrol_reviewed(options: Options, looked: Looked) -> Summary:
    """Enrol what `reviewed.enrollable` has, each in its own transaction. `path` of a note is the
    name of the file that was asked about, and which of its faces."""
    summary, there = Summary(), set[int | None]()
    for probe in list(reviewed.enrollable()):
        refused = None
        try:
            face, created = reviewed.enrol(probe, options=options)
        except EnrolmentRefused as error:
            refused = Note(_place(probe), error.code, error.params)
            summary.refused.append(refused)
        else:
            there.add(face.person_id)
            summary.enrolled += created
            summary.unchanged += not created
            if created and face.objection:
                summary.remarks.append(_remark(_place(probe), face))
        looked(refused)
    summary.people = len(there)
    return summary


def _place(probe: ProbeFace) -> str:
    return f"{probe.identification.filename}, face {probe.index + 1}"


class _Run:
    """What has come of the photos so far."""

    def __init__(self, options: Options, looked: Looked) -> None:
        self._options, self._looked = options, looked
        self._enrolled = self._unchanged = 0
        self._refused = list[Note]()
        self._doubtful = list[tuple[Place, EnrolledFace]]()
        self.there = set[int | str]()

    def enrol(
        self, person: Person, photos: Sequence[Place], *, agreed: bool
    ) -> tuple[Person, bool]:
        """The person, and whether they have a photo in the gallery, or would have."""
        any_enrolled = False
        options = self._options if agreed else replace(self._options, agreed=None)
        for photo in photos:
            face, refused = self._enrol(person, photo, options)
            if face is not None:
                person, any_enrolled = face.person, True
            self._looked(refused)
        return person, _has_photos(person) or any_enrolled

    def _enrol(
        self, person: Person, photo: Place, options: Options
    ) -> tuple[EnrolledFace | None, Note | None]:
        try:
            data, name = photo.read(), _printable(photo.name)
            face, created = enrol_photo(person, data, name, options=options)
        except PhotoRejected as error:
            refused = Note(str(photo), error.code, uploads.details(error))
        except EnrolmentRefused as error:
            refused = Note(str(photo), error.code, error.params)
        else:
            self._enrolled += created
            self._unchanged += not created
            if created and face.objection:
                self._doubtful.append((photo, face))
            return face, None
        self._refused.append(refused)
        return None, refused

    def summary(self, plan: Plan) -> Summary:
        for _, face in self._doubtful:
            _look_again(face)
        return Summary(
            people=len(self.there),
            enrolled=self._enrolled,
            unchanged=self._unchanged,
            passed_over=plan.passed_over,
            refused=[*plan.refused, *self._refused],
            remarks=[_remark(str(photo), face) for photo, face in self._doubtful if face.objection],
        )


def _look_again(face: EnrolledFace) -> None:
    """Take back that somebody is probably another, if it is not so beside those who came later."""
    hinted = face.objection == Objection.PERHAPS_SAME_PERSON and face.pk is not None
    if hinted and not still_resembles(face, predictors.active()):
        face.objection, face.resembles = "", None
        EnrolledFace.objects.filter(pk=face.pk).update(objection="", resembles=None)


def _has_photos(person: Person) -> bool:
    return person.pk is not None and person.faces.exists()


def _keep(name: str, person: Person, row: Row) -> None:
    """Remember whose folder it is and what was said of them, unless they were removed meanwhile."""
    with transaction.atomic():
        there = Person.objects.select_for_update().filter(pk=person.pk).first()
        if there is not None:
            if _has_photos(there):
                owners.remember(name, there)
            _identify(there, row.external_id)


def _note_agreement(person: Person, row: Row, agreed: Agreed | None) -> None:
    if agreed and row.consent:
        agreements.give_missing(person, agreed, None)
    if agreed and row.consent is False:
        agreements.withdraw(person, agreed.purposes, None)


def _identify(person: Person, external_id: str) -> None:
    if external_id and person.external_id != external_id:
        person.external_id = external_id
        people.change_person(person, None, ["external_id"])


def _remark(photo: str, face: EnrolledFace) -> Note:
    name = {"name": face.resembles.display_name} if face.resembles else {}
    return Note(photo, face.objection, name)


def _printable(name: str) -> str:
    """A file name in no known encoding cannot be stored as it is."""
    return name.encode(errors="replace").decode()
