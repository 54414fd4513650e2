"""What whoever asked says of the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from recognition.models import Opinion, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answer import Answer
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import erasure
from recognition.services.review import opinions
from recognition.services.review.opinions import DISAGREED, OpinionRefused
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def bob(ann: Person) -> Person:
    return enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")[0].person


@pytest.fixture
def face(ann: Person, bob: Person, user: User) -> ProbeFace:
    """A face that was named Ann."""
    row = submit(user, [SimpleUploadedFile("asked.png", photo(Face(1, 1)))]).accepted[0]
    process(row.pk)
    return row.faces.get()


Say = Callable[..., str]


@pytest.fixture
def say(face: ProbeFace, user: User, login: Login) -> Say:
    """Say it as the page does; returns the page that follows."""

    def say(says: str, **whom: Any) -> str:
        path = reverse("opinion", args=[face.pk])
        return login(user).post(path, {"says": says, **whom}, follow=True).text

    return say


def test_it_is_kept_and_can_be_changed_and_taken_back(face: ProbeFace, say: Say) -> None:
    assert "You said that this is right." in say("right")
    assert "You said that this is wrong." in say("wrong")
    assert Opinion.objects.get().face == face
    assert "Is this right?" in say("nothing")
    assert not Opinion.objects.exists()


def test_somebody_else_is_any_name(say: Say) -> None:
    assert "You said that this is Zoe." in say("somebody_else", name=" Zoe ")
    assert Opinion.objects.get().person is None


def test_or_somebody_whom_the_answer_shows(bob: Person, say: Say, settings: Settings) -> None:
    settings.OTHERS_SHOWN = {**settings.OTHERS_SHOWN, "user": "names"}
    assert "You said that this is Bob." in say("somebody_else", person=bob.pk)


def test_but_nobody_whom_it_does_not_show(bob: Person, say: Say, settings: Settings) -> None:
    settings.OTHERS_SHOWN = {**settings.OTHERS_SHOWN, "user": "none"}
    assert "Choose who it is." in say("somebody_else", person=bob.pk)
    assert not Opinion.objects.exists()


def test_it_changes_nothing_by_itself(face: ProbeFace, say: Say) -> None:
    before = Answer.of_row(face.identification)
    say("wrong")
    face.refresh_from_db()
    assert (Answer.of_row(face.identification), face.review) == (before, "")


@pytest.mark.parametrize("says", ["", "maybe", "somebody_else"])
def test_nonsense_is_refused(face: ProbeFace, user: User, says: str) -> None:
    with pytest.raises(OpinionRefused):
        opinions.give(face, user, says)


def test_of_a_photo_of_somebody_else_nobody_says_anything(face: ProbeFace, login: Login) -> None:
    other = make_user("user")
    with pytest.raises(PermissionDenied):
        opinions.give(face, other, "right")
    path = reverse("opinion", args=[face.pk])
    assert login(other).post(path, {"says": "right"}).status_code == 404


def test_reviewers_see_it_with_the_face_and_find_it_by_a_filter(
    face: ProbeFace, say: Say, reviewer: User, login: Login
) -> None:
    faces = ProbeFace.objects.filter(DISAGREED)
    say("right")
    assert not faces.exists()
    say("somebody_else", name="Zoe")
    assert faces.get() == face
    browser = login(reviewer)
    said = "The uploader says that this is Zoe."
    card = reverse("admin:recognition_identification_change", args=[face.identification_id])
    answer = reverse("identification", args=[face.identification_id])
    assert said in browser.get(card).text
    assert said in browser.get(answer).text
    assert said in browser.get(reverse("review"), {"asker": "disagrees"}).text
    listed = reverse("admin:recognition_identification_changelist")
    assert "asked.png" in browser.get(f"{listed}?review=disagreed").text
    say("right")
    assert "asked.png" not in browser.get(f"{listed}?review=disagreed").text
    assert "asked.png" not in browser.get(reverse("review"), {"asker": "disagrees"}).text


def test_it_goes_with_the_photo_and_a_name_with_its_bearer(
    face: ProbeFace, user: User, bob: Person, operator: User
) -> None:
    opinions.give(face, user, "somebody_else", name="Bob")
    erasure.remove_person(bob, operator)
    assert Opinion.objects.get().whom == ""
    face.identification.delete()
    assert not Opinion.objects.exists()
