"""Two photos over the API: are they of one person?"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognition.models import Comparison, Scope, User
from recognition.services.identification.comparing import process
from recognition.services.identification.quotas import left
from tests.recognition.api.conftest import Program
from tests.recognition.fakes import Face, photo

pytestmark = pytest.mark.usefixtures("calibrated", "recognizer")

PATH = "/api/v1/verifications"
ADA = photo(Face(1))


def ask(client: Client, *photos: bytes) -> Any:
    files = [SimpleUploadedFile(f"{at}.png", data) for at, data in enumerate(photos)]
    return client.post(PATH, {"photos": files})


@pytest.fixture
def client(user: User, program: Program) -> Client:
    return program(user, Scope.IDENTIFY)


@pytest.mark.parametrize(
    ("other", "decision"),
    [(photo(Face(1, shot=1)), "match"), (photo(Face(2)), "unknown"), (photo(), None)],
)
def test_two_photos_are_compared(client: Client, other: bytes, decision: str | None) -> None:
    taken = ask(client, ADA, other)
    assert (taken.status_code, taken.json()["decision"]) == (202, None)
    process(Comparison.objects.get().pk)
    said = client.get(taken.headers["Location"]).json()
    assert (said["status"], said["decision"]) == ("done", decision)
    assert (said["probability"] is None) == (decision is None)
    assert said["paths"] == ["0.png", "1.png"]


def test_it_takes_two_photos(client: Client) -> None:
    for photos in ((ADA,), (ADA, ADA, ADA)):
        assert ask(client, *photos).json()["errors"][0]["field"] == "file.photos"
    refused = ask(client, ADA, b"no photo")
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_image")
    assert refused.json()["path"] == "1.png"
    assert not Comparison.objects.exists()


def test_each_counts_as_two_photos_and_is_deleted_with_them(client: Client, user: User) -> None:
    before = left(user).waiting
    taken = ask(client, ADA, ADA)
    assert left(user).waiting == before - 2
    assert client.delete(taken.headers["Location"]).status_code == 204
    assert client.get(taken.headers["Location"]).status_code == 404
