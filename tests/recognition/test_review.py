"""What a reviewer may say about a face, and what is kept of it."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile

from recognition.models import AuditEvent, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import VerdictRefused, review
from tests.recognition.fakes import Face, StripeRecognizer, photo


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def bob(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")[0].person


@pytest.fixture
def named(ann: Person, bob: Person, user: User) -> ProbeFace:
    """A face that the site named Ann, left of one that it does not know."""
    upload = SimpleUploadedFile("two.png", photo(Face(1, shot=1), Face(9)))
    process(submit(user, [upload]).accepted[0].pk)
    return ProbeFace.objects.get(index=0)


@pytest.fixture
def unknown(named: ProbeFace) -> ProbeFace:
    return ProbeFace.objects.get(index=1)


def test_the_verdict_is_kept_with_reviewer_and_time(
    named: ProbeFace, ann: Person, reviewer: User
) -> None:
    review(named, reviewer, "right")
    named.refresh_from_db()
    assert (named.review, named.true_person, named.reviewer) == ("right", ann, reviewer)
    assert named.reviewed_at is not None


def test_somebody_else_needs_to_be_named(named: ProbeFace, bob: Person, reviewer: User) -> None:
    with pytest.raises(VerdictRefused, match="person_missing"):
        review(named, reviewer, "somebody_else")
    review(named, reviewer, "somebody_else", bob)
    named.refresh_from_db()
    assert (named.review, named.true_person) == ("somebody_else", bob)


def test_somebody_else_is_not_the_person_that_was_named(
    named: ProbeFace, ann: Person, reviewer: User
) -> None:
    with pytest.raises(VerdictRefused, match="same_person"):
        review(named, reviewer, "somebody_else", ann)


def test_where_nobody_was_named_nothing_is_right(unknown: ProbeFace, reviewer: User) -> None:
    with pytest.raises(VerdictRefused, match="nobody_named"):
        review(unknown, reviewer, "right")
    assert review(unknown, reviewer, "not_in_gallery").review == "not_in_gallery"


def test_an_unknown_face_can_be_somebody_from_the_gallery(
    unknown: ProbeFace, bob: Person, reviewer: User
) -> None:
    assert review(unknown, reviewer, "somebody_else", bob).true_person == bob


@pytest.mark.parametrize("verdict", ["right", "not_in_gallery", "not_a_face"])
def test_a_person_goes_with_somebody_else_only(
    verdict: str, named: ProbeFace, bob: Person, reviewer: User
) -> None:
    with pytest.raises(VerdictRefused, match="person_unused"):
        review(named, reviewer, verdict, bob)


@pytest.mark.parametrize("verdict", ["", "maybe"])
def test_there_are_four_verdicts(verdict: str, named: ProbeFace, reviewer: User) -> None:
    with pytest.raises(VerdictRefused, match="no_verdict"):
        review(named, reviewer, verdict)


def test_a_verdict_can_be_taken_back_and_the_log_keeps_both(
    named: ProbeFace, bob: Person, reviewer: User
) -> None:
    review(named, reviewer, "somebody_else", bob)
    review(named, reviewer, "not_a_face")
    named.refresh_from_db()
    assert (named.review, named.true_person) == ("not_a_face", None)
    kept = AuditEvent.objects.filter(action="face.reviewed", subject_id=str(named.pk))
    assert [(event.actor, event.details) for event in kept] == [
        (reviewer, {"verdict": "not_a_face", "true_person": None}),
        (reviewer, {"verdict": "somebody_else", "true_person": bob.pk}),
    ]


def test_only_reviewers_review(named: ProbeFace, user: User, operator: User) -> None:
    for somebody in (user, operator):
        with pytest.raises(PermissionDenied):
            review(named, somebody, "right")
    named.refresh_from_db()
    assert named.review == ""
    assert not AuditEvent.objects.filter(action="face.reviewed").exists()


def test_a_refused_verdict_leaves_no_trace(named: ProbeFace, ann: Person, reviewer: User) -> None:
    with pytest.raises(VerdictRefused):
        review(named, reviewer, "somebody_else", ann)
    assert not AuditEvent.objects.filter(action="face.reviewed").exists()
