"""What is told to whoever looks after the site: no account, and nothing about anybody."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from threading import Event

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from facesite import pulse, space
from recognition.models import Identification, User
from recognition.services.identification.answering import submit
from recognition.services.site import health, status
from recognition.services.work import broker as broker_service
from tests.factories import make_user
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

PARTS = ("database", "broker", "worker", "model", "disk")
ALL_WELL = {"ready": True, **dict.fromkeys(PARTS, "ok")}


@pytest.fixture
def well(place: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_work_goes_on", lambda: True)
    monkeypatch.setattr(health, "_model", lambda: "ok")


@pytest.fixture
def place(broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(broker_service, "a_worker_answers", lambda: True)
    monkeypatch.setattr(space, "free", lambda: 2**40)
    monkeypatch.setattr(pulse, "folder", lambda: tmp_path)


def ready(client: Client) -> tuple[int, dict[str, object]]:
    response = client.get("/readyz")
    return response.status_code, response.json()


@pytest.mark.usefixtures("well")
def test_a_site_in_order_is_ready(client: Client) -> None:
    assert ready(client) == (200, ALL_WELL)


def test_that_it_is_alive_is_told_without_a_database_and_to_any_host(
    client: Client, settings: Settings
) -> None:
    """There is none in this test. Who asks by a number, over plain HTTP, need not know more."""
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/healthz", headers={"Host": "10.0.0.7:8000"})
    assert (response.status_code, response.json()) == (200, {"alive": True})
    assert response.headers["Cache-Control"] == "no-store"
    assert client.post("/healthz").status_code == 405


@pytest.mark.usefixtures("well")
def test_what_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> bool:
        raise DatabaseError("gone")

    monkeypatch.setattr(health, "_work_goes_on", away)
    without = {"ready": False, "database": "away", "model": "unknown"}
    assert ready(client) == (503, {**ALL_WELL, **without})


@pytest.mark.usefixtures("well")
def test_a_database_that_hangs_takes_one_thread_and_no_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = Event()
    monkeypatch.setattr(health, "_work_goes_on", lambda: goes_on.wait(60))
    monkeypatch.setattr(health, "PATIENCE", 0.2)
    try:
        for _ in range(3):
            assert ready(client)[0] == 503
        assert len(health._asking._threads) == 1
    finally:
        goes_on.set()
    monkeypatch.setattr(health, "PATIENCE", 60)
    assert ready(client)[0] == 200


@pytest.mark.usefixtures("well")
def test_without_a_worker_it_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_service, "a_worker_answers", lambda: False)
    assert ready(client) == (503, {**ALL_WELL, "ready": False, "worker": "away"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("place")
def test_without_a_model_it_is_not_ready_and_its_worker_is_not_to_blame(client: Client) -> None:
    long_ago = timezone.now() - 2 * status.STANDSTILL_AFTER
    Identification.objects.create(user=make_user("user"), created_at=long_ago)
    assert status.progress().stands_still
    assert ready(client) == (503, {**ALL_WELL, "ready": False, "model": "model_missing"})


@pytest.mark.usefixtures("well")
def test_a_worker_that_is_silent_is_stuck(client: Client, tmp_path: Path) -> None:
    sign = tmp_path / f"child-{os.getpid()}-{socket.gethostname()}"
    sign.touch()
    assert ready(client)[0] == 200
    long_ago = time.time() - pulse.SILENT_AFTER - 5
    os.utime(sign, (long_ago, long_ago))
    assert ready(client) == (503, {**ALL_WELL, "ready": False, "worker": "stuck"})


@pytest.mark.usefixtures("well")
def test_signs_of_processes_that_have_ended_count_for_nothing(
    client: Client, tmp_path: Path
) -> None:
    gone, elsewhere = tmp_path / f"web-{2**22 - 1}-{socket.gethostname()}", tmp_path / "web-1-other"
    for path in (gone, elsewhere):
        path.touch()
        os.utime(path, (1, 1))
    assert ready(client)[0] == 200
    assert not gone.exists()
    assert not elsewhere.exists()


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(("free", "disk", "code"), [(2**28, "low", 200), (2**20, "full", 503)])
def test_room_on_the_disk(
    client: Client, monkeypatch: pytest.MonkeyPatch, free: int, disk: str, code: int
) -> None:
    monkeypatch.setattr(space, "free", lambda: free)
    status_code, found = ready(client)
    assert (status_code, found["disk"]) == (code, disk)


def test_room_is_told_in_the_log_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for free in (2**40, 2**28, 2**28, 2**20, 2**40):
        monkeypatch.setattr(space, "free", lambda free=free: free)
        space.note_changes()
    assert [record.args[0] for record in caplog.records] == ["low", "full", "ok"]  # type: ignore[index]


def test_nobody_is_named(
    user: User, recognizer: StripeRecognizer, well: None, client: Client
) -> None:
    submit(user, [SimpleUploadedFile("Ada Lovelace.png", photo(Face(1)))])
    told = client.get("/readyz").text
    assert user.username not in told
    assert "Ada" not in told
    assert set(json.loads(told)) == set(ALL_WELL)


@pytest.mark.django_db
def test_the_status_page_shows_who_was_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pulse, "folder", lambda: tmp_path)
    now = timezone.now().timestamp()
    noted = [
        {"part": part, "why": why, "at": now}
        for part, why in (("web", "ended"), ("child", "silent"))
    ]
    (tmp_path / "restarts").write_text(json.dumps(noted))
    assert [(one.part, one.why) for one in status.site().restarts] == [
        ("child", "silent"),
        ("web", "ended"),
    ]
    (tmp_path / "restarts").write_text("{")
    assert status.site().restarts == ()
