"""How often the site errs, as far as reviewers have looked, and what waits for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from recognition.models import Identification, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review import figures
from recognition.services.review.figures import Backlog, Share
from recognition.services.review.verdicts import review, undo
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

LONG_AGO = timezone.now() - dt.timedelta(days=30)


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


def ask(user: User, person: int) -> ProbeFace:
    (row,) = submit(user, [SimpleUploadedFile("p.png", photo(Face(person, shot=3)))]).accepted
    process(row.pk)
    return ProbeFace.objects.get(identification=row.pk)


def test_wrong_names_are_counted_among_the_reviewed(
    ann: Person, user: User, reviewer: User
) -> None:
    assert figures.wrong() == Share(0, 0)
    assert figures.wrong().rate is None
    faces = [ask(user, 1) for _ in range(5)]
    verdicts = ("right", "right", "not_in_gallery", "not_a_face")
    for face, verdict in zip(faces[:4], verdicts, strict=True):
        review(face, reviewer, verdict)
    assert figures.wrong() == Share(2, 4)
    assert figures.wrong().rate == 0.5


def test_missed_people_are_counted_among_the_reviewed_unknown(
    ann: Person, user: User, reviewer: User
) -> None:
    review(ask(user, 9), reviewer, "somebody_else", ann)
    review(ask(user, 8), reviewer, "not_in_gallery")
    review(ask(user, 7), reviewer, "not_a_face")
    ask(user, 6)
    assert figures.missed() == Share(1, 2)


def test_reviewers_differ_where_two_said_different_things(
    ann: Person, user: User, reviewer: User
) -> None:
    other, faces = make_user("reviewer"), [ask(user, 1) for _ in range(4)]
    for face in faces:
        review(face, reviewer, "right")
    review(faces[0], other, "right")
    review(faces[1], other, "not_in_gallery")
    review(faces[2], reviewer, "not_a_face")  # has changed their mind
    review(faces[3], other, "not_a_face")
    undo(faces[3], other)
    assert figures.disagreed(LONG_AGO) == Share(1, 2)
    assert figures.disagreed(timezone.now()) == Share(0, 0)


def test_the_backlog_has_its_age(ann: Person, user: User, reviewer: User) -> None:
    assert figures.backlog() == Backlog(0, None)
    first, second = ask(user, 1), ask(user, 2)
    Identification.objects.filter(pk=first.identification_id).update(created_at=LONG_AGO)
    assert figures.backlog() == Backlog(2, LONG_AGO)
    review(first, reviewer, "right")
    assert figures.backlog() == Backlog(1, second.identification.created_at)


def test_they_are_on_the_overview(
    ann: Person, user: User, reviewer: User, login: Callable[[User], Client]
) -> None:
    for person, verdict in ((1, "right"), (1, "not_in_gallery"), (9, "not_in_gallery")):
        review(ask(user, person), reviewer, verdict)
    ask(user, 1)
    cards = {card.title: card for card in login(reviewer).get("/admin/").context["cards"]}
    assert (cards["Wrong names"].value, cards["Wrong names"].note) == (
        "50.0%",
        "1 of 2 reviewed names",
    )
    assert (cards["Missed people"].value, cards["Missed people"].note) == (
        "0.0%",
        "0 of 1 reviewed unknown face",
    )
    assert cards["Reviewers differ"].value == "–"
    assert cards["To review"].value == "1"
