"""Who is in the gallery: people, their photos, and photos that wait to be enrolled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from recognition.models import EnrolledFace, Enrolment, Person, Purpose, Status, User
from recognition.services import consent
from recognition.services.audit import record
from recognition.services.gallery import agreements, memory, reviewed
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.enrolling import EnrolmentRefused, Options, enrol_photo
from recognition.services.photos import uploads
from recognition.services.searching import containing, in_either_case
from recognition.services.work import attempts, intake


@dataclass(frozen=True)
class EnrolmentRequest:
    accepted: tuple[Enrolment, ...]
    refused: tuple[uploads.Refused, ...]


class NameTaken(Exception):
    """There is a person with this name and external id already."""


def found(words: str) -> QuerySet[Person]:
    """People whose name or external id contains the words, whatever stands between them."""
    if not words.strip():
        return Person.objects.all()
    return Person.objects.filter(_one_by_one("name", words) | _one_by_one("external_id", words))


def named(words: str) -> QuerySet[Person]:
    """The same by name alone, for those who are not shown more of people."""
    return Person.objects.filter(_one_by_one("name", words)).order_by()


def _one_by_one(field: str, words: str) -> Q:
    """That the field has the words one after another. Who lacks one that LIKE can look for is not
    looked at by the regular expression, which takes longer."""
    each = words.replace("_", " ").split()
    if len(each) == 1 and each[0].isascii():
        return containing(field, each[0])
    pattern = "[ _]+".join(map(in_either_case, each))
    lacking_none = (containing(field, word) for word in each if word.isascii())
    return Q(*lacking_none, **{f"{field}__regex": pattern})


def add_person(
    name: str, actor: User | None, *, external_id: str = "", agreed: Agreed | None = None
) -> Person:
    """Add somebody, still without photos, and record what they agreed to. Raises `NameTaken`."""
    person = Person(name=name, external_id=external_id)
    _save(person, actor, "person.added")
    _give(person, agreed, actor)
    return person


def to_enrol(whom: Person, agreed: Agreed | None, actor: User) -> Person:
    """Whoever it is, added if unsaved, with what they agreed to on record. Raises `NameTaken`, and
    as `_note_agreement` does."""
    person = whom if whom.pk else add_person(whom.name, actor, external_id=whom.external_id)
    _note_agreement(person, agreed, actor)
    return person


def _note_agreement(person: Person, agreed: Agreed | None, actor: User | None) -> None:
    """Record what somebody agreed to whose face is to be enrolled. Raises `EnrolmentRefused` if
    they have not agreed to that, now or before."""
    covered = agreed is not None and Purpose.RECOGNITION in agreed.purposes
    if not covered and not consent.may_enrol(person):
        raise EnrolmentRefused("no_consent")
    _give(person, agreed, actor)


def _give(person: Person, agreed: Agreed | None, actor: User | None) -> None:
    if agreed:
        agreements.give(Person.objects.filter(pk=person.pk), agreed, actor)


def change_person(person: Person, actor: User | None, changed: Collection[str]) -> None:
    """Save what was changed about a person; their photos stay. Raises `NameTaken`."""
    if "name" in changed:
        _save(person, actor, "person.renamed")
    else:
        _save(person, actor, "person.changed", fields=sorted(changed))


def hide(person: Person, actor: User | None, *, hidden: bool) -> None:
    """Answer as if somebody was not there, or no longer so. From the moment this returns no worker
    names them, or every worker does."""
    with memory.changing() as changes:
        Person.objects.filter(pk=person.pk).update(hidden_at=timezone.now() if hidden else None)
        changes.again(person.faces.values_list("pk", "person_id"))
        record(actor, "person.hidden" if hidden else "person.shown", person)


def choose_portrait(face: EnrolledFace, actor: User | None) -> None:
    """Have this photo shown for its person."""
    with transaction.atomic():
        EnrolledFace.objects.filter(person=face.person_id, chosen=True).update(chosen=False)
        EnrolledFace.objects.filter(pk=face.pk).update(chosen=True)
        record(actor, "person.changed", face.person, fields=["portrait"])


def _save(person: Person, actor: User | None, action: str, **details: Any) -> None:
    try:
        with transaction.atomic():
            person.save()
            record(actor, action, person, **details)
    except IntegrityError as error:
        raise NameTaken(person.name) from error


def request_enrolment(
    person: Person,
    uploaded: Sequence[UploadedFile[bytes]],
    requested_by: User,
    *,
    force: bool = False,
    agreed: Agreed | None = None,
) -> EnrolmentRequest:
    """Store a person's photos for a worker to enrol; what is no photo by its header is refused.

    With `force`, those too that look like somebody else. `agreed` is recorded first.

    Raises:
        EnrolmentRefused: the person has not agreed; nothing is stored.
    """
    _note_agreement(person, agreed, requested_by)

    def new_row(filename: str) -> Enrolment:
        return Enrolment(person=person, requested_by=requested_by, filename=filename, force=force)

    rows, refused = intake.accept(uploaded, new_row)
    return EnrolmentRequest(tuple(rows), tuple(refused))


def process_enrolment(enrolment_id: UUID | str, *, redelivered: bool = False) -> None:
    """Enrol one stored photo. Safe to call twice, late, or for a row that is gone."""
    attempts.attempt(Enrolment, enrolment_id, _enrol, redelivered=redelivered)


def _enrol(row: Enrolment) -> None:
    """Two transactions on purpose: if the second fails, the retry finds the photo enrolled."""
    options, actor = Options(force=row.force), row.requested_by
    try:
        if row.probe is not None:
            said = None if row.from_review else row.person
            face, _ = reviewed.enrol(row.probe, said=said, options=options, actor=actor)
        else:
            photo = attempts.read_original(row)
            face, _ = enrol_photo(row.person, photo, row.filename, options=options, actor=actor)
    except EnrolmentRefused as refusal:
        _end(row, Status.REJECTED, refusal.code, refusal.face)
    else:
        _end(row, Status.DONE, "", face)


def _end(row: Enrolment, status: Status, code: str, face: EnrolledFace | None) -> None:
    ended = {"status": status, "error_code": code, "face": face, "finished_at": timezone.now()}
    with transaction.atomic():
        if attempts.still_ours(row).update(**ended):
            attempts.drop_inputs(row)
