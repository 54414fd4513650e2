"""Which model is in service, how it is proved sound, and what happens when it is not."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import OperationalError
from pytest_django import Settings

from ml import artifact, weights
from ml.errors import ArtifactDamaged, ArtifactError, ArtifactMissing, ArtifactTooOld
from ml.versions import default
from recognition.models import AuditEvent, ModelVersion, Person
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import identify_photo
from recognition.services.promotion.serving import install_default
from recognition.services.versions import predictors, registry
from recognition.services.versions.registry import problem

BIN = "serving/model.bin"
DEMO = Path(__file__).resolve().parents[2] / "demo"


@pytest.fixture
def models(packaged_model: Path, tmp_path: Path, settings: Settings) -> Path:
    """A `models` folder of this test alone."""
    settings.MODELS_DIR = tmp_path / "models"
    return Path(shutil.copytree(packaged_model, tmp_path / "models"))


@pytest.fixture
def version(db: None, models: Path, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    """The packaged model, in service and not loaded yet."""
    monkeypatch.setattr(predictors, "_loaded", None)
    return install_default(lambda _step: None)


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_the_packaged_model_goes_into_service_where_there_is_none(version: ModelVersion) -> None:
    assert (version.name, version.state) == (default.VERSION, "active")
    assert version.embedding_size == 128
    assert version.activated_at is not None
    assert AuditEvent.objects.get().action == "model.activated"
    assert problem() is None


def test_a_damaged_detector_is_a_problem_that_installing_anew_mends(
    version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights.weights_path.cache_clear()
    monkeypatch.setitem(weights.SHA256, weights.YUNET, "0" * 64)
    found = problem()
    assert found is not None
    assert Path(found.path).name == weights.YUNET
    (warning,) = run_checks()
    assert weights.YUNET in warning.msg
    assert warning.hint == "Run: make clean install"


def test_installing_twice_changes_nothing(version: ModelVersion, models: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}
    assert install_default(lambda _step: None) == version
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*")} == before
    assert ModelVersion.objects.count() == AuditEvent.objects.count() == 1


def test_installing_the_packaged_model_does_not_push_another_out_of_service(
    db: None, models: Path
) -> None:
    mine = ModelVersion.objects.create(
        name="mine", digest="1" * 64, embedding_size=64, state=ModelVersion.State.ACTIVE
    )
    assert install_default(lambda _step: None).state == "candidate"
    assert registry.active() == mine


def build_by_copying(packaged_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What installing builds, without the half minute that it takes."""

    def build(models_dir: Path, _progress: object) -> Path:
        shutil.copytree(packaged_model, models_dir, dirs_exist_ok=True)
        return models_dir / default.VERSION

    monkeypatch.setattr(default, "install", build)


