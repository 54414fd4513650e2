"""Stored files in a bucket: the same promises as on the disk, on a real server that speaks S3."""

from __future__ import annotations

import io
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from facesite import env, sealing
from facesite.storage import StorageAway, kept
from recognition.models import EnrolledFace, Identification, Person, Status, TrainingRun, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.photos import orphans
from recognition.services.privacy import keys, traces
from recognition.services.privacy.erasure import remove_person
from recognition.services.site import integrity
from recognition.services.training import faces as training_faces
from recognition.services.work import faults
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.servers import keep_in
from tests.sites import free_port

Login = Callable[[User], Client]
Finish = Callable[[User], Identification]
pytestmark = pytest.mark.slow
KEYS = (b"\x01" * 32, b"\x02" * 32)


@pytest.fixture
def away(bucket: None, settings: Settings) -> Callable[[], None]:
    """Has the server of the bucket go."""
    nobody = f"http://key:secret@127.0.0.1:{free_port()}/bucket"
    return lambda: keep_in(nobody, settings)


@pytest.fixture(params=["disk", "bucket"])
def either(request: pytest.FixtureRequest, media: Path) -> None:
    if request.param == "bucket":
        request.getfixturevalue("bucket")


@pytest.fixture
def finish(django_capture_on_commit_callbacks: Any) -> Finish:
    """Have a photo answered."""

    def finish(user: User) -> Identification:
        row = upload(user)
        with django_capture_on_commit_callbacks(execute=True):
            process(row.pk)
        row.refresh_from_db()
        return row

    return finish


def upload(user: User) -> Identification:
    return submit(user, [SimpleUploadedFile("ada.png", photo(Face(1)))]).accepted[0]


def test_either_keeps_files_by_name(either: None, tmp_path: Path) -> None:
    assert kept().names("photos") == []
    default_storage.save("photos/one", ContentFile(b"before"))
    kept().put("photos/one", io.BytesIO(b"after"))
    kept().copy("photos/one", tmp_path / "copy")
    assert kept().names("photos") == ["photos/one"]
    assert kept().raw("photos/one") == (tmp_path / "copy").read_bytes() == b"after"
    default_storage.delete("photos/one")
    assert not default_storage.exists("photos/one")
    assert kept().has("photos")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: kept().raw("photos/none"),
        lambda: default_storage.open("photos/none"),
        lambda: default_storage.get_modified_time("photos/none"),
        lambda: kept().copy("photos/none", Path("none")),
    ],
)
def test_either_tells_a_file_that_is_not_there(either: None, ask: Callable[[], object]) -> None:
    with pytest.raises(FileNotFoundError):
        ask()


def test_either_seals_what_it_is_given(either: None, settings: Settings) -> None:
    settings.ENCRYPT, settings.ENCRYPTION_KEYS = True, KEYS
    default_storage.save("photos/one", ContentFile(b"a face"))
    assert sealing.is_sealed(kept().raw("photos/one"))
    with default_storage.open("photos/one") as file:
        assert file.read() == b"a face"


def test_nobody_gets_an_address_of_a_file(bucket: None) -> None:
    default_storage.save("photos/one", ContentFile(b"a face"))
    with pytest.raises(NotImplementedError):
        default_storage.url("photos/one")


@pytest.mark.parametrize("url", ["https://host/bucket", "https://key:secret@host", "ftp://a:b@c/d"])
def test_an_address_without_bucket_or_key_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_URL", url)
    with pytest.raises(ImproperlyConfigured, match="S3_URL must"):
        env.bucket("S3_URL")


def test_a_photo_is_answered_and_shown_from_a_bucket(
    bucket: None, recognizer: StripeRecognizer, media: Path, login: Login, finish: Finish
) -> None:
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    user = make_user("user")
    row = finish(user)
    assert row.status == Status.DONE
    assert kept().names("originals") == []
    shown = login(user).get(reverse("photo", args=["identification", row.pk]))
    assert shown.getvalue() == kept().raw(str(row.photo))
    small = login(user).get(reverse("photo", args=["probe", row.faces.get().pk]), {"side": 48})
    assert small.headers["Content-Type"] == "image/jpeg"
    assert not media.exists()
    assert not [found for found in integrity.verify() if "files" in found.code and found.broken]


