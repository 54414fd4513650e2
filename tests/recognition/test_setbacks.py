"""What the place spoils is not charged to the photo, and what the photo spoils is."""

from __future__ import annotations

import datetime as dt
import errno
import os
import signal
from collections.abc import Callable

import pytest
from celery.exceptions import Reject, SoftTimeLimitExceeded
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml import bounded, imaging
from ml.errors import ArtifactMissing, DecoderKilled
from recognition import tasks
from recognition.models import Identification, User
from recognition.models.work import MAX_ATTEMPTS
from recognition.services.identification.answering import process, submit
from recognition.services.work import attempts, faults, queue
from tests.recognition.conftest import Broker, Meanwhile
from tests.recognition.fakes import Face, StripeRecognizer, photo

PHOTO = photo(Face(1))
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def row(user: User, recognizer: StripeRecognizer) -> Identification:
    return submit(user, [SimpleUploadedFile("one.png", PHOTO)]).accepted[0]


def fail_with(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


def make_due() -> None:
    Identification.objects.update(due_at=timezone.now())


PLACE = {
    "disk_full": FULL,
    "storage": OSError(errno.EIO, "Input/output error"),
    "memory": MemoryError(),
    "database": OperationalError("database is locked"),
    "model": ArtifactMissing("There is no model version in models/x.", "models/x"),
    "machine": OSError(errno.EMFILE, "Too many open files"),
    "killed": DecoderKilled("killed"),
}


@pytest.mark.parametrize("code", PLACE)
def test_a_fault_of_the_place_lasts_as_long_as_it_likes(
    row: Identification, meanwhile: Meanwhile, code: str
) -> None:
    meanwhile(fail_with(PLACE[code]))
    pauses = []
    for _ in range(3 * MAX_ATTEMPTS):
        make_due()
        process(row.pk)
        row.refresh_from_db()
        assert (row.status, row.waits_for, row.failures) == ("queued", code, 0)
        assert row.set_back_at is not None
        assert row.due_at is not None
        pauses.append(row.due_at - row.set_back_at)
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]
    meanwhile(lambda: None)
    make_due()
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_nobody_takes_a_photo_whose_pause_is_not_over(
    row: Identification, meanwhile: Meanwhile, recognizer: StripeRecognizer
) -> None:
    meanwhile(fail_with(FULL))
    process(row.pk)
    meanwhile(lambda: None)
    process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("queued", 1)


def test_once_a_photo_is_answered_those_that_wait_likewise_are_due(
    row: Identification, user: User, meanwhile: Meanwhile
) -> None:
    other = submit(user, [SimpleUploadedFile("other.png", PHOTO)]).accepted[0]
    meanwhile(fail_with(FULL))
    process(row.pk)
    process(other.pk)
    meanwhile(lambda: None)
    Identification.objects.filter(pk=row.pk).update(due_at=timezone.now())
    process(row.pk)
    process(other.pk)
    other.refresh_from_db()
    assert other.status == "done"


@pytest.mark.parametrize(
    ("error", "code", "understood"),
    [(RuntimeError(), "gave_up", False), (SoftTimeLimitExceeded(), "timed_out", True)],
)
def test_what_the_photo_spoils_three_times_ends_it_and_it_is_kept(
    row: Identification, meanwhile: Meanwhile, error: Exception, code: str, understood: bool
) -> None:
    meanwhile(fail_with(error))
    for _ in range(MAX_ATTEMPTS):
        make_due()
        if understood:
            process(row.pk)
        else:
            with pytest.raises(type(error)):
                process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code, row.failures) == ("failed", code, MAX_ATTEMPTS - 1)
    assert row.original.read() == PHOTO


def test_a_photo_that_took_too_long_is_tried_last_and_with_less_time(
    row: Identification, user: User, meanwhile: Meanwhile, broker: Broker
) -> None:
    meanwhile(fail_with(SoftTimeLimitExceeded()))
    process(row.pk)
    other = submit(user, [SimpleUploadedFile("other.png", PHOTO)]).accepted[0]
    queue.enqueue(Identification, [row.pk, other.pk])
    assert broker.sent() == [("identify", str(other.pk)), ("identify", str(row.pk))]
    assert broker.time_limits()[1] == [25, 15]