def test_a_damaged_model_is_mended_by_installing_it_again(
    version: ModelVersion, models: Path, packaged_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_by_copying(packaged_model, monkeypatch)
    flip_a_bit(models / version.name / BIN)
    assert problem() is not None
    call_command("install_model", stdout=StringIO())
    assert problem() is None


def test_one_of_an_older_format_is_made_anew_with_all_of_its_templates(
    version: ModelVersion, models: Path, packaged_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_by_copying(packaged_model, monkeypatch)
    photo = (DEMO / "people" / "Mei_Tanaka" / "0.jpg").read_bytes()
    face, _ = enrol_photo(Person(name="Mei Tanaka"), photo, "0.jpg")
    (template,) = face.templates.all()
    face.templates.update(embedding=bytes(512))
    manifest = models / version.name / artifact.MANIFEST
    values = json.loads(manifest.read_text()) | {"format": artifact.FORMAT - 1}
    manifest.write_text(json.dumps(values))
    assert isinstance(problem(), ArtifactTooOld)
    call_command("install_model", stdout=StringIO())
    assert problem() is None
    (anew,) = face.templates.all()
    assert bytes(anew.embedding) == bytes(template.embedding)
    version.refresh_from_db()
    assert version.state == "active"
    (found,) = identify_photo(photo).faces
    assert found[1].decision == "match"


@pytest.mark.slow
def test_the_packaged_model_can_be_built_again(version: ModelVersion, models: Path) -> None:
    shutil.rmtree(models)
    assert problem() is not None
    call_command("install_model", stdout=StringIO())
    assert problem() is None
    call_command("install_model", "--force", stdout=StringIO())
    assert problem() is None


@pytest.mark.parametrize("name", ["manifest.json", "model.keras", BIN, "calibration.json"])
def test_a_missing_file_is_named(version: ModelVersion, models: Path, name: str) -> None:
    (models / version.name / name).unlink()
    found = problem()
    assert isinstance(found, ArtifactMissing)
    assert found.path == str(models / version.name / name)


def test_a_single_flipped_bit_is_found_and_its_file_named(
    version: ModelVersion, models: Path
) -> None:
    assert problem() is None
    flip_a_bit(models / version.name / BIN)
    found = problem()
    assert isinstance(found, ArtifactDamaged)
    assert found.path == str(models / version.name / BIN)


def test_a_folder_that_has_been_exchanged_is_found(version: ModelVersion, models: Path) -> None:
    reseal(models / version.name)
    assert isinstance(problem(), ArtifactDamaged)


def test_files_are_hashed_only_when_they_have_changed(
    version: ModelVersion, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem()

    def never(_path: Path) -> str:
        raise AssertionError

    monkeypatch.setattr(artifact, "sha256", never)
    assert problem() is None
    (models / version.name / BIN).touch()
    with pytest.raises(AssertionError):
        problem()


def warnings() -> list[tuple[str, str | None]]:
    found = run_checks()
    return [(each.msg, each.hint) for each in found if str(each.id).startswith("recognition.")]


def test_the_system_check_names_the_file_and_the_command(
    version: ModelVersion, models: Path
) -> None:
    assert warnings() == []
    (models / version.name / BIN).unlink()
    ((message, hint),) = warnings()
    assert str(models / version.name / BIN) in message
    assert hint == "Run: python manage.py install_model"


def test_the_system_check_says_that_no_model_is_installed(db: None) -> None:
    ((message, hint),) = warnings()
    assert message.startswith("The model, or a file of it, is not there: ")
    assert hint == "Run: python manage.py install_model"


def test_the_system_check_is_silent_before_the_first_migration(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_table() -> None:
        raise OperationalError("no such table: recognition_modelversion")

    monkeypatch.setattr(registry, "active", no_table)
    assert warnings() == []


def test_the_recogniser_is_loaded_once_however_many_threads_ask(
    version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "require_active", lambda: version)
    with ThreadPoolExecutor(6) as pool:
        loaded = set(pool.map(lambda _: id(predictors.active()), range(12)))
    assert len(loaded) == 1


def test_after_a_promotion_the_next_question_goes_to_the_new_model(
    version: ModelVersion, models: Path
) -> None:
    before = predictors.active()
    shutil.copytree(models / version.name, models / "next")
    manifest = reseal(models / "next")
    ModelVersion.objects.update(state=ModelVersion.State.RETIRED)
    following = ModelVersion.objects.create(
        name="next", digest=manifest.digest, embedding_size=128, state=ModelVersion.State.ACTIVE
    )
    after = predictors.active()
    assert after.version == following
    assert after.recognizer is not before.recognizer


def test_a_version_that_came_back_as_another_row_is_that_row(version: ModelVersion) -> None:
    """As after a restore beside a running worker: same files, same time, another number."""
    before = predictors.active()
    ModelVersion.objects.update(id=version.pk + 100)
    after = predictors.active()
    assert after.version.pk == version.pk + 100
    assert after.recognizer is before.recognizer


def reseal(folder: Path) -> artifact.Manifest:
    """Make another, equally sound version of the one in `folder`."""
    path = folder / "calibration.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    manifest = artifact.read_manifest(folder)
    (folder / artifact.MANIFEST).unlink()
    return artifact.seal(folder, manifest)


def test_a_damaged_model_is_never_loaded(version: ModelVersion, models: Path) -> None:
    flip_a_bit(models / version.name / BIN)
    with pytest.raises(ArtifactDamaged):
        predictors.active()
    with pytest.raises(ArtifactError):
        predictors.active()
