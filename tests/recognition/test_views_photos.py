"""How photos are served, and what the audit log keeps of it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from recognition.models import AuditEvent, Identification, User
from recognition.services import access
from recognition.services.identification.answering import process, submit
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]


@pytest.fixture
def answered(user: User, recognizer: StripeRecognizer) -> Identification:
    submission = submit(user, [SimpleUploadedFile("face.png", photo(Face(1)))])
    process(submission.accepted[0].pk)
    return Identification.objects.get()


def openings() -> int:
    return AuditEvent.objects.filter(action="photo.opened").count()


def address(row: Identification) -> str:
    return reverse("photo", args=("identification", row.pk))


def test_a_photo_is_sent_as_what_it_is_and_kept_by_nobody_between(
    answered: Identification, user: User, login: Login
) -> None:
    response = login(user).get(address(answered))
    assert b"".join(response.streaming_content) == answered.photo.read()  # type: ignore[attr-defined]
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_face_is_sent_as_png(answered: Identification, user: User, login: Login) -> None:
    face = answered.faces.get()
    response = login(user).get(reverse("photo", args=("probe", face.pk)))
    assert response.headers["Content-Type"] == "image/png"


def test_only_the_faces_of_ones_own_photos_are_kept_for_some_minutes(
    answered: Identification, user: User, reviewer: User, login: Login
) -> None:
    face = reverse("photo", args=("probe", answered.faces.get().pk))
    assert login(user).get(face).headers["Cache-Control"] == "private, max-age=300"
    assert login(reviewer).get(face).headers["Cache-Control"] == "private, no-store"


def test_a_photo_the_browser_has_is_not_sent_again_but_the_right_is_asked_again(
    answered: Identification, user: User, stranger: User, login: Login
) -> None:
    etag = login(user).get(address(answered)).headers["ETag"]
    again = login(user).get(address(answered), headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.headers["ETag"] == etag
    refused = login(stranger).get(address(answered), headers={"If-None-Match": etag})
    assert refused.status_code == 404


def test_a_photo_whose_file_is_gone_is_not_found(
    answered: Identification, user: User, login: Login
) -> None:
    answered.photo.storage.delete(str(answered.photo.name))
    assert login(user).get(address(answered)).status_code == 404


def test_a_photo_that_is_not_answered_yet_is_not_found(
    user: User, recognizer: StripeRecognizer, login: Login
) -> None:
    (row,) = submit(user, [SimpleUploadedFile("face.png", photo(Face(1)))]).accepted
    assert login(user).get(address(row)).status_code == 404


def test_a_reviewer_opening_a_page_is_one_event_however_many_requests_it_takes(
    answered: Identification, reviewer: User, login: Login
) -> None:
    client = login(reviewer)
    client.get(reverse("identification", args=(answered.pk,)))
    client.get(address(answered))
    client.get(reverse("photo", args=("probe", answered.faces.get().pk)))
    event = AuditEvent.objects.get(action="photo.opened")
    assert (event.actor, event.subject_id) == (reviewer, str(answered.pk))


def test_fetching_the_bare_photo_is_an_event_too(
    answered: Identification, reviewer: User, login: Login
) -> None:
    login(reviewer).get(address(answered))
    assert openings() == 1


def test_opening_the_photo_again_later_is_another_event(
    answered: Identification, reviewer: User, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(reviewer).get(address(answered))
    monkeypatch.setattr(access, "SAME_OPENING", dt.timedelta(0))
    login(reviewer).get(address(answered))
    assert openings() == 2


def test_opening_ones_own_photo_is_nobodys_business(
    answered: Identification, user: User, login: Login
) -> None:
    login(user).get(reverse("identification", args=(answered.pk,)))
    login(user).get(address(answered))
    assert openings() == 0


def test_a_picture_in_a_list_is_sent_in_the_size_of_its_place(
    answered: Identification, user: User, login: Login
) -> None:
    face = reverse("photo", args=("probe", answered.faces.get().pk))
    client = login(user)
    small = client.get(face, {"side": "48"})
    with Image.open(io.BytesIO(small.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (48, 48))
    assert small.headers["Cache-Control"] == "private, max-age=300"
    assert small.headers["ETag"] != client.get(face).headers["ETag"]


def test_a_picture_is_sent_in_no_other_size_than_pages_ask_for(
    answered: Identification, user: User, login: Login
) -> None:
    for odd in ("0", "-1", "47", "9000", "x", "٤٨"):
        response = login(user).get(address(answered), {"side": odd})
        assert response.headers["Content-Type"] == "image/jpeg"
        assert b"".join(response.streaming_content) == answered.photo.read()  # type: ignore[attr-defined]
        answered.photo.seek(0)


def test_small_pictures_of_ones_own_photos_alone_are_kept_for_some_minutes(
    answered: Identification, user: User, reviewer: User, login: Login
) -> None:
    def kept(somebody: User) -> str:
        response = login(somebody).get(address(answered), {"side": "320"})
        return str(response.headers["Cache-Control"])

    assert kept(user) == "private, max-age=300"
    assert kept(reviewer) == "private, no-store"
