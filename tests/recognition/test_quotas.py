"""One user cannot fill the queue: how much they may ask, and who is answered before whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu import Connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from recognition.models import Identification, User
from recognition.services.identification.answering import submit
from recognition.services.identification.quotas import TooManyPhotos
from recognition.services.site import sweeping
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, photo

Login = Callable[[User], Client]
PHOTO = photo(Face(1))

pytestmark = pytest.mark.usefixtures("media")


@pytest.fixture(autouse=True)
def _small_limits(settings: Settings) -> None:
    settings.PHOTOS_WAITING, settings.PHOTOS_PER_HOUR = 5, 8


def photos(count: int) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"{number}.png", PHOTO) for number in range(count)]


def upload(client: Client, count: int, language: str = "en") -> Any:
    client.cookies["django_language"] = language
    return client.post(reverse("upload"), {"photos": photos(count)})


def answer_all() -> None:
    Identification.objects.filter(status="queued").update(status="done")


def test_more_photos_than_may_wait_are_refused_as_a_whole(
    user: User, login: Login, media: Path
) -> None:
    client = login(user)
    assert upload(client, 4).status_code == 302
    refused = upload(client, 2)
    assert refused.status_code == 429
    assert "Only 5 of your photos can wait at a time" in refused.content.decode()
    assert refused.headers["Retry-After"] == "15"
    assert Identification.objects.count() == 4
    assert len([path for path in media.rglob("*") if path.is_file()]) == 4


def test_there_is_room_again_once_some_are_answered(user: User) -> None:
    submit(user, photos(5))
    answer_all()
    assert len(submit(user, photos(3)).accepted) == 3


def test_what_is_no_photo_does_not_count(user: User) -> None:
    nothing = SimpleUploadedFile("notes.txt", b"hello")
    assert len(submit(user, [*photos(5), nothing]).accepted) == 5


def test_nobody_else_is_kept_out(user: User, stranger: User) -> None:
    submit(user, photos(5))
    assert len(submit(stranger, photos(5)).accepted) == 5


def test_who_has_had_the_share_of_an_hour_is_told_when_to_come_again(
    user: User, login: Login
) -> None:
    submit(user, photos(5))
    answer_all()
    first = timezone.now() - dt.timedelta(minutes=50)
    Identification.objects.filter(filename__in=("0.png", "1.png")).update(created_at=first)
    refused = upload(login(user), 5, "ru")
    assert refused.status_code == 429
    assert "Повторите через 10 минут" in refused.content.decode()
    assert 590 < int(refused.headers["Retry-After"]) <= 600
    Identification.objects.filter(created_at=first).update(
        created_at=first - dt.timedelta(minutes=10)
    )
    assert upload(login(user), 5).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_moment_do_not_slip_past_together(user: User) -> None:
    def one(_number: int) -> int:
        try:
            return len(submit(user, photos(2)).accepted)
        except TooManyPhotos:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(one, range(8))) == 4


@pytest.mark.django_db
def test_too_many_attempts_of_anything_have_a_page_of_the_site(client: Client) -> None:
    client.cookies["django_language"] = "ru"
    for _attempt in range(31):
        refused = client.post(reverse("account_login"))
    assert refused.status_code == 429
    assert "Слишком много за короткое время" in refused.content.decode()
    assert refused.headers["Retry-After"] == "60"


def taken(broker: Broker) -> list[str]:
    """File names, in the order in which a worker takes their messages."""
    options = dict(current_app.conf.broker_transport_options)
    names = {str(pk): name for pk, name in Identification.objects.values_list("pk", "filename")}
    order = []
    with Connection(broker.url, transport_options=options) as opened:
        queue = opened.SimpleQueue("identification")
        for _ in range(len(broker.sent())):
            ((pk,), _kwargs, _embed) = queue.get(block=False).payload
            order.append(names[pk])
        queue.close()
    return order


def test_who_sends_one_photo_does_not_wait_for_all_of_who_sends_many(
    *,
    user: User,
    stranger: User,
    broker: Broker,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.PHOTOS_WAITING = settings.PHOTOS_PER_HOUR = 100
    with django_capture_on_commit_callbacks(execute=True):
        submit(user, photos(20))
        submit(user, photos(20))
        submit(stranger, [SimpleUploadedFile(f"other{number}.png", PHOTO) for number in range(2)])
    order = taken(broker)
    assert len(order) == 42
    assert order.index("other0.png") == 1
    assert order.index("other1.png") == 3


@pytest.mark.usefixtures("recognizer")
def test_lost_messages_are_sent_again_in_the_same_order(
    user: User, stranger: User, broker: Broker
) -> None:
    submit(user, photos(5))
    submit(stranger, [SimpleUploadedFile("other.png", PHOTO)])
    long_ago = timezone.now() - 2 * sweeping.FORGOTTEN_AFTER
    for number, row in enumerate(Identification.objects.order_by("created_at")):
        moment = long_ago + dt.timedelta(milliseconds=number)
        Identification.objects.filter(pk=row.pk).update(created_at=moment)
    broker.redis.flushall()
    sweeping.sweep()
    assert taken(broker)[:2] == ["0.png", "other.png"]
