from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ml import weights
from ml.errors import WeightsMissing
from ml.inference.engine import KerasEngine, OpenVINOEngine, load
from ml.inference.recognizer import Recognizer
from ml.types import Floats, Image
from tests.ml.conftest import DEMO, GROUPS, photo
from tests.sites import python


@pytest.fixture(scope="module")
def crops(recognizer: Recognizer) -> Image:
    """Sixteen aligned faces."""
    paths = sorted((DEMO / "people").glob("*/[01].jpg"))[:16]
    faces = [recognizer.recognize(photo(str(path))).faces[0] for path in paths]
    return np.stack([face.crop for face in faces])


@pytest.fixture(scope="module")
def reference(version_dir: Path, crops: Image) -> Floats:
    """What the Keras model itself computes."""
    return KerasEngine.load(version_dir).embed(crops)


def test_the_keras_network_computes_what_the_source_network_does(
    crops: Image, reference: Floats
) -> None:
    """OpenCV reads and runs the packaged file by code of its own."""
    source = cv2.dnn.readNetFromONNX(str(weights.weights_path(weights.SFACE)))
    for crop, embedding in zip(crops, reference, strict=True):
        source.setInput(crop[None].transpose(0, 3, 1, 2).astype(np.float32), "data")
        output = source.forward()[0]
        np.testing.assert_allclose(embedding, output / np.linalg.norm(output), atol=1e-4)


def test_openvino_in_full_precision_agrees_with_keras(
    version_dir: Path, crops: Image, reference: Floats
) -> None:
    """What is left is the rounding of the weights to float16."""
    served = OpenVINOEngine.load(version_dir, precision="f32").embed(crops)
    np.testing.assert_allclose(served, reference, atol=2e-3)
    assert np.einsum("nd,nd->n", served, reference).min() > 0.9999


def test_openvino_as_it_serves_agrees_with_keras(
    version_dir: Path, crops: Image, reference: Floats
) -> None:
    served = OpenVINOEngine.load(version_dir).embed(crops)
    assert np.einsum("nd,nd->n", served, reference).min() >= 0.999
    np.testing.assert_allclose(np.linalg.norm(served, axis=1), 1, atol=1e-5)


CHANGED = """
import signal, sys
from pathlib import Path
from ml.inference.engine import OpenVINOEngine

first, second = (OpenVINOEngine.load(Path(sys.argv[1])) for _ in range(2))
del first
del second
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.raise_signal(signal.SIGUSR1)
"""


def test_a_process_that_has_changed_its_network_survives_a_signal(version_dir: Path) -> None:
    assert python("-c", CHANGED, str(version_dir)).returncode == 0


def test_a_face_is_embedded_alike_alone_and_in_company(
    recognizer: Recognizer, crops: Image
) -> None:
    seven = crops[:7]
    together = recognizer.embed(seven)
    alone = np.concatenate([recognizer.embed(crop[None]) for crop in seven])
    assert np.einsum("nd,nd->n", together, alone).min() > 0.9999


def test_an_unknown_engine_is_named(version_dir: Path) -> None:
    with pytest.raises(ValueError, match="'torch'"):
        load("torch", version_dir)


def test_faces_of_a_group_come_from_left_to_right(recognizer: Recognizer) -> None:
    result = recognizer.recognize(photo("photos/groups/3.jpg"))
    assert len(result.faces) == len(GROUPS["3.jpg"])
    places = [face.detected.box.x for face in result.faces]
    assert places == sorted(places)
    assert set(result.milliseconds) == {"detect", "align", "embed"}


def test_a_photo_without_a_face_has_no_faces(recognizer: Recognizer) -> None:
    assert recognizer.recognize(np.zeros((300, 400, 3), np.uint8)).faces == ()


def test_weights_of_another_release_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.weights_path.cache_clear()
    monkeypatch.setitem(weights.SHA256, weights.SFACE, "0" * 64)
    with pytest.raises(WeightsMissing, match="not the file"):
        weights.weights_path(weights.SFACE)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.weights_path.cache_clear()
    monkeypatch.setattr(weights, "PACKAGE", "no-such-package")
    with pytest.raises(WeightsMissing, match="no-such-package"):
        weights.weights_path(weights.SFACE)
