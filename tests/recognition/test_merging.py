"""Two entries that are one person, and one that was two."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from recognition.models import (
    AuditEvent,
    Candidate,
    Enrolment,
    FolderName,
    Identification,
    Merge,
    ModelVersion,
    Person,
    ProbeFace,
    Purpose,
    TrainedPerson,
    Trial,
    User,
)
from recognition.presenters import trials
from recognition.services import consent
from recognition.services.access import Others
from recognition.services.gallery import agreements, classes, memory, merging, owners, people
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.merging import MergeRefused, merge
from recognition.services.gallery.unmerging import undo
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import erasure, erasure_report, export, traces
from recognition.services.review.verdicts import review
from tests.factories import agreed, deeds
from tests.recognition.conftest import Meanwhile
from tests.recognition.fakes import Face, StripeRecognizer, photo


def enrolled(name: str, *faces: Face, **fields: Any) -> Person:
    person = Person(name=name, **fields)
    for face in faces:
        one, _ = enrol_photo(person, photo(face), f"{name}-{face.shot}.png")
        person = one.person
    return person


@pytest.fixture(autouse=True)
def ann(recognizer: StripeRecognizer) -> Person:
    enrolled("Ben", Face(2))
    return enrolled("Ann", Face(1), Face(1, shot=1))


@pytest.fixture
def double(ann: Person) -> Person:
    """The same person again, by a name of before."""
    return enrolled("Ann_Smith", Face(1, shot=2), external_id="7")


def asked(user: User, *faces: Face) -> Identification:
    row = submit(user, [SimpleUploadedFile("asked.png", photo(*faces))]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def named(row: Identification) -> list[str]:
    return [one.person.name for one in row.faces.get().named]


def in_gallery(version: ModelVersion) -> dict[int, int]:
    with memory.current(version) as gallery:
        return {person: gallery.photos_of(person) for person in gallery.everybody}


# what follows the person


def test_photos_answers_verdicts_and_folders_are_of_one_person(
    ann: Person, double: Person, user: User, reviewer: User, version: ModelVersion
) -> None:
    row = asked(user, Face(1, shot=5))
    probe = row.faces.get()
    ProbeFace.objects.filter(pk=probe.pk).update(person=double)
    review(ProbeFace.objects.get(), reviewer, "right")
    owners.remember("Annie", double)
    TrainedPerson.objects.create(model_version=version, number=0, person_id=double.pk)
    Enrolment.objects.create(person=double, filename="waits.png")
    merge(double, ann, None)
    probe.refresh_from_db()
    assert (probe.person, probe.true_person) == (ann, ann)
    assert ann.faces.count() == 3
    assert set(ann.folder_names.values_list("name", flat=True)) == {"Ann_Smith", "Annie"}
    assert TrainedPerson.objects.get().person_id == Enrolment.objects.get().person_id == ann.pk
    assert not Person.objects.filter(pk=double.pk).exists()


def test_every_table_that_refers_to_people_follows(ann: Person, double: Person) -> None:
    """One that comes later does too, without anybody thinking of it."""
    columns = {label for label, _ in merging.columns()}
    assert columns >= {
        "candidate.person_id",
        "consent.person_id",
        "enrolledface.person_id",
        "enrolledface.resembles_id",
        "enrolment.person_id",
        "foldername.person_id",
        "merge.person_id",
        "probeface.person_id",
        "probeface.true_person_id",
        "trainedperson.person_id",
    }
    assert set(merge(double, ann, None).__class__.objects.get().moved) >= columns


def test_workers_follow_there_and_back(ann: Person, double: Person, version: ModelVersion) -> None:
    before = in_gallery(version)
    done = merge(double, ann, None)
    assert in_gallery(version) == {**without(before, double), ann.pk: 3}
    undo(done, None)
    assert in_gallery(version) == before
    memory._followed.clear()
    assert in_gallery(version) == before


def without(gallery: dict[int, int], person: Person) -> dict[int, int]:
    return {number: photos for number, photos in gallery.items() if number != person.pk}


def test_an_answer_that_had_both_has_them_once(
    ann: Person, double: Person, user: User, version: ModelVersion
) -> None:
    face = asked(user, Face(1, shot=5)).faces.get()
    before = list(face.candidates.values_list("rank", "person", "probability"))
    assert {person for _, person, _ in before[:2]} == {ann.pk, double.pk}
    done = merge(double, ann, None)
    assert list(face.candidates.values_list("rank", "person"))[:1] == [(0, ann.pk)]
    assert face.candidates.filter(person=ann).count() == 1
    undo(done, None)
    assert list(face.candidates.values_list("rank", "person", "probability")) == before


def test_a_name_that_was_put_right_was_right_after_all(
    ann: Person, double: Person, user: User, reviewer: User
) -> None:
    face = asked(user, Face(1, shot=5)).faces.get()
    ProbeFace.objects.filter(pk=face.pk).update(person=double)
    review(face, reviewer, "somebody_else", ann)
    done = merge(double, ann, None)
    face.refresh_from_db()
    assert (face.review, face.person, face.true_person) == ("right", ann, ann)
    undo(done, None)
    face.refresh_from_db()
    assert (face.review, face.person_id, face.true_person) == ("somebody_else", double.pk, ann)


def test_an_answer_under_way_names_whom_they_are_by_now(
    ann: Person, user: User, meanwhile: Meanwhile
) -> None:
    late = enrolled("Late", Face(9), Face(9, shot=1))
    meanwhile(lambda: Person.objects.filter(pk=late.pk).exists() and merge(late, ann, None))
    row = asked(user, Face(9, shot=5))
    assert row.status == "done"
    assert {one.person.name for one in Candidate.objects.all()} <= {"Ann", "Ben"}


def test_a_photo_that_waits_is_enrolled_as_whom_they_are_by_now(
    ann: Person, double: Person, operator: User, meanwhile: Meanwhile
) -> None:
    files = [SimpleUploadedFile("new.png", photo(Face(1, shot=8)))]
    (row,) = people.request_enrolment(double, files, operator).accepted
    meanwhile(lambda: Person.objects.filter(pk=double.pk).exists() and merge(double, ann, None))
    people.process_enrolment(row.pk)
    assert ann.faces.filter(filename="new.png").exists()


def test_what_a_training_has_learned_of_them_is_not_taken_for_erased(
    ann: Person, double: Person, version: ModelVersion
) -> None:
    merge(double, ann, None)
    classes.record(version, {0: double.pk})
    learned = TrainedPerson.objects.get()
    assert (learned.person_id, learned.erased_at) == (ann.pk, None)


def test_a_trial_names_whom_they_are_by_now(
    ann: Person, double: Person, operator: User, version: ModelVersion
) -> None:
    face = {
        "box": [0, 0, 9, 9],
        "decision": "match",
        "rival": None,
        "candidates": [{"person": double.pk, "probability": 0.9, "similarity": 0.8}],
    }
    trial = Trial.objects.create(
        model_version=version, requested_by=operator, answers={"stripes": [face]}
    )
    merge(double, ann, None)
    assert trials.faces(trial, Others.PHOTOS)[0].sides[0].names == ["Ann"]
    assert erasure.remove_person(ann, None).details["trials"] == 1


def test_the_folder_and_the_number_of_before_lead_to_them(ann: Person, double: Person) -> None:
    merge(double, ann, None)
    assert owners.owner_of("Ann Smith", []) == ann
    assert owners.owner_of("Somebody", [], "7") == ann


def test_notes_and_being_hidden_are_those_of_both_and_go_back(ann: Person, double: Person) -> None:
    Person.objects.filter(pk=ann.pk).update(notes="First floor.")
    Person.objects.filter(pk=double.pk).update(notes="Left in May.", hidden_at=timezone.now())
    done = merge(double, ann, None)
    ann.refresh_from_db()
    assert ann.notes == "First floor.\n\nLeft in May."
    assert ann.hidden_at
    back = undo(done, None)
    ann = Person.objects.get(pk=ann.pk)
    assert (ann.notes, ann.hidden_at) == ("First floor.", None)
    assert back.notes == "Left in May."
    assert back.hidden_at


# what both agreed to


def covered(person: Person, purpose: Purpose) -> bool:
    return Person.objects.filter(consent.covers(purpose), pk=person.pk).exists()


def test_what_only_one_agreed_to_is_agreed_no_more(ann: Person, double: Person) -> None:
    agreed(double, Purpose.TRAINING, Purpose.RECOGNITION)
    done = merge(double, ann, None)
    assert not covered(ann, Purpose.TRAINING)
    assert covered(ann, Purpose.RECOGNITION)  # of Ann nothing was asked
    back = undo(done, None)
    assert covered(back, Purpose.TRAINING)


def test_who_withdrew_is_not_named_for_being_merged(
    ann: Person, double: Person, version: ModelVersion
) -> None:
    agreed(ann, Purpose.RECOGNITION)
    agreed(double, Purpose.RECOGNITION)
    agreements.withdraw(double, [Purpose.RECOGNITION], None)
    done = merge(double, ann, None)
    assert ann.pk not in in_gallery(version)
    undo(done, None)
    assert in_gallery(version)[ann.pk] == 2


def test_the_shorter_term_counts(ann: Person, double: Person) -> None:
    soon, late = (timezone.now() + dt.timedelta(days=days) for days in (10, 100))
    agreed(ann, expires_at=late)
    agreed(double, expires_at=soon)
    merge(double, ann, None)
    assert consent.ends(ann, Purpose.TRAINING) == soon


def test_what_is_withdrawn_meanwhile_does_not_come_back(ann: Person, double: Person) -> None:
    agreed(double, Purpose.TRAINING)
    done = merge(double, ann, None)
    agreements.withdraw(ann, [Purpose.TRAINING], None)
    assert not covered(undo(done, None), Purpose.TRAINING)


# the way back


def test_it_is_as_if_it_had_not_been(ann: Person, double: Person) -> None:
    before = Person.objects.filter(pk=double.pk).values().get()
    undo(merge(double, ann, None), None)
    assert Person.objects.filter(pk=double.pk).values().get() == before
    assert (ann.faces.count(), double.faces.count()) == (2, 1)
    assert not FolderName.objects.filter(name="Ann_Smith").exists()
    assert not Merge.objects.exists()


def test_what_has_come_since_stays(ann: Person, double: Person) -> None:
    done = merge(double, ann, None)
    enrol_photo(ann, photo(Face(1, shot=7)), "since.png")
    back = undo(done, None)
    assert ann.faces.filter(filename="since.png").exists()
    assert back.faces.count() == 1


def test_one_merged_twice_comes_back_in_whichever_order(ann: Person, double: Person) -> None:
    third = enrolled("Third", Face(3))
    first, second = merge(double, ann, None), merge(ann, third, None)
    assert third.faces.count() == 4
    assert undo(first, None).faces.count() == 1
    assert undo(second, None).faces.count() == 2
    assert third.faces.count() == 1


@pytest.mark.parametrize("why", ["name_taken", "photos_gone", "merge_gone"])
def test_what_makes_it_impossible_is_told(ann: Person, double: Person, why: str) -> None:
    photos = list(double.faces.all())
    done = merge(double, ann, None)
    if why == "name_taken":
        Person.objects.create(name="Ann Smith", external_id="7")
    if why == "photos_gone":
        erasure.remove_face(photos[0], None)
    if why == "merge_gone":
        undo(done, None)
    there = set(Person.objects.values_list("pk", flat=True))
    with pytest.raises(MergeRefused) as refused:
        undo(done, None)
    assert refused.value.code == why
    assert set(Person.objects.values_list("pk", flat=True)) == there


def test_nobody_is_merged_with_themselves_or_with_who_is_gone(ann: Person, double: Person) -> None:
    with pytest.raises(MergeRefused, match="same_entry"):
        merge(ann, ann, None)
    erasure.remove_person(Person.objects.get(pk=double.pk), None)
    with pytest.raises(MergeRefused, match="person_gone"):
        merge(double, ann, None)


def test_the_log_has_both_and_nobodys_name(ann: Person, double: Person, operator: User) -> None:
    undo(merge(double, ann, operator), operator)
    there, back = deeds().filter(action__in=("person.merged", "person.unmerged"))
    assert (there.details, there.actor) == ({"gone": double.pk, "photos": 1}, operator)
    assert back.details == {"back": double.pk, "photos": 1}
    assert "Smith" not in str(list(AuditEvent.objects.values()))


# what goes with them


def test_who_is_erased_takes_their_merges_along(ann: Person, double: Person) -> None:
    Person.objects.filter(pk=double.pk).update(notes="Her desk is by the window.")
    merge(double, ann, None)
    ann.refresh_from_db()
    needles = traces.of_person(ann)
    assert {b"Ann_Smith", b"Her desk is by the window."} <= needles
    report = erasure_report.of(erasure.remove_person(ann, None))
    assert not Merge.objects.exists()
    assert set(erasure_report.objections(report)) == {"not_overwritten"}


def test_they_get_it_with_what_else_there_is_of_them(ann: Person, double: Person) -> None:
    Person.objects.filter(pk=ann.pk).update(notes="Likes tea.")
    merge(double, ann, None)
    ann.refresh_from_db()
    with ZipFile(io.BytesIO(b"".join(export.export(ann, None)))) as archive:
        told = json.loads(archive.read("person.json"))
    assert told["notes"] == "Likes tea."
    assert [(one["number"], one["name"]) for one in told["merged"]] == [(double.pk, "Ann_Smith")]
    assert len(told["enrolled"]) == 3
