"""What was lost on its way is sent again; what has no hope left ends with a reason."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
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
from recognition.services.site.sweeping import FORGOTTEN_AFTER, Swept, sweep, tidy
from recognition.services.work import claimants, queue
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

SECOND, MINUTE, DAY = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(days=1)
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


def lose_worker(row: Identification) -> None:
    Identification.objects.filter(pk=row.pk).update(due_at=None)
    assert row.claim()
    Identification.objects.filter(pk=row.pk).update(
        claimed_at=timezone.now() - STALE_AFTER - SECOND
    )


def test_a_photo_that_alone_loses_its_worker_again_and_again_fails_and_is_kept_for_a_week(
    user: User,
    broker: Broker,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """The first time it may be the place. Later others are answered, so that it is not."""
    (row,) = submit(user)
    for failed in (0, 0, 0, 1):
        lose_worker(row)
        assert sweep().failed == failed
        (other,) = submit(user)
        answering.process(other.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "gave_up")
    with django_capture_on_commit_callbacks(execute=True):
        tidy()
    assert Path(row.original.path).exists()
    Identification.objects.filter(pk=row.pk).update(finished_at=timezone.now() - 8 * DAY)
    with django_capture_on_commit_callbacks(execute=True):
        tidy()
    assert not Path(row.original.path).exists()


def test_a_photo_is_not_to_blame_while_nobody_is_answered(user: User, broker: Broker) -> None:
    (row,) = submit(user)
    for _ in range(3 * MAX_ATTEMPTS):
        lose_worker(row)
        assert sweep().failed == 0
    row.refresh_from_db()
    assert (row.status, row.failures, row.waits_for) == ("queued", 0, "killed")
    assert row.due_at is not None
    assert row.due_at - timezone.now() > MINUTE  # the pauses have grown


def test_a_photo_whose_process_is_gone_does_not_have_to_go_stale(
    user: User, broker: Broker
) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        ours = claimants.this_process()
        theirs = f"{socket.gethostname()[:60]}/{process.pid}/{claimants._started(process.pid)}"
        mine, gone = submit(user, count=2)
        assert mine.claim(by=ours)
        assert gone.claim(by=theirs)
        assert sweep() == Swept(0, 0)
        process.kill()
    assert sweep() == Swept(1, 0)
    assert broker.sent() == [("identify", str(gone.pk))]


def test_a_clock_that_was_set_back_holds_nothing_up(user: User, broker: Broker) -> None:
    later = timezone.now() + 20 * MINUTE
    claimed, waiting, put_off = submit(user, count=3)
    claimed.claim()
    Identification.objects.filter(pk=claimed.pk).update(claimed_at=later)
    Identification.objects.filter(pk=waiting.pk).update(created_at=later)
    Identification.objects.filter(pk=put_off.pk).update(due_at=later, waits_for="database")
    assert put_off.claim()
    Identification.objects.filter(pk=put_off.pk).update(claimed_at=later)
    sweep()
    assert not Identification.objects.filter(status="running").exists()
    assert ("identify", str(waiting.pk)) in broker.sent()


def test_the_oldest_goes_past_a_queue_that_is_never_empty(user: User, broker: Broker) -> None:
    submit(user, count=8)  # of which some have a message in the second lane and further back
    oldest = Identification.objects.order_by("created_at", "pk")[0]
    broker.redis.flushall()
    age(FORGOTTEN_AFTER + SECOND)
    Identification.objects.filter(pk=oldest.pk).update(created_at=timezone.now() - MINUTE)
    others = Identification.objects.exclude(pk=oldest.pk).values_list("pk", flat=True)
    queue.enqueue(Identification, others)
    assert sweep().requeued == 1
    assert broker.sent()[0] == ("identify", str(oldest.pk))
    assert sweep().requeued == 0


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
    assert sweep().requeued == 8  # the oldest past everybody
    assert sweep().requeued == 0
    assert len(broker.sent()) == 8
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
    assert out.getvalue() == "Sent again: 1, ended as failed: 0.\n"