def test_a_time_limit_that_runs_out_while_decoding_is_no_damage(
    row: Identification, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starved(*_photo: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(imaging, "_opened", starved)
    process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.waits_for, bool(row.original)) == ("queued", "slow", True)


def test_a_file_that_is_not_read_in_time_is_the_fault_of_the_place(
    row: Identification, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object, **__: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(FileSystemStorage, "open", hang)
    process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.waits_for, row.failures) == ("queued", "storage", 0)


def test_whoever_kills_the_process_that_decodes_does_not_spoil_the_photo(
    row: Identification, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "AT_HAND", 0)
    decode = imaging.decode

    def killed(*args: object, **options: object) -> object:
        os.kill(os.getpid(), signal.SIGKILL)
        return decode(*args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as killer:
        killer.setattr(imaging, "decode", killed)
        process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.waits_for) == ("queued", "killed")
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_without_a_database_to_note_it_in_the_message_goes_back(
    row: Identification, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is this process's own, so that it is no worker that was lost."""
    meanwhile(fail_with(OperationalError("the server closed the connection")))
    monkeypatch.setattr(tasks, "PATIENCE", 0)
    with monkeypatch.context() as away:
        away.setattr(attempts, "set_back", lambda *_: fail_with(OperationalError("gone"))())
        with pytest.raises(Reject) as rejected:
            tasks.identify(str(row.pk))
    assert rejected.value.args[1] is True  # back to the broker
    meanwhile(lambda: None)
    process(row.pk, redelivered=True)
    row.refresh_from_db()
    assert (row.status, row.waits_for) == ("queued", "database")
    make_due()
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_a_photo_that_loses_its_worker_while_others_wait_is_put_off(
    row: Identification, user: User
) -> None:
    other = submit(user, [SimpleUploadedFile("other.png", PHOTO)]).accepted[0]
    assert row.claim()
    process(row.pk, redelivered=True)
    row.refresh_from_db()
    assert (row.status, row.waits_for) == ("queued", "killed")
    process(other.pk)
    make_due()
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_errors_are_told_apart() -> None:
    wrapped = RuntimeError("while storing")
    wrapped.__cause__ = FULL
    assert faults.of_place(wrapped) == "disk_full"
    assert faults.of_place(OperationalError("database or disk is full")) == "disk_full"
    assert faults.of_place(RuntimeError("std::bad_alloc")) == "memory"
    assert faults.of_place(OSError("image file is truncated")) == ""
    assert faults.of_place(ValueError("x")) == ""
    longest = faults.pause("killed", 1000)
    assert dt.timedelta(minutes=1) < longest <= dt.timedelta(minutes=5)


class TestTryingAgain:
    @pytest.fixture(autouse=True)
    def _failed(self, row: Identification, meanwhile: Meanwhile) -> None:
        meanwhile(fail_with(SoftTimeLimitExceeded()))
        for _ in range(MAX_ATTEMPTS):
            make_due()
            process(row.pk)
        meanwhile(lambda: None)

    def test_its_owner_has_a_button(
        self, row: Identification, user: User, login: Callable[[User], Client]
    ) -> None:
        client, address = login(user), reverse("identification_retry", args=[row.pk])
        page = reverse("identification", args=[row.pk])
        assert address in client.get(page).text
        assert client.post(address).headers["Location"] == page
        process(row.pk)
        assert address not in client.get(page).text
        row.refresh_from_db()
        assert (row.status, row.faces.count()) == ("done", 1)

    def test_nobody_else_has(
        self, row: Identification, reviewer: User, login: Callable[[User], Client]
    ) -> None:
        client, address = login(reviewer), reverse("identification_retry", args=[row.pk])
        assert address not in client.get(reverse("identification", args=[row.pk])).text
        assert client.post(address).status_code == 404

    def test_operators_have_one_for_all(
        self, row: Identification, operator: User, login: Callable[[User], Client]
    ) -> None:
        client = login(operator)
        assert "1 photo failed, and is kept" in client.get(reverse("status")).text
        client.post(reverse("retry_failed"))
        row.refresh_from_db()
        assert (row.status, row.failures, row.error_code) == ("queued", 0, "")

    def test_what_is_done_or_was_not_kept_stays_as_it_is(
        self, row: Identification, user: User, login: Callable[[User], Client]
    ) -> None:
        attempts.drop_inputs(row)
        login(user).post(reverse("identification_retry", args=[row.pk]))
        row.refresh_from_db()
        assert row.status == "failed"


def test_the_status_page_says_what_keeps_photos_waiting(
    row: Identification, meanwhile: Meanwhile, operator: User, login: Callable[[User], Client]
) -> None:
    meanwhile(fail_with(FULL))
    process(row.pk)
    page = login(operator).get(reverse("status")).text
    assert "1 photo waits to be tried again" in page
    assert "The disk is full." in page
