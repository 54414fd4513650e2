"""A network that was trained elsewhere is imported, tried, put into service and taken back."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from ml.weights import SFACE, weights_path
from recognition.models import AuditEvent, ModelVersion, Person, Status, Template, Trial, User
from recognition.presenters.architectures import titled
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification import answering
from recognition.services.promotion import serving, trials
from recognition.services.versions import importing, predictors, registry
from tests.ml.networks import averages, sface, wider
from tests.sites import ROOT

SIZE = 256
DEMO = ROOT / "demo"
PEOPLE = ("Jonas_Weber", "Mei_Tanaka", "Leila_Rahimi")


@pytest.fixture(autouse=True)
def _nothing_loaded() -> Iterator[None]:
    yield
    predictors._loaded = None


@pytest.fixture
def models(active_model: ModelVersion, media: Path, settings: Settings) -> Iterator[Path]:
    """The folder of the versions, which is as before after the test."""
    place = Path(settings.MODELS_DIR)
    before = set(place.iterdir())
    yield place
    for made in set(place.iterdir()) - before:
        shutil.rmtree(made)


def brought(file: Path, *options: str) -> dict[str, Any]:
    out = StringIO()
    command = ("import_network", str(file), "--name", "mine", "--json", *options)
    call_command(*command, stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("import_network", *arguments, stdout=StringIO(), stderr=StringIO())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def answer(user: User) -> tuple[str, str]:
    """The version that answers a photo of the first of the people, and whom it finds likeliest. A
    calibration carried over on so few people is strict about naming anybody."""
    photo = DEMO / "photos" / "people" / PEOPLE[0] / "4.jpg"
    file = SimpleUploadedFile(photo.name, photo.read_bytes())
    (row,) = answering.submit(user, [file]).accepted
    answering.process(row.pk)
    row.refresh_from_db()
    assert row.model_version is not None
    likeliest = row.faces.get().candidates.earliest("rank")
    return row.model_version.name, likeliest.person.name


@pytest.mark.slow
def test_it_is_tried_put_into_service_and_taken_back(
    models: Path, tmp_path: Path, operator: User, client: Client, settings: Settings
) -> None:
    for name in PEOPLE:
        person = Person.objects.create(name=name)
        for photo in sorted((DEMO / "people" / name).iterdir()):
            enrol_photo(person, photo.read_bytes(), photo.name)
    assert answer(operator) == ("sface-2021dec", PEOPLE[0])

    found = brought(sface(tmp_path / "network.onnx", wider(SIZE)))
    assert (found["version"], found["state"], found["embedding_size"]) == (
        "mine",
        "candidate",
        SIZE,
    )
    assert found["verification"]["accuracy"] > 0.97
    version = ModelVersion.objects.get(name="mine")
    assert (version.gate, version.embedding_size, titled(version.architecture)) == (
        {},
        SIZE,
        "Trained elsewhere",
    )
    assert not (models / "mine" / "model.keras").exists()
    assert AuditEvent.objects.filter(action="model.imported", subject_id=version.pk).exists()
    out = StringIO()
    call_command("model_versions", "--json", stdout=out)
    listed = json.loads(out.getvalue())["versions"]
    assert [one["name"] for one in listed] == ["sface-2021dec", "mine"]
    client.force_login(operator)
    page = client.get(reverse("model_version", args=["mine"])).content.decode()
    assert "network.onnx" in page
    assert "12 people from people" in page

    photo = DEMO / "photos" / "people" / PEOPLE[0] / "4.jpg"
    file = SimpleUploadedFile(photo.name, photo.read_bytes())
    trial = trials.request(version, operator, file)
    trials.process(trial.pk)
    tried = Trial.objects.get(pk=trial.pk)
    assert (tried.status, set(tried.answers)) == (Status.DONE, {"mine", "sface-2021dec"})

    settings.ENGINE = "keras"
    with pytest.raises(serving.PromotionRefused, match="model_without_keras"):
        serving.serve(version, operator)
    settings.ENGINE = "openvino"
    serving.serve(version, operator)
    sizes = {len(row.embedding) // 4 for row in Template.objects.filter(model_version=version)}
    assert sizes == {SIZE}
    assert answer(operator) == ("mine", PEOPLE[0])
    settings.ENGINE = "keras"
    problem = registry.problem()
    assert problem is not None
    assert "mine was imported and has no form for Keras; it answers with" in str(problem)
    assert registry.mending_command(problem) == "python manage.py rollback"
    settings.ENGINE = "openvino"

    assert serving.rollback(operator).name == "sface-2021dec"
    assert answer(operator) == ("sface-2021dec", PEOPLE[0])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--name", "Моя сеть"], "A name is up to 80 small letters, digits and hyphens"),
        (["--name", "sface-2021dec"], "There is a “sface-2021dec” already."),
        (["--name", "x", "--pairs", "pairs.txt"], "--pairs needs --data DIR"),
        (["--name", "x", "--mean", "1,2"], "--mean is one number, or one for each of the three"),
        (["--name", "x", "--scale", "0"], "--scale must not be 0."),
        (["--name", "x", "--data", "/nowhere"], "There is no folder /nowhere."),
    ],
)
def test_a_mistake_is_answered_in_one_sentence(
    models: Path, options: list[str], sentence: str
) -> None:
    assert sentence in refused(str(weights_path(SFACE)), *options)


def test_what_is_refused_leaves_nothing(models: Path, tmp_path: Path) -> None:
    before = sorted(models.rglob("*"))
    said = refused(str(averages(tmp_path / "network.onnx")), "--name", "mine")
    assert said.startswith("It tells nobody apart: ")
    assert sorted(models.rglob("*")) == before
    assert not ModelVersion.objects.filter(name="mine").exists()


def test_two_imports_at_once_are_one_too_many(models: Path) -> None:
    descriptor = os.open(models, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    said = refused(str(weights_path(SFACE)), "--name", "mine")
    os.close(descriptor)
    assert said == "Another network is being imported; wait until that is done."


def test_without_a_model_in_service_it_says_how_to_get_one(db: None) -> None:
    said = refused(str(weights_path(SFACE)), "--name", "mine")
    assert said.endswith("Run: python manage.py install_model")


@pytest.mark.slow
def test_what_the_database_does_not_take_leaves_no_folder(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "record", record)
    said = refused(str(weights_path(SFACE)), "--name", "mine")
    assert said == "Stopped. Nothing was imported."
    assert not (models / "mine").exists()
    assert not ModelVersion.objects.filter(name="mine").exists()
