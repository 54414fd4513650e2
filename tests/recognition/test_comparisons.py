"""Two photos beside each other: sent, compared, looked at, kept for a while."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recognition.models import Comparison, Status, User
from recognition.services.identification import comparing
from recognition.services.privacy import own_data, retention
from recognition.services.site.accounts import delete_account
from recognition.services.site.sweeping import FORGOTTEN_AFTER, sweep
from tests.factories import make_user
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, photo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("recognizer")]
Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}

ONE, SAME, OTHER = photo(Face(1)), photo(Face(1, shot=1)), photo(Face(2))
POOR = photo(Face(1, quality=0.05))


@pytest.fixture
def client(user: User, login: Login) -> Client:
    return login(user)


def send(client: Client, *photos: bytes) -> Any:
    files = [SimpleUploadedFile(f"{number}.png", data) for number, data in enumerate(photos, 1)]
    return client.post(reverse("compare"), {"photos": files})


def compared(client: Client, *photos: bytes) -> Comparison:
    send(client, *photos)
    row = Comparison.objects.get()
    comparing.process(row.pk)
    row.refresh_from_db()
    return row


def page(client: Client, row: Comparison, **chosen: int) -> str:
    response = client.get(reverse("comparison", args=[row.pk]), chosen)
    return re.sub(r"\s+", " ", response.content.decode())


def verdict(text: str) -> str:
    found = re.search(r"comparison-verdict (\w+)", text)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("second", "said", "sentence"),
    [
        (SAME, "match", "The same person"),
        (OTHER, "unknown", "Two people"),
        (POOR, "unclear", "Too poor to tell"),
    ],
)
def test_it_is_said_whether_two_photos_show_one_person(
    client: Client, second: bytes, said: str, sentence: str
) -> None:
    shown = page(client, compared(client, ONE, second))
    assert verdict(shown) == said
    assert sentence in shown


def test_the_chance_is_told_in_words_and_in_percent(client: Client) -> None:
    shown = page(client, compared(client, ONE, SAME))
    assert "That they are one person: almost certainly, over 99%." in shown


def test_between_several_faces_somebody_chooses(client: Client) -> None:
    group = photo(Face(2, width=40), Face(1, shot=3, width=40), Face(3, width=70))
    row = compared(client, ONE, group)
    assert [len(faces) for faces in row.faces] == [1, 3]
    assert verdict(page(client, row)) == "unknown", "the largest face is another's"
    assert verdict(page(client, row, first=0, second=1)) == "match"
    assert verdict(page(client, row, first=0, second=9)) == "unknown", "there is no such face"


def test_a_photo_without_a_face_is_named(client: Client) -> None:
    shown = page(client, compared(client, ONE, photo()))
    assert "There is no face in 2.png" in shown


def test_the_page_fills_in_by_itself(client: Client) -> None:
    send(client, ONE, SAME)
    row = Comparison.objects.get()
    address = reverse("comparison", args=[row.pk])
    assert "hx-get" in client.get(address).content.decode()
    assert client.get(f"{address}?state=0-", headers=HTMX).status_code == 204
    comparing.process(row.pk)
    news = client.get(f"{address}?state=0-", headers=HTMX).content.decode()
    assert "<html" not in news
    assert "The same person" in news


@pytest.mark.parametrize("photos", [(), (ONE,), (ONE, SAME, OTHER)])
def test_it_takes_two_photos(client: Client, photos: tuple[bytes, ...]) -> None:
    assert send(client, *photos).status_code == 422
    assert not Comparison.objects.exists()


def test_what_is_no_photo_is_named_and_nothing_is_stored(client: Client, media: Path) -> None:
    response = send(client, ONE, b"hello")
    assert response.status_code == 422
    assert "2.png: This file could not be read as a photo" in response.content.decode()
    assert not Comparison.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_the_photo_that_cannot_be_read_to_its_end_is_named(client: Client) -> None:
    row = compared(client, ONE, SAME[: len(SAME) // 3])
    assert row.status == Status.REJECTED
    assert "2.png cannot be used" in page(client, row)


def test_the_files_as_they_were_sent_go_once_they_are_compared(client: Client, media: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("django.db.transaction.on_commit", lambda run, **_: run())
        row = compared(client, ONE, SAME)
    assert not [*media.rglob("originals/*")]
    for kind in ("first", "second"):
        assert client.get(reverse("photo", args=[kind, row.pk])).status_code == 200


def test_nobody_else_sees_it_and_no_reviewer_either(client: Client, login: Login) -> None:
    row = compared(client, ONE, SAME)
    for role in ("user", "reviewer", "operator"):
        other = login(make_user(role))
        assert other.get(reverse("comparison", args=[row.pk])).status_code == 404
        assert other.get(reverse("photo", args=["first", row.pk])).status_code == 404
        assert other.post(reverse("comparison_delete", args=[row.pk])).status_code == 404


def test_it_counts_as_two_photos_also_once_it_is_deleted(
    client: Client, settings: Settings
) -> None:
    settings.PHOTOS_PER_HOUR = 5
    row = compared(client, ONE, SAME)
    client.post(reverse("comparison_delete", args=[row.pk]))
    assert not Comparison.objects.exists()
    assert send(client, ONE, SAME).status_code == 302
    assert send(client, ONE, SAME).status_code == 429


def test_so_many_can_wait(client: Client, settings: Settings) -> None:
    settings.PHOTOS_WAITING = 3
    assert send(client, ONE, SAME).status_code == 302
    assert send(client, ONE, SAME).status_code == 429


def test_it_goes_with_its_time_and_with_the_account(client: Client, user: User) -> None:
    row = compared(client, ONE, SAME)
    assert retention.due()["comparisons"] == 0
    old = timezone.now() - dt.timedelta(days=31)
    Comparison.objects.update(created_at=old)
    assert retention.due()["comparisons"] == 1
    assert retention.purge()["comparisons"] == 1
    row.save(force_insert=True)
    delete_account(user, user)
    assert not Comparison.objects.exists()


def test_it_is_among_what_somebody_can_take_along(client: Client, user: User) -> None:
    row = compared(client, ONE, SAME)
    with ZipFile(BytesIO(b"".join(own_data.export(user)))) as archive:
        names = {name for name in archive.namelist() if name.startswith("comparisons/")}
        answer = json.loads(archive.read(f"comparisons/{row.pk}/answer.json"))
    endings = {"answer.json", "first_photo.jpg", "second_photo.jpg"}
    assert names == {f"comparisons/{row.pk}/{ending}" for ending in endings}
    assert answer["files"] == ["1.png", "2.png"]
    assert answer["pairs"][0][0]["probability"] > 0.99


@pytest.mark.django_db(transaction=True)
def test_one_that_was_lost_on_its_way_is_sent_again(client: Client, broker: Broker) -> None:
    send(client, ONE, SAME)
    row = Comparison.objects.get()
    assert broker.sent() == [("compare", str(row.pk))]
    broker.redis.flushall()
    Comparison.objects.update(created_at=timezone.now() - 2 * FORGOTTEN_AFTER)
    sweep()
    assert broker.sent() == [("compare", str(row.pk))]
