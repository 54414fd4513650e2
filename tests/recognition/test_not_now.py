"""When the disk is full or the database away: a page that says so, and nothing stored by halves."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from facesite import space
from facesite.storage import PrivateStorage
from recognition.models import Identification, User
from recognition.services.work import intake
from tests.recognition.fakes import Face, photo

Login = Callable[[User], Client]
NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


def upload(client: Client, **headers: str) -> Any:
    files = {"photos": [SimpleUploadedFile("ada.png", photo(Face(1)))]}
    return client.post(reverse("upload"), files, headers=headers)


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.fixture(autouse=True)
def _in_production(client: Client) -> None:
    """Errors become pages, as in production."""
    client.raise_request_exception = False


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked"), InterfaceError("connection already closed")]
)
def test_without_a_database_a_page_says_when_to_try_again(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    monkeypatch.setattr("recognition.views.identification.upload", failing(error))
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", failing(error))
    client.cookies["sessionid"] = "0123456789abcdefghijklmnopqrstuv"
    response = client.get(reverse("history"), headers={"Accept-Language": "en"})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"
    assert "The site cannot answer just now" in response.text
    (line,) = [record for record in caplog.records if record.levelname != "DEBUG"]
    assert line.exc_info is None
    assert "GET history 503" in line.getMessage()
    assert "fails (database)" in line.getMessage()


def test_what_nobody_foresaw_keeps_its_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = ValueError("no such thing")
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", failing(error))
    client.cookies["sessionid"] = "0123456789abcdefghijklmnopqrstuv"
    assert client.get(reverse("history")).status_code == 500
    assert any(record.exc_info for record in caplog.records)


def test_without_room_an_upload_is_refused_before_anything_is_stored(
    user: User, login: Login, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login(user)
    client.raise_request_exception = False
    monkeypatch.setattr(space, "free", lambda: space.RESERVE)
    response = upload(client, **{"Accept-Language": "en"})
    assert response.status_code == 507
    assert "There is no room left on the site’s disk" in response.text
    assert "Retry-After" in response.headers
    assert not Identification.objects.exists()
    assert not media.exists()
    assert client.get(reverse("history")).status_code == 200


def test_a_disk_that_fills_up_in_the_midst_of_an_upload_keeps_no_part_of_it(
    user: User, login: Login, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login(user)
    client.raise_request_exception = False
    monkeypatch.setattr(ContentFile, "chunks", half_and_no_more)
    assert upload(client).status_code == 507
    assert not [path for path in media.rglob("*") if path.is_file()]
    assert not Identification.objects.exists()


def half_and_no_more(_file: object) -> Any:
    yield b"half of it"
    raise NO_SPACE


def test_a_file_is_closed_to_others_from_its_first_byte_on(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []

    def chunks(_file: object) -> Any:
        (path,) = [path for path in media.rglob("*") if path.is_file()]
        modes.append(stat.S_IMODE(path.stat().st_mode))
        yield b"all of it"

    monkeypatch.setattr(ContentFile, "chunks", chunks)
    name = PrivateStorage().save("originals/one", ContentFile(b""))
    assert modes == [0o600]
    assert (media / name).read_bytes() == b"all of it"


@pytest.mark.parametrize(("status", "sentence"), [(503, "cannot answer"), (507, "no room left")])
def test_a_body_that_could_not_be_taken_has_the_same_pages(
    client: Client, status: int, sentence: str
) -> None:
    """See `facesite.asgi`, which says in the environment why."""
    environ = {"facesite.not_now": status}
    response = client.get("/history/", headers={"Accept-Language": "en"}, **environ)  # type: ignore[arg-type]
    assert response.status_code == status
    assert sentence in response.text


def test_there_is_room_for_what_is_small(user: User, media: Path, settings: Settings) -> None:
    file = SimpleUploadedFile("ada.png", photo(Face(1)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(space, "free", lambda: space.RESERVE + (file.size or 0))
        rows, refused = intake.accept([file], lambda name: Identification(user=user, filename=name))
    assert (len(rows), refused) == (1, [])
