"""The gallery in files: a start that reads no template, and nothing in them that should be gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from recognition.models import (
    EnrolledFace,
    GalleryChange,
    GalleryRevision,
    ModelVersion,
    Person,
    Purpose,
)
from recognition.services.gallery import memory, snapshots
from recognition.services.privacy import erasure, keys
from tests.factories import agreed
from tests.recognition.fakes import StripeRecognizer
from tests.recognition.test_gallery import enrol, nearest, sizes


@pytest.fixture
def ten(
    recognizer: StripeRecognizer,
    version: ModelVersion,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ModelVersion:
    """A version under which ten are enrolled. From now on that is enough for a snapshot, and six
    changes for the next one."""
    settings.DATA_DIR = tmp_path
    for number in range(1, 11):
        enrol(f"Person {number}", number)
    monkeypatch.setattr(memory, "_MANY", 5)
    return version


@pytest.fixture
def stored(ten: ModelVersion) -> ModelVersion:
    assert started_again(ten) == (10, 10)
    return ten


def started_again(version: ModelVersion) -> tuple[int, int]:
    """As of a process that starts."""
    memory._followed.clear()
    return sizes(version)


def templates_read(action: Callable[[], object]) -> int:
    return len(read_by(action))


def read_by(action: Callable[[], object]) -> list[str]:
    """The queries for templates."""
    with CaptureQueriesContext(connection) as captured:
        action()
    queries = (query["sql"] for query in captured.captured_queries)
    return [query for query in queries if 'FROM "recognition_template"' in query]


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "gallery").rglob("*.npy"))


def bytes_of(face: EnrolledFace) -> bytes:
    return bytes(face.templates.get().embedding)


def test_a_process_that_starts_reads_no_template_and_answers_the_same(stored: ModelVersion) -> None:
    before = [nearest(stored, number) for number in range(1, 11)]
    assert templates_read(lambda: started_again(stored)) == 0
    assert [nearest(stored, number) for number in range(1, 11)] == before


def test_what_has_changed_since_is_followed(stored: ModelVersion) -> None:
    erasure.remove_person(Person.objects.get(name="Person 3"), None)
    face = enrol("Somebody new", 200)
    assert templates_read(lambda: started_again(stored)) == 1
    assert sizes(stored) == (10, 10)
    assert nearest(stored, 200) == face.person_id


def test_after_many_changes_the_next_one_takes_its_place(
    stored: ModelVersion, tmp_path: Path
) -> None:
    (first,) = (tmp_path / "gallery").iterdir()
    another_process = memory._Followed(stored)
    for number in range(11, 17):
        enrol(f"Person {number}", number)
    assert sizes(stored) == (16, 16)
    (second,) = (tmp_path / "gallery").iterdir()
    assert first != second
    assert templates_read(lambda: started_again(stored)) == 0
    another_process.follow()
    assert another_process.gallery.templates == 16
    assert another_process.changed == 0
    assert [second] == list((tmp_path / "gallery").iterdir())


@pytest.mark.django_db(transaction=True)
def test_an_erasure_leaves_nothing_in_it(stored: ModelVersion, tmp_path: Path) -> None:
    face = EnrolledFace.objects.get(person__name="Person 3")
    theirs = bytes_of(face)
    assert theirs in files(tmp_path)
    erasure.remove_person(face.person, None)
    assert theirs not in files(tmp_path)
    assert started_again(stored) == (9, 9)


def test_whoever_follows_an_erasure_overwrites_it_on_their_machine(
    stored: ModelVersion, tmp_path: Path
) -> None:
    face = EnrolledFace.objects.get(person__name="Person 3")
    theirs = bytes_of(face)
    erasure.remove_face(face, None)  # elsewhere: in here nothing is committed
    assert theirs in files(tmp_path)
    assert sizes(stored) == (9, 9)
    assert theirs not in files(tmp_path)


def test_who_agreed_for_a_time_leaves_it_when_that_is_over(
    ten: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = EnrolledFace.objects.get(person__name="Person 3")
    agreed(face.person, Purpose.RECOGNITION, expires_at=timezone.now() + dt.timedelta(days=1))
    assert started_again(ten) == (10, 10)
    theirs = bytes_of(face)
    assert theirs in files(tmp_path)
    tomorrow = timezone.now() + dt.timedelta(days=2)
    monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
    assert started_again(ten) == (9, 9)
    assert theirs not in files(tmp_path)


def test_a_site_that_encrypts_has_none(
    stored: ModelVersion, settings: Settings, tmp_path: Path
) -> None:
    settings.ENCRYPT, settings.ENCRYPTION_KEYS = True, (b"k" * 32,)
    keys.rotate(lambda _done, _total: None)
    assert started_again(stored) == (10, 10)
    assert files(tmp_path) == b""


def test_another_gallery_s_is_not_taken(stored: ModelVersion, settings: Settings) -> None:
    GalleryRevision.objects.update(revision=1)  # a database of before
    GalleryChange.objects.all().delete()
    assert templates_read(lambda: started_again(stored)) == 1
    settings.REQUIRE_CONSENT = True
    assert started_again(stored) == (0, 0)


def test_after_very_many_changes_everything_is_read(stored: ModelVersion) -> None:
    with memory.changing() as changes:
        changes.again((face, 1) for face in range(1000, 1008))  # of whom nobody is there by now
    (before,) = read_by(lambda: started_again(stored))
    assert "IN (1000" not in before
    assert read_by(lambda: started_again(stored)) == []


def test_a_version_that_comes_back_is_read_afresh(stored: ModelVersion) -> None:
    stored.activated_at = timezone.now()
    assert templates_read(lambda: started_again(stored)) == 1


def test_a_spoilt_one_is_made_anew(stored: ModelVersion, tmp_path: Path) -> None:
    (file,) = (tmp_path / "gallery").rglob("embeddings.npy")
    file.write_bytes(file.read_bytes()[:100])
    assert started_again(stored) == (10, 10)
    assert templates_read(lambda: started_again(stored)) == 0


def test_where_there_is_no_room_the_gallery_stays_in_memory(
    ten: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: Path, _needed: int) -> None:
        raise OSError("no room")

    monkeypatch.setattr(snapshots, "require_room", full)
    assert started_again(ten) == (10, 10)
    assert files(tmp_path) == b""
