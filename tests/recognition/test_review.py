"""What a reviewer may say about a face, and what is kept of it."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile

from recognition.models import AuditEvent, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review import queue
from recognition.services.review.verdicts import VerdictRefused, review, undo
from tests.factories import make_user
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
    first = review(named, reviewer, "somebody_else", bob).reviewed_at
    review(named, reviewer, "not_a_face")
    named.refresh_from_db()
    assert first is not None
    before = ["somebody_else", bob.pk, reviewer.pk, first.isoformat()]
    assert (named.review, named.true_person) == ("not_a_face", None)
    kept = AuditEvent.objects.filter(action="face.reviewed", subject_id=str(named.pk))
    assert [(event.actor, event.details) for event in kept] == [
        (reviewer, {"verdict": "not_a_face", "true_person": None, "before": before}),
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


def test_undo_gives_back_the_verdict_that_was_there_before(
    named: ProbeFace, bob: Person, reviewer: User
) -> None:
    other = make_user("reviewer")
    before = review(named, other, "somebody_else", bob)
    review(named, reviewer, "right")
    undo(named, reviewer)
    named.refresh_from_db()
    assert (named.review, named.true_person, named.reviewer) == ("somebody_else", bob, other)
    assert named.reviewed_at == before.reviewed_at
    assert named.held_by == reviewer


def test_undo_takes_back_one_verdict_only(named: ProbeFace, reviewer: User) -> None:
    review(named, reviewer, "not_a_face")
    review(named, reviewer, "right")
    undo(named, reviewer)
    with pytest.raises(VerdictRefused, match="nothing_to_undo"):
        undo(named, reviewer)
    named.refresh_from_db()
    assert named.review == "not_a_face"


def test_nobody_undoes_what_somebody_else_said(named: ProbeFace, reviewer: User) -> None:
    review(named, reviewer, "not_a_face")
    review(named, make_user("reviewer"), "right")
    with pytest.raises(VerdictRefused, match="nothing_to_undo"):
        undo(named, reviewer)


def test_nothing_is_undone_of_a_face_that_somebody_looks_at(
    named: ProbeFace, reviewer: User
) -> None:
    review(named, reviewer, "not_a_face")
    assert queue.hold(named.pk, make_user("reviewer"))
    with pytest.raises(VerdictRefused, match="not_held"):
        undo(named, reviewer)


def test_who_was_removed_since_stays_away(named: ProbeFace, bob: Person, reviewer: User) -> None:
    review(named, reviewer, "somebody_else", bob)
    review(named, reviewer, "right")
    Person.objects.filter(pk=bob.pk).delete()
    undo(named, reviewer)
    named.refresh_from_db()
    assert (named.review, named.true_person) == ("somebody_else", None)
