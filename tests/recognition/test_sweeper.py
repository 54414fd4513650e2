"""What was lost on its way is sent again; what has no hope left ends with a reason."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from pathlib import Path

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from ml.errors import ArtifactMissing
from recognition.models import Enrolment, Identification, Person, User
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services.gallery import people
from recognition.services.identification import answering
from recognition.services.site.sweeping import FORGOTTEN_AFTER, Swept, sweep
from recognition.services.work import queue
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

SECOND = dt.timedelta(seconds=1)
pytestmark = pytest.mark.usefixtures("recognizer")


def submit(user: User, count: int = 1) -> list[Identification]:
    files = [SimpleUploadedFile("photo.png", photo(Face(1))) for _ in range(count)]
    return list(answering.submit(user, files).accepted)


def age(waited: dt.timedelta) -> None:
    Identification.objects.update(created_at=timezone.now() - waited)


def test_a_photo_uploaded_while_the_broker_was_down_is_answered_once_it_is_up(
    user: User, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down:
        down.setitem(current_app.conf, "broker_write_url", "redis+socket:///gone")
        (row,) = submit(user)
        age(FORGOTTEN_AFTER + SECOND)
        assert sweep() == Swept(requeued=0, failed=0)
    assert sweep() == Swept(requeued=1, failed=0)
    assert broker.sent() == [("identify", str(row.pk))]
    answering.process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_a_photo_that_has_only_just_come_is_left_alone(user: User, broker: Broker) -> None:
    submit(user)
    assert sweep() == Swept(0, 0)


def test_a_photo_whose_worker_died_is_sent_again_once_it_is_stale(
    user: User, broker: Broker
) -> None:
    (row,) = submit(user)
    row.claim()
    assert sweep() == Swept(0, 0)
    Identification.objects.update(claimed_at=timezone.now() - STALE_AFTER - SECOND)
    assert sweep() == Swept(1, 0)
    assert broker.sent() == [("identify", str(row.pk))]


def test_a_hopeless_photo_fails_with_a_reason_and_its_bytes_go(
    user: User,
    broker: Broker,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    (row,) = submit(user)
    for _ in range(MAX_ATTEMPTS):
        row.claim(stale_after=dt.timedelta(0))
    Identification.objects.update(claimed_at=timezone.now() - STALE_AFTER - SECOND)
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep() == Swept(0, 1)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "gave_up")
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_enrolments_are_swept_too(operator: User, broker: Broker) -> None:
    ann = Person.objects.create(name="Ann")
    file = SimpleUploadedFile("photo.png", photo(Face(1)))
    (row,) = people.request_enrolment(ann, [file], operator).accepted
    Enrolment.objects.update(created_at=timezone.now() - FORGOTTEN_AFTER - SECOND)
    assert sweep() == Swept(1, 0)
    assert broker.sent() == [("enrol", str(row.pk))]


def test_finished_photos_are_left_alone(
    user: User, broker: Broker, recognizer: StripeRecognizer
) -> None:
    (row,) = submit(user)
    answering.process(row.pk)
    age(dt.timedelta(days=1))
    assert sweep() == Swept(0, 0)


def test_a_long_queue_is_not_doubled_by_every_sweep(
    user: User, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "QUEUE_TOP_UP", 7)
    rows = submit(user, count=10)
    age(FORGOTTEN_AFTER + SECOND)
    assert sweep().requeued == 7
    assert sweep().requeued == 0
    assert len(broker.sent()) == 7
    broker.redis.flushall()
    for row in rows[:5]:
        answering.process(row.pk)
    assert sweep().requeued == 5


def test_photos_do_not_wait_for_room_on_the_queue_of_the_trainings(
    user: User, broker: Broker
) -> None:
    submit(user)
    age(FORGOTTEN_AFTER + SECOND)
    broker.redis.lpush("training", *range(1000))
    assert sweep().requeued == 1


def test_without_a_model_nothing_is_sent_in_vain(
    user: User, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(user)
    age(FORGOTTEN_AFTER + SECOND)
    problem = ArtifactMissing("There is no model version in models/x.", "models/x")
    monkeypatch.setattr("recognition.services.versions.registry.problem", lambda: problem)
    assert sweep() == Swept(0, 0)


def test_the_command_says_what_it_did(user: User, broker: Broker) -> None:
    submit(user)
    age(FORGOTTEN_AFTER + SECOND)
    out = StringIO()
    call_command("sweep", stdout=out)
    assert out.getvalue() == "1 sent again, 0 ended as failed.\n"
