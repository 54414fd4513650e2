"""What one can take along of one's own, and how an account goes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from recognition.models import AuditEvent, Identification, Person, User
from recognition.services import chain
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.photos import files
from recognition.services.privacy import own_data
from recognition.services.site.accounts import LastAdministrator, delete_account
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]


@pytest.fixture(autouse=True)
def people(recognizer: StripeRecognizer) -> None:
    for number, name in ((1, "Ada"), (2, "Bob")):
        enrol_photo(Person(name=name), photo(Face(number)), f"{name}.png")


def ask(user: User, name: str, *faces: Face) -> Identification:
    row = submit(user, [SimpleUploadedFile(name, photo(*faces))]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def opened(pieces: list[bytes]) -> ZipFile:
    archive = ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    return archive


def downloaded(user: User, login: Login) -> ZipFile:
    response = login(user).get(reverse("my_data_download"))
    assert isinstance(response, StreamingHttpResponse)
    assert response["Content-Type"] == "application/zip"
    return opened(list(response))


def test_everything_of_ones_own_is_in_one_archive(user: User, stranger: User, login: Login) -> None:
    mine, _ = ask(user, "mine.png", Face(1, shot=1), Face(9)), ask(stranger, "his.png", Face(2))
    waiting = submit(user, [SimpleUploadedFile("waiting.png", photo(Face(2)))]).accepted[0]
    archive = downloaded(user, login)
    folder = f"photos/{mine.pk}"
    assert {name for name in archive.namelist() if name.startswith("photos/")} == {
        *(f"{folder}/{name}" for name in ("answer.json", "photo.jpg", "face-1.png", "face-2.png")),
        f"photos/{waiting.pk}/answer.json",
        f"photos/{waiting.pk}/original",
    }
    assert archive.read(f"{folder}/photo.jpg") == mine.photo.read()
    assert archive.read(f"photos/{waiting.pk}/original") == photo(Face(2))
    answer = json.loads(archive.read(f"{folder}/answer.json"))
    assert (answer["file"], answer["status"]) == ("mine.png", "done")
    assert [face["decision"] for face in answer["faces"]] == ["match", "unknown"]
    account = json.loads(archive.read("account.json"))
    assert (account["username"], account["roles"]) == (user.username, ["user"])
    assert "account.exported" in {event["action"] for event in json.loads(archive.read("log.json"))}


def test_it_says_no_more_of_other_people_than_the_pages_do(
    user: User, login: Login, settings: Settings
) -> None:
    row = ask(user, "mine.png", Face(1, shot=1), Face(9))

    def candidates() -> list[list[tuple[str, bool]]]:
        answer = json.loads(downloaded(user, login).read(f"photos/{row.pk}/answer.json"))
        return [
            [(near["person"], near["named"]) for near in face["candidates"]]
            for face in answer["faces"]
        ]

    assert candidates() == [[("Ada", True)], []]
    settings.OTHERS_SHOWN = {**settings.OTHERS_SHOWN, "user": "names"}
    hers, _ = candidates()
    assert hers == [("Ada", True), ("Bob", False)]


def test_a_photo_that_goes_meanwhile_does_not_spoil_the_rest(user: User) -> None:
    first, second = (ask(user, f"{shot}.png", Face(1, shot=shot)) for shot in (1, 2))
    pieces = own_data.export(user)
    begun = [next(pieces)]
    files.delete([second.photo.name or ""])
    archive = opened([*begun, *pieces])
    assert f"photos/{first.pk}/photo.jpg" in archive.namelist()
    assert f"photos/{second.pk}/photo.jpg" not in archive.namelist()
    assert f"photos/{second.pk}/answer.json" in archive.namelist()


def test_an_account_goes_with_its_photos_and_its_name(
    user: User,
    stranger: User,
    login: Login,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ask(stranger, "his.png", Face(2))
    before = set(media.rglob("*.*"))
    ask(user, "mine.png", Face(1, shot=1))
    browser, address = login(user), reverse("account_delete")
    assert "1 photo that you asked about" in browser.get(address).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(address).headers["Location"] == reverse("account_login")
    assert not User.objects.filter(pk=user.pk).exists()
    assert set(media.rglob("*.*")) == before
    assert browser.get(reverse("history")).status_code == 302  # to the log-in page
    event = AuditEvent.objects.get(action="account.deleted")
    assert (event.actor_id, event.subject_id) == (None, str(user.pk))
    assert event.details["own"] is True
    assert user.username not in AuditEvent.objects.values_list("actor_name", flat=True)
    assert chain.verify().whole


def test_the_log_shows_the_number_of_an_account_that_is_gone(
    user: User, reviewer: User, operator: User, login: Login
) -> None:
    row = ask(user, "mine.png", Face(1, shot=1))
    login(reviewer).get(reverse("identification", args=[row.pk]))
    number = reviewer.pk
    delete_account(reviewer, operator)
    page = login(operator).get("/admin/recognition/auditevent/").content.decode()
    assert f"deleted account {number}" in page
    assert reviewer.username not in page


def test_the_administrations_own_log_forgets_the_name_too(user: User, admin_client: Client) -> None:
    name = user.username
    admin_client.post(f"/admin/recognition/user/{user.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(username=name).exists()
    assert not LogEntry.objects.filter(object_repr=name).exists()


def test_the_last_administrator_stays(login: Login) -> None:
    last = make_user(is_superuser=True)
    with pytest.raises(LastAdministrator):
        delete_account(last, last)
    page = login(last).post(reverse("account_delete"), follow=True).content.decode()
    assert "You are the only administrator" in page
    assert User.objects.filter(pk=last.pk).exists()
    make_user(is_superuser=True)
    delete_account(User.objects.get(pk=last.pk), last)
    assert not User.objects.filter(is_superuser=True, username=last.username).exists()


@pytest.mark.parametrize("page", ["account_delete", "my_data_download"])
def test_whoever_finds_an_open_browser_gets_and_deletes_nothing(
    page: str, user: User, login: Login, settings: Settings
) -> None:
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = timedelta(0).total_seconds()
    for answered in (login(user).get(reverse(page)), login(user).post(reverse(page))):
        assert answered.status_code in (302, 405)
        assert answered.status_code == 405 or "reauthenticate" in answered.headers["Location"]
    assert User.objects.filter(pk=user.pk).exists()
