"""Reviewed photos as enrolled ones: what comes in, what does not, and how it goes out again."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks

from recognition.models import AuditEvent, EnrolledFace, Enrolment, Person, ProbeFace, User
from recognition.services.gallery import memory, reviewed
from recognition.services.gallery.enrolling import EnrolmentRefused, enrol_photo
from recognition.services.gallery.people import process_enrolment
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import review, undo
from recognition.services.versions import predictors
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

pytestmark = pytest.mark.usefixtures("recognizer")


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def bob(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")[0].person


def asked(user: User, *faces: Face) -> list[ProbeFace]:
    upload = SimpleUploadedFile("asked.png", photo(*faces))
    row = submit(user, [upload]).accepted[0]
    process(row.pk)
    return list(row.faces.order_by("index"))


def confirmed(user: User, reviewer: User, *faces: Face) -> list[ProbeFace]:
    return [review(probe, reviewer, "right") for probe in asked(user, *faces)]


def test_a_confirmed_photo_becomes_one_of_the_person_and_bears_a_mark(
    ann: Person, user: User, reviewer: User, operator: User
) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    face, created = reviewed.enrol(probe, actor=operator)
    assert created
    assert (face.person, face.probe, face.from_review) == (ann, probe, True)
    assert face.filename == "asked.png"
    assert face.crop.open().read() == probe.crop.open().read()
    assert face.portrait.size > 0
    assert face.templates.get().model_version.name == "stripes"
    event = AuditEvent.objects.filter(action="face.enrolled").latest("pk")
    assert (event.actor, event.details["reviewed"]) == (operator, True)
    with memory.current(predictors.active().version) as people:
        assert people.templates == 2


def test_who_was_corrected_is_enrolled_as_who_it_is(
    ann: Person, bob: Person, user: User, reviewer: User
) -> None:
    (probe,) = asked(user, Face(1, shot=1))
    review(probe, reviewer, "somebody_else", bob)
    with pytest.raises(EnrolmentRefused, match="looks_like_another"):
        reviewed.enrol(ProbeFace.objects.get())
    review(probe, reviewer, "right")
    assert reviewed.enrol(ProbeFace.objects.get())[0].person == ann


def test_a_face_comes_in_once(ann: Person, user: User, reviewer: User) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    first, _ = reviewed.enrol(probe)
    assert reviewed.enrol(probe) == (first, False)
    (again,) = confirmed(user, reviewer, Face(1, shot=1))  # the same photo, asked about twice
    assert reviewed.enrol(again) == (first, False)


def test_a_photo_that_is_enrolled_as_such_says_nothing_new(
    ann: Person, user: User, reviewer: User
) -> None:
    (probe,) = confirmed(user, reviewer, Face(1))
    with pytest.raises(EnrolmentRefused, match="enrolled_as_photo"):
        reviewed.enrol(probe)


@pytest.mark.parametrize("verdict", ["not_in_gallery", "not_a_face"])
def test_what_nobody_said_to_be_somebody_stays_out(
    ann: Person, user: User, reviewer: User, verdict: str
) -> None:
    (probe,) = asked(user, Face(1, shot=1))
    with pytest.raises(EnrolmentRefused, match="not_confirmed"):
        reviewed.enrol(probe)
    review(probe, reviewer, verdict)
    with pytest.raises(EnrolmentRefused, match="not_confirmed"):
        reviewed.enrol(ProbeFace.objects.get())
    assert not reviewed.enrollable().exists()


def test_what_is_too_poor_stays_out(ann: Person, user: User, reviewer: User) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1, quality=0.2))
    assert not reviewed.enrollable().exists()
    with pytest.raises(EnrolmentRefused, match="blurred"):
        reviewed.enrol(probe)


def test_who_was_removed_brings_nothing_in(ann: Person, user: User, reviewer: User) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    ann.delete()
    assert not reviewed.enrollable().exists()
    with pytest.raises(EnrolmentRefused, match="person_removed"):
        reviewed.enrol(probe)


def test_the_best_ones_of_each_person_come_in_and_no_more(
    ann: Person, bob: Person, user: User, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewed, "MOST", 2)
    for shot, quality in enumerate((0.5, 0.9, 0.7), start=1):
        confirmed(user, reviewer, Face(1, shot, quality), Face(2, shot, quality))
    chosen = [(probe.true_person, round(probe.quality, 1)) for probe in reviewed.enrollable()]
    assert chosen == [(ann, 0.9), (ann, 0.7), (bob, 0.9), (bob, 0.7)]
    for probe in reviewed.enrollable():
        reviewed.enrol(probe)
    assert not reviewed.enrollable().exists()


def test_all_of_it_goes_out_by_one_action_and_nothing_else(
    ann: Person, user: User, reviewer: User, operator: User
) -> None:
    for shot in (1, 2):
        reviewed.enrol(*confirmed(user, reviewer, Face(1, shot)))
    assert reviewed.take_out(operator) == 2
    assert [face.filename for face in EnrolledFace.objects.all()] == ["ann.png"]
    removed = AuditEvent.objects.filter(action="face.removed")
    assert [(event.actor, event.details["reviewed"]) for event in removed] == [(operator, True)] * 2
    with memory.current(predictors.active().version) as people:
        assert people.templates == 1
    assert reviewed.enrollable().count() == 2  # and could come in once more
    assert reviewed.take_out(operator) == 0


def test_a_photo_stays_when_what_it_was_asked_with_goes(
    ann: Person, user: User, reviewer: User, operator: User
) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    reviewed.enrol(probe)
    probe.identification.delete()
    assert EnrolledFace.objects.get(from_review=True).probe is None
    assert reviewed.take_out(operator) == 1


def test_a_verdict_that_is_taken_back_takes_its_photo_out(
    ann: Person, user: User, reviewer: User
) -> None:
    (kept,) = confirmed(user, reviewer, Face(1, shot=1))
    (wrong,) = confirmed(user, reviewer, Face(1, shot=2))
    reviewed.enrol(kept)
    reviewed.enrol(wrong)
    review(wrong, reviewer, "not_in_gallery")
    review(kept, reviewer, "right")
    assert [face.probe for face in ann.faces.filter(from_review=True)] == [kept]


def test_what_a_verdict_took_out_comes_in_again_when_that_is_undone(
    ann: Person, user: User, reviewer: User, broker: Broker
) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    reviewed.enrol(probe)
    review(probe, reviewer, "not_a_face")
    assert not ann.faces.filter(from_review=True).exists()
    undo(probe, reviewer)
    process_enrolment(Enrolment.objects.get().pk)
    assert ann.faces.get(from_review=True).probe == probe


def test_what_a_verdict_brought_in_goes_out_when_that_is_undone(
    ann: Person, user: User, reviewer: User
) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    reviewed.enrol(probe)
    undo(probe, reviewer)
    assert not ann.faces.filter(from_review=True).exists()


def test_a_verdict_that_is_taken_back_while_the_photo_is_looked_at_counts(
    ann: Person, user: User, reviewer: User
) -> None:
    (probe,) = confirmed(user, reviewer, Face(1, shot=1))
    before = ProbeFace.objects.get()
    review(probe, reviewer, "not_a_face")
    with pytest.raises(EnrolmentRefused, match="not_confirmed"):
        reviewed.enrol(before)
    assert ann.faces.count() == 1


@pytest.fixture
def two(ann: Person, user: User, reviewer: User) -> None:
    """Two confirmed photos, of which one is the very photo that is enrolled."""
    confirmed(user, reviewer, Face(1, shot=1))
    confirmed(user, reviewer, Face(1))


@pytest.mark.usefixtures("two")
def test_workers_enrol_what_an_operator_asks_for(
    ann: Person,
    operator: User,
    broker: Broker,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert reviewed.request(operator) == 2
        assert reviewed.request(operator) == 0  # they wait
    rows = list(Enrolment.objects.order_by("created_at"))
    assert {pk for task, pk in broker.sent() if task == "enrol"} == {str(row.pk) for row in rows}
    for row in rows:
        process_enrolment(row.pk)
        process_enrolment(row.pk, redelivered=True)
    ended = Enrolment.objects.values_list("status", "error_code", "requested_by")
    assert set(ended) == {
        ("done", "", operator.pk),
        ("rejected", "enrolled_as_photo", operator.pk),
    }
    assert ann.faces.filter(from_review=True).count() == 1
    assert reviewed.request(operator) == 0  # what was refused is not tried again and again
    reviewed.take_out(operator)
    assert reviewed.request(operator) == 1


def command(*options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("enrol", *options, "--json", stdout=out, stderr=StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


@pytest.mark.usefixtures("two")
def test_the_command_enrols_them_and_takes_them_out_again(ann: Person) -> None:
    would = command("--reviewed", "--dry-run")
    assert (would["people"], would["enrolled"], len(would["refused"])) == (1, 1, 1)
    assert ann.faces.count() == 1
    done = command("--reviewed")
    assert {**done, "refused": []} == {**would, "refused": []}
    assert done["refused"] == [
        {
            "path": "asked.png, face 1",
            "reason": "enrolled_as_photo",
            "message": "This very photo of the person is enrolled already.",
        }
    ]
    assert ann.faces.filter(from_review=True).count() == 1
    assert command("--reviewed", "--undo") == {"removed": 1}
    assert ann.faces.count() == 1


def test_the_command_takes_a_folder_or_reviewed_photos_and_not_both(tmp_path: Any) -> None:
    for wrong in ((), (str(tmp_path), "--reviewed"), ("--undo",), (str(tmp_path), "--undo")):
        with pytest.raises(CommandError, match="--reviewed"):
            command(*wrong)
