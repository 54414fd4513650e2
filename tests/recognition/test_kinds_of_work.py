"""A kind of work is one class: whoever adds one touches nothing else."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection, models
from django.utils import timezone

from recognition.models import QueuedWork, Status
from recognition.models.work import MAX_ATTEMPTS, Kind
from recognition.services.photos import orphans
from recognition.services.site import status
from recognition.services.site.sweeping import FORGOTTEN_AFTER, Swept, sweep
from recognition.services.work import attempts, queue
from tests.recognition.conftest import Broker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recognizer")]
LONG_AGO = dt.timedelta(hours=1)


@shared_task(name="tests.stamp")
def stamp(stamp_id: str) -> None:
    model: Any = apps.all_models["recognition"]["stamp"]
    attempts.attempt(model, stamp_id, _stamp)


def _stamp(row: QueuedWork) -> None:
    if attempts.still_ours(row).update(status=Status.DONE, finished_at=timezone.now()):
        attempts.drop_inputs(row)


@pytest.fixture
def kind() -> Iterator[Any]:
    """Another kind of work, for as long as a test takes."""

    class Stamp(QueuedWork):
        kind = Kind("tests.stamp", stale_after=dt.timedelta(minutes=7))
        inputs = ("letter",)

        letter = models.FileField(upload_to=lambda _row, _name: f"letters/{uuid.uuid4()}")
        envelope = models.FileField(upload_to=lambda _row, _name: f"envelopes/{uuid.uuid4()}")

        class Meta:
            app_label = "recognition"

    with connection.schema_editor() as editor:
        editor.create_model(Stamp)
    yield Stamp
    with connection.schema_editor() as editor:
        editor.delete_model(Stamp)
    del apps.all_models["recognition"]["stamp"]
    apps.clear_cache()


def stored(kind: Any, **fields: Any) -> Any:
    row = kind(**fields)
    row.letter.save("", ContentFile(b"a letter"), save=False)
    row.envelope.save("", ContentFile(b"an envelope"), save=False)
    row.save()
    return row


def files(row: Any) -> tuple[bool, bool]:
    return Path(row.letter.path).exists(), Path(row.envelope.path).exists()


def test_it_is_queued_under_the_name_of_its_task_and_done(kind: Any, broker: Broker) -> None:
    row = stored(kind)
    queue.enqueue_on_commit(kind, [row.pk])
    assert broker.sent() == [("stamp", str(row.pk))]
    stamp(str(row.pk))
    row.refresh_from_db()
    assert row.status == Status.DONE
    assert not row.letter


def test_what_only_the_work_needs_goes_once_it_is_done(kind: Any) -> None:
    row = stored(kind)
    stamp(str(row.pk))
    assert files(row) == (False, True)


def test_its_files_go_with_the_row(kind: Any) -> None:
    row = stored(kind)
    kind.objects.all().delete()
    assert files(row) == (False, False)


def test_files_that_no_row_of_it_names_go_and_the_others_stay(kind: Any) -> None:
    left, kept = stored(kind), stored(kind)
    for field in (left.letter, left.envelope, kept.letter, kept.envelope):
        os.utime(field.path, (0, 0))
    kind.objects.filter(pk=left.pk)._raw_delete("default")
    assert orphans.remove() == 2
    assert files(left) == (False, False)
    assert files(kept) == (True, True)


def test_a_lost_one_is_sent_again_and_a_hopeless_one_ends(kind: Any, broker: Broker) -> None:
    now = timezone.now()
    lost = stored(kind, created_at=now - 2 * FORGOTTEN_AFTER)
    running = {"status": Status.RUNNING, "claimed_at": now - dt.timedelta(minutes=5)}
    slow = stored(kind, **running, failures=MAX_ATTEMPTS - 1, set_back_at=now - LONG_AGO)
    assert sweep() == Swept(requeued=1, failed=0)
    assert broker.sent() == [("stamp", str(lost.pk))]
    kind.objects.filter(pk=slow.pk).update(claimed_at=now - LONG_AGO)
    stamp(str(lost.pk))
    assert sweep() == Swept(requeued=0, failed=1)
    slow.refresh_from_db()
    assert (slow.status, slow.error_code) == (Status.FAILED, "gave_up")
    assert slow.letter


def test_the_status_page_counts_it(kind: Any, broker: Broker) -> None:
    before = status.site().progress.waiting
    stored(kind)
    assert status.site().progress.waiting == before + 1
