from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from recognition.models import Identification, Person, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from tests.recognition.backup.archives import empty_place
from tests.recognition.fakes import Face, StripeRecognizer, photo


@pytest.fixture(autouse=True)
def answered(
    transactional_db: None,
    user: User,
    recognizer: StripeRecognizer,
    settings: Settings,
    tmp_path: Path,
) -> Identification:
    """Somebody enrolled, one photo answered, one that waits, and the files of a model version."""
    settings.MODELS_DIR = tmp_path / "models"
    Path(settings.MODELS_DIR, "stripes", "serving").mkdir(parents=True)
    Path(settings.MODELS_DIR, "stripes", "serving", "model.bin").write_bytes(b"weights")
    enrol_photo(Person(name="Анна\u2028Каренина"), photo(Face(1)), "ann.png")
    row = submit(user, [SimpleUploadedFile("one.png", photo(Face(1, shot=1)))]).accepted[0]
    process(row.pk)
    submit(user, [SimpleUploadedFile("waiting.png", photo(Face(2)))])
    row.refresh_from_db()
    return row


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "site.tar"


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    return lambda: empty_place(settings, tmp_path)
