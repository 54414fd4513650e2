"""A model version is made on one machine and fetched by the others, whole or not at all."""

from __future__ import annotations

import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_django import Settings

from facesite.bucket import Bucket
from facesite.storage import kept
from ml import artifact
from ml.errors import ArtifactDamaged, ArtifactMissing
from recognition.models import ModelVersion
from recognition.services.promotion.serving import install_default
from recognition.services.versions import registry, sharing
from tests.servers import keep_in, relay

pytestmark = pytest.mark.slow
BIN = "serving/model.bin"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "PAUSE", 0.0)


@pytest.fixture
def here(packaged_model: Path, tmp_path: Path, settings: Settings) -> Path:
    settings.MODELS_DIR = tmp_path / "models"
    return Path(shutil.copytree(packaged_model, tmp_path / "models"))


@pytest.fixture
def version(db: None, bucket: None, here: Path) -> ModelVersion:
    """The packaged model, which the machine that made it has shared."""
    return install_default(lambda _step: None)


@pytest.fixture
def elsewhere(version: ModelVersion, tmp_path: Path, settings: Settings) -> Path:
    """The folder of another machine, which has no version yet."""
    settings.MODELS_DIR = tmp_path / "elsewhere"
    return tmp_path / "elsewhere"


def shared(name: str) -> str:
    (found,) = [one for one in kept().elsewhere() if one.endswith(f"/{name}")]
    return found


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != ".fetching"]


def test_another_machine_fetches_what_was_made(
    here: Path, version: ModelVersion, elsewhere: Path
) -> None:
    registry.verify(version)
    made, fetched = here / version.name, elsewhere / version.name
    assert artifact.check(fetched) == artifact.check(made)


def test_whoever_needs_it_at_once_fetches_it_once(
    version: ModelVersion, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    copy = Bucket.copy

    def counted(storage: Bucket, name: str, target: Path) -> None:
        asked.append(name)
        copy(storage, name, target)

    monkeypatch.setattr(Bucket, "copy", counted)
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(sharing.fetch, [version] * 4))
    assert len(asked) == len(set(asked)) == len(artifact.check(elsewhere / version.name).files) + 1


def test_what_is_damaged_here_is_fetched_again(version: ModelVersion, here: Path) -> None:
    (here / version.name / BIN).write_bytes(b"not the weights")
    registry.verify(version)
    artifact.check(here / version.name)


def test_what_is_not_what_was_registered_is_refused_until_it_is(
    version: ModelVersion, elsewhere: Path
) -> None:
    name = shared(BIN)
    sound = kept().raw(name)
    kept().put(name, io.BytesIO(sound[:-1] + b"\0"))
    with pytest.raises(ArtifactMissing):
        registry.verify(version)
    assert left(elsewhere) == []
    kept().put(name, io.BytesIO(sound))
    registry.verify(version)


def test_another_version_in_its_place_is_refused(version: ModelVersion, elsewhere: Path) -> None:
    name = shared(artifact.MANIFEST)
    changed = kept().raw(name).replace(b'"model.keras": "', b'"model.keras": "0')
    kept().put(name, io.BytesIO(changed))
    with pytest.raises(ArtifactMissing):
        registry.verify(version)
    assert left(elsewhere) == []


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_server_that_goes_in_the_midst_leaves_nothing_and_it_is_fetched_later(
    version: ModelVersion, elsewhere: Path, settings: Settings, s3: str, size: int
) -> None:
    whole = f"http://key:secret@{s3}/{settings.S3.name}/site"
    with relay(s3, cut_after=size) as cut:
        keep_in(f"http://key:secret@{cut}/{settings.S3.name}/site", settings)
        with pytest.raises(ArtifactMissing):
            registry.verify(version)
    assert left(elsewhere) == []
    keep_in(whole, settings)
    registry.verify(version)


def test_a_machine_that_is_alone_looks_for_nothing_elsewhere(
    db: None, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = install_default(lambda _step: None)
    (here / version.name / BIN).write_bytes(b"not the weights")
    with pytest.raises(ArtifactDamaged):
        registry.verify(version)
    assert not (here / ".fetching").exists()