def test_an_upload_that_cannot_be_kept_is_refused_whole(
    away: Callable[[], None], user: User, login: Login
) -> None:
    client = login(user)
    client.raise_request_exception = False
    away()
    files = {"photos": [SimpleUploadedFile("ada.png", photo(Face(1)))]}
    response = client.post(reverse("upload"), files, headers={"Accept-Language": "en"})
    assert response.status_code == 503
    assert "The site cannot answer just now" in response.text
    assert not Identification.objects.exists()


def test_a_photo_waits_for_a_bucket_that_is_away(
    away: Callable[[], None], user: User, recognizer: StripeRecognizer, settings: Settings
) -> None:
    row, there = upload(user), settings.S3
    away()
    process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.waits_for, row.failures) == (Status.QUEUED, faults.STORAGE, 0)
    settings.S3 = there
    settings.STORAGES = dict(settings.STORAGES)
    Identification.objects.update(due_at=None)
    process(row.pk)
    row.refresh_from_db()
    assert row.status == Status.DONE


def test_a_bucket_that_is_not_there_loses_no_file(s3: str, settings: Settings) -> None:
    keep_in(f"http://key:secret@{s3}/nobodys", settings)
    with pytest.raises(StorageAway):
        kept().raw("photos/one")


class _NotHere(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Not into the output of the tests."""


def test_a_proxy_that_knows_no_bucket_loses_no_file(settings: Settings) -> None:
    with HTTPServer(("127.0.0.1", 0), _NotHere) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        keep_in(f"http://key:secret@127.0.0.1:{proxy.server_port}/bucket", settings)
        with pytest.raises(StorageAway):
            kept().raw("photos/one")
        proxy.shutdown()


def test_what_no_row_names_goes(
    bucket: None, db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_storage.save("photos/left", ContentFile(b"a face"))
    assert orphans.remove() == 0
    monkeypatch.setattr(orphans, "OLD", -orphans.OLD)
    assert orphans.remove() == 1
    assert kept().elsewhere() == []


def test_erasing_somebody_leaves_nothing_in_the_bucket(
    bucket: None, user: User, recognizer: StripeRecognizer, django_capture_on_commit_callbacks: Any
) -> None:
    person = Person.objects.create(name="Ada Lovelace")
    enrol_photo(person, photo(Face(1)), "ada.png")
    needles = traces.of_person(person)
    names = {str(path) for path in traces.found(needles)}
    assert {str(face.crop) for face in EnrolledFace.objects.all()} <= names
    with django_capture_on_commit_callbacks(execute=True):
        remove_person(person, user)
    assert kept().elsewhere() == []


def test_keys_are_changed_in_a_bucket(
    bucket: None, settings: Settings, recognizer: StripeRecognizer, db: None
) -> None:
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    settings.ENCRYPT, settings.ENCRYPTION_KEYS = True, KEYS
    assert keys.rotate(lambda _done, _total: None).files == 2
    assert all(sealing.is_sealed(kept().raw(name)) for name in kept().elsewhere())
    with EnrolledFace.objects.get().crop.open() as crop:
        assert crop.read().startswith(b"\x89PNG")


def test_a_training_gets_its_faces_as_files(
    bucket: None, recognizer: StripeRecognizer, settings: Settings
) -> None:
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    run, face = TrainingRun(name="run"), EnrolledFace.objects.get()
    training_faces.folder(run).mkdir(parents=True)
    crop = Path(settings.MEDIA_ROOT) / str(face.crop)
    (copied,) = training_faces.readable({"1": [crop]}, training_faces.folder(run))["1"]
    assert copied.read_bytes() == kept().raw(str(face.crop))
