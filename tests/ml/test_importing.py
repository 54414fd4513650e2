"""Networks that were trained elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from ml import artifact
from ml.calibration import Calibration
from ml.errors import ImportRefused, Unwritable
from ml.evaluation.datasets import draw_pairs, read_people
from ml.inference.engine import OpenVINOEngine
from ml.inference.recognizer import Recognizer
from ml.types import Image
from ml.versions import onnx
from ml.versions.checking import Evidence, Places
from ml.versions.convention import Convention, served
from ml.versions.importing import LARGEST, METRICS, Imported, Network
from ml.versions.importing import import_network as import_
from ml.weights import SFACE, weights_path
from tests.ml import networks
from tests.ml.conftest import DEMO
from tests.ml.networks import averages, sface

Bring = Callable[..., Imported]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    people = read_people(DEMO / "people")
    return Evidence(draw_pairs(people), people, {"data": "demo"})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def bring(tmp_path: Path, version_dir: Path, cache: Path, evidence: Evidence) -> Bring:
    """Import a file into the folder `models` of the test."""

    def bring(file: Path, **convention: object) -> Imported:
        network = Network(file, "mine", Convention(**convention))  # type: ignore[arg-type]
        return import_(network, evidence, Places(tmp_path / "models", cache, version_dir))

    return bring


def agreement(mine: Path, version_dir: Path, crops: Image) -> float:
    """The smallest cosine with the built-in network."""
    one, other = (OpenVINOEngine.load(folder).embed(crops) for folder in (mine, version_dir))
    return float((one * other).sum(axis=1).min())


@pytest.mark.slow
def test_the_packaged_file_becomes_the_packaged_network(
    tmp_path: Path, version_dir: Path, bring: Bring, crops: Image
) -> None:
    """Its calibration is carried over, since so few people are too few to fit one to."""
    imported = bring(weights_path(SFACE))
    manifest = artifact.check(tmp_path / "models" / "mine")
    assert manifest == imported.manifest
    assert (manifest.architecture, manifest.embedding_size) == ("imported", 128)
    assert not manifest.keras
    assert agreement(tmp_path / "models" / "mine", version_dir, crops) > 0.999
    assert imported.metrics["verification"]["accuracy"] > 0.97
    told = json.loads((tmp_path / "models" / "mine" / METRICS).read_text(encoding="utf-8"))
    assert told["verification"] == imported.metrics["verification"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]
    calibration = Recognizer.load(tmp_path / "models" / "mine").calibration
    assert calibration.source.keys() == {"data", "people", "carried_over"}
    assert not imported.metrics["calibration"]["fitted"]


@pytest.mark.parametrize(
    ("change", "given"),
    [
        (networks.channels_last, {}),
        (networks.any_batch, {}),
        (networks.pixels_as_they_come, {"scale": (128.0,)}),
        (networks.colours_reversed, {"channels": "bgr", "mean": (0.0,), "scale": (1.0, 1.0, 1.0)}),
        (networks.also_its_length, {"output": "fc1"}),
    ],
)
def test_what_a_network_takes_is_read_or_given(
    tmp_path: Path,
    version_dir: Path,
    crops: Image,
    change: Callable[..., None],
    given: dict[str, Any],
) -> None:
    network = onnx.read(sface(tmp_path / "network.onnx", change))
    (tmp_path / "serving").mkdir()
    prepared = served(network, Convention(**given).as_read(network))
    ov.save_model(prepared, str(tmp_path / artifact.SERVING_MODEL))
    assert agreement(tmp_path, version_dir, crops) > 0.999


@pytest.mark.slow
def test_another_size_of_embedding_is_read(tmp_path: Path, bring: Bring, crops: Image) -> None:
    imported = bring(sface(tmp_path / "network.onnx", networks.wider(512)))
    assert imported.manifest.embedding_size == 512
    recognizer = Recognizer.load(tmp_path / "models" / "mine")
    assert recognizer.embed(crops).shape == (len(crops), 512)
    assert recognizer.calibration.anchors.shape[1] == 512


def empty(path: Path) -> Path:
    path.touch()
    return path


def text(path: Path) -> Path:
    path.write_text("<html>Sign in to download this model</html>", encoding="utf-8")
    return path


def cut_off(path: Path) -> Path:
    whole = weights_path(SFACE).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def huge(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    return path


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path, "There is no file"),
        (a_folder, "There is no file"),
        (lambda path: text(path.with_suffix(".h5")), "cannot be imported; what can ends in .onnx."),
        (empty, "is not an ONNX network that can be run"),
        (text, "is not an ONNX network that can be run"),
        (cut_off, "is not an ONNX network that can be run"),
        (huge, "has 1.0 GiB; the largest network has 1 GiB."),
        (
            lambda path: averages(path, ("N", 3, 160, 160)),
            "[N×3×160×160], not RGB crops",
        ),
        (
            lambda path: averages(path, ("N", 1, 112, 112)),
            "[N×1×112×112], not RGB crops",
        ),
        (lambda path: averages(path, ("N", 112, 3, 112)), "[N×112×3×112], not RGB crops"),
        (lambda path: averages(path, inputs=2), "takes 2 inputs (crops_0, crops_1), not one"),
        (
            lambda path: averages(path, size=8),
            "answers with 8 numbers for a crop; an",
        ),
        (lambda path: averages(path, size=85_742), "answers with 85,742 numbers for a crop"),
        (networks.pictures, "answers with 37,632 numbers for a crop"),
        (lambda path: averages(path, weight=0.0), "The network answers with nothing but zeros."),
        (
            lambda path: averages(path, weight=float("nan")),
            "The network answers with what is not a number.",
        ),
        (averages, "It tells nobody apart: "),
        (
            lambda path: sface(path, networks.also_its_length),
            "has several outputs; name the one that embeds with --output: fc1, length.",
        ),
    ],
)
def test_what_is_no_such_network_is_refused_in_one_sentence(
    tmp_path: Path, bring: Bring, make: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(ImportRefused) as caught:
        bring(make(tmp_path / "network.onnx"))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    models = tmp_path / "models"
    assert not models.exists() or not list(models.iterdir())


def test_an_output_that_is_not_there_is_named(tmp_path: Path, bring: Bring) -> None:
    with pytest.raises(ImportRefused, match=r"has no output “fc2”; .* --output: fc1"):
        bring(weights_path(SFACE), output="fc2")


def test_the_reserve_of_the_disk_is_not_used(
    tmp_path: Path, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.files.free", lambda _folder: 1_000_000)
    with pytest.raises(Unwritable, match=r"There is no room in .* stay free for the site"):
        bring(weights_path(SFACE))
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.slow
def test_enough_people_are_fitted_to(
    tmp_path: Path, version_dir: Path, cache: Path, shared_data: Path
) -> None:
    folders = read_people(shared_data / "faces105")
    people = {name: folders[name][:4] for name in sorted(folders)[:82]}
    evidence = Evidence(draw_pairs(people), people, {"data": "faces105"})
    network = Network(weights_path(SFACE), "mine", Convention())
    imported = import_(network, evidence, Places(tmp_path / "models", cache, version_dir))
    assert imported.metrics["calibration"] == {"data": "faces105", "people": 82, "fitted": True}
    found = Calibration.load(tmp_path / "models" / "mine" / artifact.CALIBRATION)
    shares, scores = np.array(found.tail).T
    assert list(shares) == sorted(shares, reverse=True)
    assert list(scores) == sorted(scores)
