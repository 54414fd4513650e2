from __future__ import annotations

import numpy as np
import pytest

from ml.alignment import align
from ml.detection import Detector
from ml.inference.recognizer import Recognizer
from ml.occlusion import CELLS, Region, heat, strongest
from ml.types import Floats, Image
from tests.ml.conftest import photo


def brightness_of_the_eyes(crops: Image) -> Floats:
    """Embeddings of two numbers: how bright the eyes are, and a rest."""
    bright = crops[:, 40:64, 16:96].mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, np.sqrt(1 - bright**2)], axis=1).astype(np.float32)


def test_what_the_embedding_looks_at_is_found() -> None:
    crop = np.zeros((112, 112, 3), np.uint8)
    crop[40:64, 16:96] = 255
    falls = heat(crop, np.array([1, 0], np.float32), brightness_of_the_eyes)
    assert falls.shape == (CELLS, CELLS)
    assert strongest(falls) == Region.EYES
    assert falls[:2].max() == pytest.approx(0)


@pytest.mark.parametrize("name", ["Mei_Tanaka", "Kwame_Boateng"])
def test_in_a_face_that_is_recognised_its_middle_decides(
    recognizer: Recognizer, detector: Detector, name: str
) -> None:
    enrolled, probe = (photo(f"people/{name}/{number}.jpg") for number in (0, 1))
    template = recognizer.recognize(enrolled).faces[0].embedding
    (found,) = detector.detect(probe)
    falls = heat(align(probe, found.landmarks), template, recognizer.embed)
    assert falls[4:12, 3:11].mean() > 1.5 * max(falls[0].mean(), falls[:, 0].mean(), 0)
