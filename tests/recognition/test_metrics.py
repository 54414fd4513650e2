"""The figures of the site: who may read them, what is counted, and where it is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from facesite import counting
from recognition.models import Identification, User
from recognition.services.identification.answering import process, submit
from recognition.services.site import metrics
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

TOKEN = "correct horse battery staple"
ELSEWHERE = "192.0.2.1"
DURATION = counting.REQUEST_SECONDS
Read = dict[tuple[str, ...], float]


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    counting._start_afresh()
    yield
    counting._start_afresh()


def read(client: Client) -> Read:
    """Values by the name of the sample and its labels in the order of their names."""
    text = client.get("/metrics").text
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class TestWhoMayRead:
    """None of them needs an account."""

    pytestmark = pytest.mark.django_db

    def test_this_machine(self, client: Client) -> None:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
        assert client.post("/metrics").status_code == 405

    @pytest.mark.parametrize("address", [ELSEWHERE, "10.0.0.7", "", "no address"])
    def test_nobody_else(
        self, client: Client, address: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == 403
        assert len(caplog.messages) == 1

    @pytest.mark.parametrize(
        ("given", "status"),
        [
            (f"Bearer {TOKEN}", 200),
            (f"Bearer {TOKEN}x", 403),
            (f"Bearer {TOKEN[:-1]}", 403),
            (TOKEN, 403),
            ("Bearer ", 403),
            ("Bearer é", 403),
        ],
    )
    def test_whoever_has_the_token(
        self, client: Client, settings: Settings, given: str, status: int
    ) -> None:
        settings.METRICS_TOKEN = TOKEN
        asked = client.get("/metrics", REMOTE_ADDR=ELSEWHERE, headers={"Authorization": given})
        assert asked.status_code == status

    def test_no_token_is_not_an_empty_one(self, client: Client) -> None:
        asked = client.get("/metrics", REMOTE_ADDR=ELSEWHERE, headers={"Authorization": "Bearer "})
        assert asked.status_code == 403


class TestCounts:
    def test_those_of_all_processes_are_added_up(self, broker: Broker) -> None:
        for seconds in (0.004, 0.005, 0.3, 60):
            DURATION.add("history", seconds=seconds)
        counting.hand_over()
        counting._start_afresh()  # as another process
        DURATION.add("history", seconds=0.002)
        name = DURATION.name
        assert counting.totals() == {
            (name, "history", "0.005"): 3,
            (name, "history", "0.5"): 1,
            (name, "history", "+Inf"): 1,
            (name, "history", "sum"): pytest.approx(60.311),
        }

    def test_what_the_broker_does_not_take_is_kept(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as away:
            away.setattr("facesite.counting.broker.connection", failing)
            counting.FACES.add("match")
            assert counting.totals() is None
        counting.FACES.add("match")
        assert counting.totals() == {("faces", "match"): 2}

    def test_a_copy_of_a_process_counts_nothing_twice(self) -> None:
        counting.FACES.add("match")
        child = os.fork()
        if not child:
            os._exit(len(counting._seen))
        assert os.waitpid(child, 0)[1] == 0
        assert len(counting._seen) == 1


def failing() -> None:
    raise OSError


@pytest.mark.django_db
def test_an_answered_photo_and_a_refused_one_are_counted(
    user: User, recognizer: StripeRecognizer, broker: Broker, client: Client
) -> None:
    two = photo(Face(1), Face(2))
    files = [("two.png", two), ("damaged.png", two[:-40])]
    for row in submit(user, [SimpleUploadedFile(*file) for file in files]).accepted:
        process(row.pk)
    client.get("/nothing/")
    found = read(client)
    assert found["facesite_faces_total", "unknown"] == 2
    assert found["facesite_attempts_total", "done", "", "identification"] == 1
    assert found["facesite_attempts_total", "rejected", "damaged_image", "identification"] == 1
    for stage in ("queue", "decode", "detect", "align", "embed", "search", "write", "total"):
        assert found["facesite_stage_seconds_count", stage] == 1
        assert found["facesite_stage_seconds_bucket", "+Inf", stage] == 1
    assert found["facesite_requests_total", "GET", "none", "4xx"] == 1


@pytest.mark.django_db
def test_what_waits_is_told_by_kind_of_work(user: User, broker: Broker, client: Client) -> None:
    for name in "ab":
        Identification.objects.create(user=user, filename=name)
    found = read(client)
    assert found["facesite_queue_length", "queued", "identification"] == 2
    assert found["facesite_queue_length", "queued", "comparison"] == 0
    assert 0 < found["facesite_queue_oldest_seconds", "queued", "identification"] < 60


@pytest.mark.django_db
def test_what_can_be_told_is_told_while_database_and_broker_are_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no broker in this test."""

    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("recognition.services.versions.registry.active", away)
    found = read(client)
    assert (found["facesite_database_up",], found["facesite_broker_up",]) == (0, 0)
    assert found["facesite_disk_free_bytes",] > 0


@pytest.mark.django_db
def test_a_large_site_costs_no_more_questions(user: User) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            metrics.stored()
        return len(queries)

    before = asked()
    for number in range(20):
        Identification.objects.create(user=user, filename=str(number))
    assert asked() == before
