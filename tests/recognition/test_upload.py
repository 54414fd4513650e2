"""What happens to photos on their way in."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from ml.imaging import MAX_BYTES
from recognition.models import Identification, User
from recognition.services.identification.answering import submit
from recognition.services.work.queue import enqueue
from tests.ml.pictures import with_scans, with_size
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, photo

HTML = b"<html><body>not a photo</body></html>"


def upload(data: bytes, name: str = "photo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_a_photo_is_stored_and_waits(user: User, media: Path) -> None:
    data = photo(Face(1))
    submission = submit(user, [upload(data, "holiday.png")])
    row = Identification.objects.get()
    assert submission.accepted == (row,)
    assert (row.user, row.batch, row.filename) == (user, submission.batch, "holiday.png")
    assert row.status == "queued"
    assert row.original.read() == data


def test_a_name_that_turns_around_what_follows_is_set_straight(user: User, media: Path) -> None:
    name = "\N{RIGHT-TO-LEFT OVERRIDE}gpj.\N{ARABIC LETTER MEEM}.png"
    (row,) = submit(user, [upload(photo(Face(1)), name)]).accepted
    assert row.filename == "gpj.\N{ARABIC LETTER MEEM}.png"


def test_only_the_id_is_sent_and_only_after_the_commit(
    user: User,
    media: Path,
    broker: Broker,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as committed:
        submission = submit(user, [upload(photo(Face(1))), upload(photo(Face(2)))])
    assert broker.sent() == []
    for callback in committed:
        callback()
    assert broker.sent() == [("identify", str(row.pk)) for row in submission.accepted]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (HTML, "unreadable_image"),
        (b"%PDF-1.7", "unreadable_image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unreadable_image"),
    ],
    ids=["empty", "html", "pdf", "svg"],
)
def test_a_file_that_is_no_photo_is_refused_by_name_and_the_others_go_on(
    user: User, media: Path, data: bytes, code: str
) -> None:
    submission = submit(user, [upload(data, "odd.jpg"), upload(photo(Face(1)), "good.jpg")])
    assert [refused.filename for refused in submission.refused] == ["odd.jpg"]
    assert submission.refused[0].code == code
    assert [row.filename for row in submission.accepted] == ["good.jpg"]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x89PNG\r\n\x1a\n" + HTML, "damaged_image"), (photo(Face(1))[:20], "cut_short")],
)
def test_a_photo_whose_header_is_damaged_is_not_called_something_else(
    user: User, media: Path, data: bytes, code: str
) -> None:
    (refused,) = submit(user, [upload(data)]).refused
    assert refused.code == code


def test_a_file_over_the_limit_is_refused_with_limit_and_size(user: User, media: Path) -> None:
    (refused,) = submit(user, [upload(photo(Face(1)) + bytes(MAX_BYTES))]).refused
    assert refused.code == "image_too_large"
    assert refused.params["limit"] == MAX_BYTES
    assert refused.params["actual"] > MAX_BYTES
    assert refused.params["unit"] == "bytes"


def test_a_file_that_lies_about_its_size_is_not_read_beyond_the_limit(
    user: User, media: Path
) -> None:
    file = upload(photo(Face(1)) + bytes(3 * MAX_BYTES))
    file.size = 1
    (refused,) = submit(user, [file]).refused
    assert refused.params["actual"] == MAX_BYTES + 1


def test_a_photo_with_too_many_pixels_is_refused_with_limit_and_size(
    user: User, media: Path, login: Callable[[User], Client]
) -> None:
    header = bytearray(photo(Face(1)))
    header[16:24] = (50_000).to_bytes(4) + (50_000).to_bytes(4)
    header[29:33] = crc32(header[12:29]).to_bytes(4)
    (refused,) = submit(user, [upload(bytes(header))]).refused
    assert refused.code == "image_too_large"
    pixels = {"unit": "pixels", "limit": 65_000_000, "actual": 50_000**2}
    assert refused.params == pixels
    client = login(user)
    client.post(reverse("upload"), {"photos": upload(bytes(header))})
    page = client.get(reverse("upload")).text
    assert "This photo has 2500 megapixels; in its format the limit is 65." in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (with_scans(5000, 5000, 500), "Save it again as an ordinary JPEG"),
        (with_size("PNG", 1, 24_999_999), "Cut it into parts"),
    ],
)
def test_a_photo_that_would_cost_the_worker_too_much_is_refused_at_once(
    user: User, media: Path, login: Callable[[User], Client], data: bytes, sentence: str
) -> None:
    client = login(user)
    client.post(reverse("upload"), {"photos": upload(data)})
    assert sentence in client.get(reverse("upload")).text
    assert not Identification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_file_is_left_when_the_rows_cannot_be_stored(media: Path) -> None:
    with pytest.raises(IntegrityError):
        submit(User(pk=10**6), [upload(photo(Face(1)))])
    assert [path for path in media.rglob("*") if path.is_file()] == []


@pytest.mark.django_db
class TestConnection:
    """To the broker, for the messages about uploads."""

    def opened(self, broker: Broker) -> int:
        return int(broker.redis.info("stats")["total_connections_received"])

    def test_it_is_kept_from_one_upload_to_the_next(self, broker: Broker) -> None:
        assert enqueue(Identification, [uuid4()]) == 1
        before = self.opened(broker)
        assert enqueue(Identification, [uuid4(), uuid4()]) == 2
        assert self.opened(broker) == before
        assert len(broker.sent()) == 3

    def test_one_that_the_broker_has_closed_loses_no_message(self, broker: Broker) -> None:
        assert enqueue(Identification, [uuid4()]) == 1
        assert broker.redis.client_kill_filter(_type="normal", skipme=True)
        assert enqueue(Identification, [uuid4()]) == 1
        assert len(broker.sent()) == 2

    def test_one_that_was_idle_for_long_is_not_trusted(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("facesite.broker.KEPT", 0)
        assert enqueue(Identification, [uuid4()]) == 1
        before = self.opened(broker)
        assert enqueue(Identification, [uuid4()]) == 1
        assert self.opened(broker) > before


def test_an_upload_of_twenty_photos_does_not_wait_for_a_broker_that_is_down(
    user: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    started = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        submission = submit(user, [upload(photo(Face(n))) for n in range(1, 21)], uuid4())
    assert time.monotonic() - started < 2
    assert Identification.objects.filter(status="queued", batch=submission.batch).count() == 20
