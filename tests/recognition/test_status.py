"""What the status page can know, honestly and without waiting long."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from facesite import space
from recognition.models import Identification, Person, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification import answering as identification
from recognition.services.site import status
from recognition.services.site.status import Worker
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

MINUTES = dt.timedelta(minutes=5)


@pytest.fixture
def waiting(user: User, recognizer: StripeRecognizer) -> Identification:
    file = SimpleUploadedFile("photo.png", photo(Face(1)))
    return identification.submit(user, [file]).accepted[0]


def test_a_broker_that_is_down_is_named_at_once(recognizer: StripeRecognizer) -> None:
    started = time.monotonic()
    site = status.site()
    assert time.monotonic() - started < 1
    assert (site.broker_reachable, site.worker, site.healthy) == (False, Worker.AWAY, False)


def test_a_broker_without_a_worker(recognizer: StripeRecognizer, broker: Broker) -> None:
    site = status.site()
    assert (site.broker_reachable, site.worker, site.healthy) == (True, Worker.AWAY, False)


def test_how_many_wait_and_since_when(waiting: Identification) -> None:
    progress = status.site().progress
    assert (progress.waiting, progress.waiting_since) == (1, waiting.created_at)
    assert progress.last_finished is None
    identification.process(waiting.pk)
    waiting.refresh_from_db()
    progress = status.site().progress
    assert (progress.waiting, progress.waiting_since) == (0, None)
    assert progress.last_finished == waiting.finished_at


def test_the_page_says_for_how_long_photos_have_waited(
    waiting: Identification, operator: User, user: User, login: Callable[[User], Client]
) -> None:
    Identification.objects.update(created_at=timezone.now() - MINUTES)
    page = login(operator).get(reverse("status")).text
    assert "1 photo has waited for 5\xa0minutes." in page
    identification.submit(user, [SimpleUploadedFile("photo.png", photo(Face(1)))])
    page = login(operator).get(reverse("status")).text
    assert "2 photos wait, the oldest for 5\xa0minutes." in page


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that answers pings; whether it gets anything done is another matter."""
    monkeypatch.setattr("recognition.services.work.broker.a_worker_answers", lambda: True)


@pytest.mark.usefixtures("answering")
def test_a_worker_that_answers_and_has_nothing_to_do_is_ready(
    recognizer: StripeRecognizer, broker: Broker
) -> None:
    site = status.site()
    assert (site.worker, site.healthy) == (Worker.READY, True)


@pytest.mark.usefixtures("answering")
def test_a_worker_that_answers_but_gets_nothing_done_is_stuck(
    waiting: Identification, broker: Broker
) -> None:
    assert status.site().worker == Worker.READY
    Identification.objects.update(created_at=timezone.now() - MINUTES)
    assert status.site().worker == Worker.STUCK


@pytest.mark.usefixtures("answering")
def test_a_worker_is_not_to_blame_for_what_waits_for_the_place(
    waiting: Identification, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    Identification.objects.update(created_at=timezone.now() - MINUTES)
    assert status.worker_is_to_blame()
    with monkeypatch.context() as full:
        full.setattr(space, "free", lambda: 0)
        assert not status.worker_is_to_blame()
    Identification.objects.update(waits_for="killed")
    assert not status.worker_is_to_blame()
    assert status.site().worker == Worker.READY


@pytest.mark.usefixtures("answering")
def test_a_worker_with_a_long_queue_is_ready_while_answers_keep_coming(
    waiting: Identification, user: User, broker: Broker
) -> None:
    file = SimpleUploadedFile("photo.png", photo(Face(1)))
    other = identification.submit(user, [file]).accepted[0]
    Identification.objects.update(created_at=timezone.now() - MINUTES)
    identification.process(other.pk)
    assert status.site().worker == Worker.READY


def test_gallery_sizes(recognizer: StripeRecognizer) -> None:
    Person.objects.create(name="Nobody yet")
    face, _ = enrol_photo(Person(name="Ann"), photo(Face(1)), "0.png")
    enrol_photo(face.person, photo(Face(1, 1)), "1.png")
    site = status.site()
    assert (site.people, site.photos) == (1, 2)


def test_a_missing_model_is_named_with_the_command_that_mends_it(db: None, tmp_path: Path) -> None:
    model = status.site().model
    assert model.name == ""
    assert model.problem == "model_missing"
    assert model.command == "python manage.py install_model"
