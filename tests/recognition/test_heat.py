"""Which part of a face decided: made by a worker, for whoever is shown the person."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from recognition import tasks
from recognition.models import HeatMap, Person, ProbeFace, Status, User
from recognition.presenters import heat as presenter
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.privacy.deletion import delete_photos
from recognition.services.privacy.erasure import remove_face, remove_person
from tests.factories import deeds
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def face(user: User, recognizer: StripeRecognizer) -> ProbeFace:
    """Of Ada, who is recognised."""
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    (row,) = submit(user, [SimpleUploadedFile("ada.png", photo(Face(1, shot=1)))]).accepted
    process(row.pk)
    return ProbeFace.objects.get()


def asked(face: ProbeFace, user: User, login: Login) -> HeatMap:
    login(user).post(reverse("heat", args=(face.pk,)))
    return HeatMap.objects.get()


def page_of(face: ProbeFace) -> str:
    return reverse("identification", args=(face.identification_id,))


def test_it_is_asked_for_on_the_page_and_made_by_a_worker(
    face: ProbeFace,
    user: User,
    login: Login,
    broker: Broker,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    client = login(user)
    assert "Which part decided?" in client.get(page_of(face)).content.decode()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        answer = client.post(reverse("heat", args=(face.pk,)))
    assert answer.headers["Location"] == f"{page_of(face)}#face-1"
    row = HeatMap.objects.get()
    assert broker.sent() == [("explain", str(row.pk))]
    assert 'hx-trigger="every 1s"' in client.get(page_of(face)).content.decode()
    tasks.explain(str(row.pk))
    row.refresh_from_db()
    assert row.status == Status.DONE
    assert np.shape(row.falls) == (14, 14)
    told = client.get(reverse("heat", args=(face.pk,)), headers=HTMX).content.decode()
    assert "The redder a part, the less alike Ada the face becomes" in told
    assert deeds().filter(action="face.explained").count() == 1


def test_asking_again_changes_nothing_and_a_failure_may_be_tried_again(
    face: ProbeFace, user: User, login: Login
) -> None:
    first = asked(face, user, login)
    assert asked(face, user, login) == first
    HeatMap.objects.update(status=Status.FAILED)
    assert asked(face, user, login) != first


def test_without_the_persons_photos_there_is_nothing_to_compare_with(
    face: ProbeFace, user: User, login: Login
) -> None:
    row = asked(face, user, login)
    remove_face(row.person.faces.get(), user)
    tasks.explain(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.REJECTED, "gone")


def test_nobody_asks_about_a_face_that_is_not_shown_to_them_or_has_no_name(
    face: ProbeFace, user: User, stranger: User, operator: User, login: Login
) -> None:
    address = reverse("heat", args=(face.pk,))
    for somebody in (stranger, operator):
        assert login(somebody).post(address).status_code == 404
    ProbeFace.objects.update(decision="unknown")
    assert login(user).post(address).status_code == 404
    assert not HeatMap.objects.exists()


def test_it_goes_with_the_person(face: ProbeFace, user: User, login: Login) -> None:
    asked(face, user, login)
    remove_person(Person.objects.get(), user)
    assert not HeatMap.objects.exists()


def test_it_goes_with_the_photo(face: ProbeFace, user: User, login: Login) -> None:
    asked(face, user, login)
    delete_photos(user.identifications.all(), user)
    assert not HeatMap.objects.exists()


def test_only_what_stands_out_is_drawn(face: ProbeFace, user: User) -> None:
    falls = [[0.0] * 14 for _ in range(14)]
    falls[6][3], falls[7][3], falls[0][0] = 0.4, 0.2, 0.01
    ada = Person.objects.get()
    HeatMap.objects.create(face=face, person=ada, status="done", falls=falls, region="eyes")
    shown = presenter.of(face)
    assert [(cell.x, cell.y, cell.opacity) for cell in shown.cells] == [
        (24, 48, "0.75"),
        (24, 56, "0.38"),
    ]
    assert shown.region == "It is most so around the eyes."
