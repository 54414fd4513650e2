"""Deleting uploaded photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from recognition.models import AuditEvent, EnrolledFace, Identification, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.reviewed import enrol
from recognition.services.identification import answering
from recognition.services.identification.answering import process, submit
from recognition.services.identification.quotas import TooManyPhotos
from recognition.services.privacy.deletion import ReasonMissing, delete_photos
from recognition.services.review.verdicts import review
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
ADA = Face(1)


@pytest.fixture(autouse=True)
def ada(user: User, recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ada"), photo(ADA), "ada.png")[0].person


def asked(user: User, *shots: int) -> list[Identification]:
    """Answered photos of Ada, of one upload."""
    files = [SimpleUploadedFile(f"{shot}.png", photo(Face(1, shot=shot))) for shot in shots]
    rows = submit(user, files).accepted
    for row in rows:
        process(row.pk)
    return list(Identification.objects.filter(pk__in=[row.pk for row in rows]).order_by("filename"))


def stored() -> set[str]:
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_photo_goes_with_its_faces_and_all_files(
    user: User, login: Login, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    before = stored()
    with django_capture_on_commit_callbacks(execute=True):
        row, other = asked(user, 1, 2)
    client, address = login(user), reverse("photo_delete", args=[row.pk])
    assert "1.png" in client.get(address).content.decode()
    assert Identification.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(address).headers["Location"] == reverse("history")
    assert "1 photo was deleted." in client.get(reverse("history")).content.decode()
    assert list(Identification.objects.all()) == [other]
    assert ProbeFace.objects.get().identification == other
    assert stored() - before == {other.photo.name, other.faces.get().crop.name}
    assert client.get(reverse("identification", args=[row.pk])).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("photo_delete", args=[other.pk]))
    assert stored() == before


def test_what_was_chosen_in_the_history_goes(user: User, login: Login) -> None:
    rows = asked(user, 1, 2, 3)
    client, address = login(user), reverse("photos_delete")
    chosen = {"photo": [str(row.pk) for row in rows[:2]]}
    page = client.get(address, chosen).content.decode()
    assert "Delete 2 photos?" in page
    assert all(f'value="{row.pk}"' in page for row in rows[:2])
    client.post(address, chosen)
    assert list(Identification.objects.all()) == rows[2:]


@pytest.mark.parametrize("whole", ["batch", "everything"])
def test_an_upload_or_everything_goes_and_nothing_of_anybody_else(
    whole: str, user: User, login: Login
) -> None:
    theirs = asked(make_user("user", username="other"), 7)
    earlier, (row, _) = asked(user, 1), asked(user, 2, 3)
    form = {"batch": str(row.batch)} if whole == "batch" else {"everything": "on"}
    login(user).post(reverse("photos_delete"), form)
    left = theirs + (earlier if whole == "batch" else [])
    assert set(Identification.objects.all()) == set(left)


@pytest.mark.parametrize("nonsense", [{}, {"photo": "none"}, {"batch": "none"}, {"photo": uuid4()}])
def test_nothing_that_makes_sense_deletes_nothing(
    nonsense: dict[str, object], user: User, login: Login
) -> None:
    asked(user, 1)
    client = login(user)
    assert client.post(reverse("photos_delete"), nonsense).status_code == 302
    assert "No photo was chosen." in client.get(reverse("history")).content.decode()
    assert Identification.objects.count() == 1


def test_photos_of_others_are_not_among_ones_own(user: User, login: Login) -> None:
    (row,) = asked(make_user("user", username="other"), 1)
    client = login(user)
    client.post(reverse("photos_delete"), {"photo": str(row.pk)})
    client.post(reverse("photos_delete"), {"batch": str(row.batch)})
    assert client.post(reverse("photo_delete", args=[row.pk])).status_code == 404
    assert delete_photos(Identification.objects.all(), user) == 0
    assert Identification.objects.count() == 1


@pytest.mark.parametrize("role", ["reviewer", "operator"])
def test_reviewers_and_operators_delete_anybodys_with_a_reason(
    role: str, user: User, login: Login
) -> None:
    (row,) = asked(user, 1)
    staff = make_user(role, username="staff")
    client, address = login(staff), reverse("photo_delete", args=[row.pk])
    refused = client.post(address)
    assert refused.status_code == 422
    assert "This field is required" in refused.content.decode()
    assert client.post(address, {"reason": "because"}).status_code == 422
    with pytest.raises(ReasonMissing):
        delete_photos(Identification.objects.all(), staff)
    client.post(address, {"reason": "asked"})
    assert not Identification.objects.exists()
    event = AuditEvent.objects.get(action="photo.deleted")
    assert (event.actor_id, event.subject_id) == (staff.pk, str(row.pk))
    assert event.details == {"reason": "asked", "user": user.pk, "lately": True}


def test_the_log_says_who_deleted_and_not_what(user: User) -> None:
    (row,) = asked(user, 1)
    delete_photos(Identification.objects.all(), user)
    event = AuditEvent.objects.get(action="photo.deleted")
    assert (event.actor_id, event.subject_id, event.details) == (
        user.pk,
        str(row.pk),
        {"lately": True},
    )


def test_a_photo_that_is_deleted_while_a_worker_has_it_stays_deleted(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = submit(user, [SimpleUploadedFile("1.png", photo(ADA))]).accepted
    identify = answering.identify_photo

    def meanwhile(data: bytes) -> answering.PhotoAnswer:
        answer = identify(data)
        delete_photos(Identification.objects.all(), user)
        return answer

    monkeypatch.setattr(answering, "identify_photo", meanwhile)
    process(row.pk)
    assert not Identification.objects.exists()
    assert not ProbeFace.objects.exists()
    process(row.pk)  # a message that comes late


def test_a_face_that_was_enrolled_from_it_stays_and_the_page_says_so(
    user: User, reviewer: User, ada: Person, login: Login
) -> None:
    (row,) = asked(user, 5)
    enrol(review(row.faces.get(), reviewer, "right"), actor=reviewer)
    client, address = login(user), reverse("photo_delete", args=[row.pk])
    assert "stays until an operator removes it" in client.get(address).content.decode()
    client.post(address)
    assert ada.faces.count() == 2
    assert not EnrolledFace.objects.exclude(probe=None).exists()


def test_who_deletes_may_not_ask_more_for_it(user: User, settings: Settings) -> None:
    settings.PHOTOS_PER_HOUR = 2
    asked(user, 1, 2)
    delete_photos(Identification.objects.all(), user)
    with pytest.raises(TooManyPhotos):
        asked(user, 3)


def test_who_deletes_photos_of_others_has_asked_nothing(
    user: User, reviewer: User, settings: Settings
) -> None:
    settings.PHOTOS_PER_HOUR = 2
    asked(user, 1, 2)
    delete_photos(Identification.objects.all(), reviewer, "asked")
    assert len(asked(reviewer, 3, 4)) == 2
