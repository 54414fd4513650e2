from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ml import artifact
from ml.errors import (
    ArtifactDamaged,
    ArtifactMissing,
    ArtifactTooNew,
    ArtifactTooOld,
    KerasFormMissing,
)
from ml.inference import engine
from tests.sites import python

MANIFEST = artifact.Manifest("v1", "sface", 112, 128, "2026-01-01T00:00:00+00:00")


def fill(directory: Path, text: str = "x") -> None:
    (directory / "serving").mkdir()
    for name in MANIFEST.required:
        (directory / name).write_text(text + name)


@pytest.fixture
def version(tmp_path: Path) -> Path:
    with artifact.writing(tmp_path, "v1") as directory:
        fill(directory)
        artifact.seal(directory, MANIFEST)
    return tmp_path / "v1"


def test_a_version_reads_back_as_it_was_sealed(version: Path) -> None:
    manifest = artifact.check(version)
    assert (manifest.version, manifest.architecture) == ("v1", "sface")
    assert set(manifest.files) == set(MANIFEST.required)
    assert len(manifest.digest) == 64


@pytest.mark.parametrize("name", MANIFEST.required)
def test_one_changed_byte_is_found(version: Path, name: str) -> None:
    path = version / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactDamaged) as caught:
        artifact.check(version)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("name", MANIFEST.required)
def test_a_missing_file_is_named(version: Path, name: str) -> None:
    (version / name).unlink()
    with pytest.raises(ArtifactMissing) as caught:
        artifact.check(version, hashes=False)
    assert caught.value.path == str(version / name)


@pytest.mark.parametrize("name", ["model2.keras", "serving/other.bin", "report/page.html"])
def test_a_file_that_the_manifest_does_not_know_is_found(version: Path, name: str) -> None:
    path = version / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    with pytest.raises(ArtifactDamaged) as caught:
        artifact.check(version, hashes=False)
    assert caught.value.path == str(path)


def test_what_a_file_manager_left_does_no_harm(version: Path) -> None:
    (version / "serving" / ".DS_Store").write_text("x")
    (version / "Thumbs.db").write_text("x")
    artifact.check(version)


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", f'{{"format": {artifact.FORMAT}}}', '{"format": "x"}', DEEP]
)
def test_a_manifest_that_is_none_is_damaged(version: Path, text: str) -> None:
    (version / artifact.MANIFEST).write_text(text)
    with pytest.raises(ArtifactDamaged):
        artifact.read_manifest(version)


def test_an_older_format_is_told_from_damage(version: Path) -> None:
    values = json.loads((version / artifact.MANIFEST).read_text(encoding="utf-8"))
    values |= {"format": artifact.FORMAT - 1}
    (version / artifact.MANIFEST).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ArtifactTooOld):
        artifact.check(version)


def test_a_version_that_does_not_say_what_it_answers_by_answers_by_gallery(version: Path) -> None:
    values = json.loads((version / artifact.MANIFEST).read_text(encoding="utf-8"))
    del values["answers_by"], values["open_set"]
    (version / artifact.MANIFEST).write_text(json.dumps(values), encoding="utf-8")
    manifest = artifact.check(version)
    assert (manifest.answers_by, manifest.open_set) == ("gallery", False)


@pytest.mark.parametrize("name", [artifact.LABELS, artifact.CLASSES])
def test_what_answers_by_its_classes_needs_to_know_them(version: Path, name: str) -> None:
    (version / artifact.MANIFEST).unlink()
    for there in {artifact.LABELS, artifact.CLASSES} - {name}:
        (version / there).write_text("{}")
    artifact.seal(version, replace(MANIFEST, answers_by="classes"))
    with pytest.raises(ArtifactMissing, match=name):
        artifact.check(version)


def test_what_answers_by_something_else_is_damaged(version: Path) -> None:
    text = (version / artifact.MANIFEST).read_text(encoding="utf-8")
    (version / artifact.MANIFEST).write_text(text.replace('"gallery"', '"guessing"'))
    with pytest.raises(ArtifactDamaged, match="guessing"):
        artifact.check(version)


def test_a_newer_format_is_told_from_damage(version: Path) -> None:
    values = json.loads((version / artifact.MANIFEST).read_text())
    values |= {"format": artifact.FORMAT + 1, "something": "new"}
    (version / artifact.MANIFEST).write_text(json.dumps(values))
    with pytest.raises(ArtifactTooNew):
        artifact.check(version)


def test_no_version_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing):
        artifact.check(tmp_path / "nothing")


def test_a_failure_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with artifact.writing(tmp_path, "v1") as directory:
            fill(directory)
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, pathlib, signal, sys
from ml import artifact
with artifact.writing(pathlib.Path(sys.argv[1]), "v1") as directory:
    (directory / "model.keras").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path) -> None:
    python("-c", KILLED, str(tmp_path))
    (left,) = tmp_path.iterdir()
    assert left.name != "v1"
    with artifact.writing(tmp_path, "v1") as beside:
        assert not left.exists()
        with artifact.writing(tmp_path, "v1") as another:
            assert beside.exists()  # somebody is at work on it
            for directory in (beside, another):
                fill(directory)
                artifact.seal(directory, MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_an_incomplete_version_is_not_renamed_into_place(tmp_path: Path) -> None:
    def write() -> None:
        with artifact.writing(tmp_path, "v1") as directory:
            fill(directory)
            artifact.seal(directory, MANIFEST)
            (directory / artifact.CALIBRATION).unlink()

    with pytest.raises(ArtifactMissing):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_version_is_replaced_whole(version: Path) -> None:
    (version / artifact.KERAS_MODEL).write_text("damaged")
    with artifact.writing(version.parent, "v1") as directory:
        fill(directory, "new")
        artifact.seal(directory, MANIFEST)
    assert artifact.check(version).version == "v1"
    assert [path.name for path in version.parent.iterdir()] == ["v1"]


def test_the_default_model_is_complete(version_dir: Path, tmp_path: Path) -> None:
    manifest = artifact.check(version_dir)
    assert (manifest.architecture, manifest.embedding_size) == ("sface", 128)
    damaged = tmp_path / "copy"
    shutil.copytree(version_dir, damaged)
    (damaged / artifact.SERVING_MODEL).write_text("<html>")
    with pytest.raises(ArtifactDamaged):
        artifact.check(damaged)


def test_an_imported_version_has_no_form_for_keras(version: Path) -> None:
    (version / artifact.KERAS_MODEL).unlink()
    (version / artifact.MANIFEST).unlink()
    artifact.seal(version, replace(MANIFEST, keras=False))
    assert not artifact.check(version).keras
    with pytest.raises(KerasFormMissing, match="v1 was imported and has no form for Keras"):
        engine.load("keras", version)
