"""A candidate answers one photo beside the version in service, and nobody's history has it."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from ml.errors import ArtifactDamaged
from recognition import tasks
from recognition.models import Identification, ModelVersion, Person, Trial, User
from recognition.models.work import STALE_AFTER
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.promotion import trials
from recognition.services.site import sweeping
from recognition.services.versions import predictors, registry
from recognition.services.work import processes
from tests.recognition.conftest import Broker
from tests.recognition.fakes import SIZE, CropRecognizer, Face, photo

pytestmark = pytest.mark.usefixtures("gallery_of_two")


@pytest.fixture
def candidate(db: None) -> ModelVersion:
    return ModelVersion.objects.create(name="better", digest="1" * 64, embedding_size=SIZE)


@pytest.fixture
def gallery_of_two(version: ModelVersion, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(version: ModelVersion) -> predictors.Predictor:
        return predictors.Predictor(version, CropRecognizer(version.name))  # type: ignore[arg-type]

    monkeypatch.setattr(predictors, "_loaded", None)
    monkeypatch.setattr(predictors, "load", load)
    monkeypatch.setattr(registry, "verify", lambda _version: None)
    for number, name in enumerate(("Ann", "Ben"), start=1):
        enrol_photo(Person(name=name), photo(Face(number)), "photo.png")


def submit(candidate: ModelVersion, operator: User, data: bytes = photo(Face(2, 9))) -> Trial:
    return trials.request(candidate, operator, SimpleUploadedFile("photo.png", data))


def test_both_versions_answer_in_galleries_of_their_own(
    candidate: ModelVersion, operator: User, media: Path
) -> None:
    trial = submit(candidate, operator, photo(Face(2, 9), Face(7)))
    trials.process(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.width, trial.height) == ("done", 180, 80)
    assert set(trial.answers) == {"better", "stripes"}
    ann, ben = (Person.objects.get(name=name).pk for name in ("Ann", "Ben"))
    for faces in trial.answers.values():
        assert [(face["decision"], face["person"]) for face in faces] == [
            ("match", ben),
            ("unknown", None),
        ]
        assert [one["person"] for one in faces[0]["candidates"]] == [ben, ann]
    assert candidate.templates.count() == 2
    assert ModelVersion.objects.get(name="better").state == "candidate"
    assert not Identification.objects.exists()
    assert not trial.original
    assert Path(trial.photo.path).is_file()


def test_what_is_no_photo_is_rejected_at_once(candidate: ModelVersion, operator: User) -> None:
    trial = submit(candidate, operator, b"no photo")
    assert (trial.status, trial.error_code) == ("rejected", "unreadable_image")
    assert not trial.original


def test_a_photo_that_turns_out_to_be_damaged_is_rejected(
    candidate: ModelVersion, operator: User
) -> None:
    trial = submit(candidate, operator, photo(Face(2))[:-40])
    trials.process(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.error_code) == ("rejected", "damaged_image")


def test_a_candidate_whose_files_are_damaged_cannot_be_tried(
    candidate: ModelVersion, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = predictors.load

    def damaged(version: ModelVersion) -> predictors.Predictor:
        if version == candidate:
            raise ArtifactDamaged("…", "models/better")
        return load(version)

    trial = submit(candidate, operator)
    monkeypatch.setattr(predictors, "load", damaged)
    trials.process(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.error_code) == ("failed", "model_damaged")


def test_a_trial_is_answered_once_however_often_it_is_asked_for(
    candidate: ModelVersion, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = submit(candidate, operator)
    call_command("trial", str(trial.pk))
    first = Trial.objects.get()
    trials.process(trial.pk)
    trials.process("00000000-0000-0000-0000-000000000000")
    assert Trial.objects.get().finished_at == first.finished_at


def test_a_process_that_was_taken_for_dead_writes_nothing_more(
    candidate: ModelVersion, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = submit(candidate, operator)
    recognize = CropRecognizer.recognize

    def slowly(self: CropRecognizer, image: object) -> object:
        Trial.objects.update(attempts=2)
        return recognize(self, image)  # type: ignore[arg-type]

    monkeypatch.setattr(CropRecognizer, "recognize", slowly)
    trials.process(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.answers) == ("running", {})
    assert trial.original


def test_a_process_of_its_own_answers_and_a_lost_one_is_started_again(
    candidate: ModelVersion,
    operator: User,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(processes, "start", lambda *words, **_: started.append(words))
    with django_capture_on_commit_callbacks(execute=True):
        trial = submit(candidate, operator)
    assert broker.sent("training") == [("train_trial", str(trial.pk))]
    tasks.train_trial(str(trial.pk))
    assert started == [("trial", str(trial.pk))]
    broker.redis.flushall()
    trial.claim()
    Trial.objects.update(claimed_at=timezone.now() - 2 * STALE_AFTER)
    assert sweeping.sweep().requeued == 1
    assert broker.sent("training") == [("train_trial", str(trial.pk))]
    trials.process(trial.pk)
    tasks.train_trial(str(trial.pk))
    assert len(started) == 1


def test_the_photo_goes_with_its_row(
    candidate: ModelVersion,
    operator: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    trial = submit(candidate, operator)
    trials.process(trial.pk)
    trial.refresh_from_db()
    path = Path(trial.photo.path)
    with django_capture_on_commit_callbacks(execute=True):
        trial.delete()
    assert not path.exists()


def test_a_trial_of_yesterday_is_dropped_with_its_files(
    candidate: ModelVersion,
    operator: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    answered, waiting, fresh = (submit(candidate, operator) for _ in range(3))
    trials.process(answered.pk)
    answered.refresh_from_db()
    old = Path(answered.photo.path), Path(waiting.original.path)
    assert all(path.is_file() for path in old)
    yesterday = timezone.now() - trials.KEPT_FOR - dt.timedelta(seconds=1)
    Trial.objects.exclude(pk=fresh.pk).update(created_at=yesterday)
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.tidy()
    assert list(Trial.objects.all()) == [fresh]
    assert not any(path.exists() for path in old)
    assert Path(fresh.original.path).is_file()


def test_while_nobody_takes_messages_a_trial_is_not_sent_again_and_again(
    candidate: ModelVersion, operator: User, broker: Broker
) -> None:
    submit(candidate, operator)
    Trial.objects.update(created_at=timezone.now() - 2 * sweeping.FORGOTTEN_AFTER)
    assert [sweeping.sweep().requeued for _ in range(3)] == [1, 0, 0]
    assert len(broker.sent("training")) == 1


def test_an_older_site_loses_its_trials_with_the_names_in_them_and_their_files(
    candidate: ModelVersion, operator: User, media: Path
) -> None:
    answered, waiting = (submit(candidate, operator) for _ in range(2))
    trials.process(answered.pk)
    answered.refresh_from_db()
    files = Path(answered.photo.path), Path(waiting.original.path)
    assert all(path.is_file() for path in files)
    migration = import_module("recognition.migrations.0004_promotion_attempts")
    migration.drop_trials(apps, SimpleNamespace(connection=connection))
    assert not Trial.objects.exists()
    assert not any(path.exists() for path in files)
