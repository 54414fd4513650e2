"""Enrolling many: a folder of people, or all reviewed photos, photo by photo."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from ml.enrolment import Objection
from ml.errors import PhotoRejected
from recognition.models import EnrolledFace, Person, ProbeFace, User
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


@dataclass(frozen=True)
class Looked:
    """What came of a photo of `path`, as people call it: the enrolled face, which may have been
    there before, or a refusal. `person` is whose it is, and may be new; `other` is whom the refusal
    is about."""

    path: str
    person: Person | None = None
    face: EnrolledFace | None = None
    created: bool = False
    refused: Note | None = None
    other: Person | None = None


Look = Callable[[Looked], None]
"""Called after each photo."""
Wishes = Mapping[str, Mapping[str, Any]]
"""What is different about some photos: by path, fields of `Options`."""


def planned(root: Place) -> Plan:
    """What there is to enrol in a folder of people, and what its tables say of them.

    Raises `OSError` if the folder cannot be read.
    """
    plan = folders.scan(root)
    tables.read(plan)
    return plan


@dataclass(frozen=True)
class Terms:
    """What else holds of all photos. With `consent` everybody says yes of whom no table says
    anything else. `wishes` are what is different about some; what is `done` is passed over."""

    consent: bool = False
    wishes: Wishes = field(default_factory=dict)
    done: Container[str] = ()
    actor: User | None = None


def enrol(plan: Plan, options: Options, looked: Look, terms: Terms | None = None) -> Summary:
    """Enrol photo by photo, each in its own transaction: what is done stays done if this stops.

    `options.agreed` is what a yes in a table means.
    """
    terms = terms or Terms()
    run = _Run(options, looked, terms)
    for name, photos in plan.photos.items():
        row = _agreeing(plan.rows.get(name, Row()), consent=terms.consent)
        owner = owners.owner_of(name, photos, row.external_id)
        person, photographed = run.enrol(owner, photos, agreed=row.consent is True)
        if photographed:
            run.there.add(person.pk or name)  # two folders may spell one name
        if person.pk and not options.dry_run:
            _keep(name, person, row, terms.actor)
            _note_agreement(person, row, options.agreed, terms.actor)
    return run.summary(plan)


def _agreeing(row: Row, *, consent: bool) -> Row:
    return replace(row, consent=True) if consent and row.consent is None else row


def enrol_reviewed(options: Options, looked: Look) -> Summary:
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
        looked(Looked(_place(probe), refused=refused))
    summary.people = len(there)
    return summary


def _place(probe: ProbeFace) -> str:
    return f"{probe.identification.filename}, face {probe.index + 1}"


class _Run:
    """What has come of the photos so far."""

    def __init__(self, options: Options, looked: Look, terms: Terms) -> None:
        self._options, self._looked, self._terms = options, looked, terms
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
            if str(photo) in self._terms.done:
                continue
            wished = self._terms.wishes.get(str(photo), {})
            seen = self._enrol(person, photo, replace(options, **wished))
            if seen.face is not None:
                person, any_enrolled = seen.face.person, True
            self._looked(seen)
        return person, _has_photos(person) or any_enrolled

    def _enrol(self, person: Person, photo: Place, options: Options) -> Looked:
        try:
            data, name = photo.read(), _printable(photo.name)
            face, created = enrol_photo(
                person, data, name, options=options, actor=self._terms.actor
            )
        except PhotoRejected as error:
            refused, other = Note(str(photo), error.code, uploads.details(error)), None
        except EnrolmentRefused as error:
            refused = Note(str(photo), error.code, error.params)
            other = error.face.person if error.face else None
        else:
            self._enrolled += created
            self._unchanged += not created
            if created and face.objection:
                self._doubtful.append((photo, face))
            return Looked(str(photo), face.person, face, created)
        self._refused.append(refused)
        return Looked(str(photo), person, refused=refused, other=other)

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


def _keep(name: str, person: Person, row: Row, actor: User | None) -> None:
    """Remember whose folder it is and what was said of them, unless they were removed meanwhile."""
    with transaction.atomic():
        there = Person.objects.select_for_update().filter(pk=person.pk).first()
        if there is not None:
            if _has_photos(there):
                owners.remember(name, there)
            _identify(there, row.external_id, actor)


def _note_agreement(person: Person, row: Row, agreed: Agreed | None, actor: User | None) -> None:
    if agreed and row.consent:
        agreements.give_missing(person, agreed, actor)
    if agreed and row.consent is False:
        agreements.withdraw(person, agreed.purposes, actor)


def _identify(person: Person, external_id: str, actor: User | None) -> None:
    if external_id and person.external_id != external_id:
        person.external_id = external_id
        people.change_person(person, actor, ["external_id"])


def _remark(photo: str, face: EnrolledFace) -> Note:
    name = {"name": face.resembles.display_name} if face.resembles else {}
    return Note(photo, face.objection, name)


def _printable(name: str) -> str:
    """A file name in no known encoding cannot be stored as it is."""
    return name.encode(errors="replace").decode()
