"""Faces in photos that are much larger than what the detector looks at in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml import views
from ml.detection import Detector
from ml.types import Image
from tests.ml.conftest import DEMO, photo

PEOPLE = sorted(folder.name for folder in (DEMO / "people").iterdir())
Place = tuple[int, int]


def portrait(name: str, side: int) -> Image:
    how = cv2.INTER_AREA if side < 384 else cv2.INTER_CUBIC
    image = cv2.resize(photo(f"people/{name}/0.jpg"), (side, side), interpolation=how)
    return np.asarray(image, np.uint8)


def scene(width: int, height: int, portraits: Iterable[tuple[Place, Image]]) -> Image:
    """Portraits, each around its place, on grey."""
    image = np.full((height, width, 3), 125, np.uint8)
    for (x, y), part in portraits:
        left, top = x - len(part) // 2, y - len(part) // 2
        image[top : top + len(part), left : left + len(part)] = part
    return image


def assert_found_once(detector: Detector, image: Image, places: Sequence[Place]) -> None:
    """One face at each place, and no other."""
    boxes = [face.box for face in detector.detect(image)]
    assert len(boxes) == len(places)
    for x, y in places:
        middles = [(box.x + box.width / 2 - x, box.y + box.height / 2 - y) for box in boxes]
        distances = np.hypot(*np.transpose(middles))
        assert distances.min() < boxes[int(distances.argmin())].width / 2


def test_small_faces_of_a_photo_of_24_megapixels_are_found(detector: Detector) -> None:
    """Faces of some 55 pixels."""
    places = [(465 + 1600 * column, 565 + 1300 * row) for row in range(3) for column in range(4)]
    parts = [portrait(name, 130) for name in PEOPLE]
    image = scene(6000, 4000, zip(places, parts, strict=True))
    assert_found_once(detector, image, places)


def test_the_faces_of_a_panorama_are_found(detector: Detector) -> None:
    places = [(450 + 820 * number, 600 + 20 * (number % 2)) for number in range(24)]
    parts = [portrait(name, 230) for name in PEOPLE * 2]
    image = scene(20_000, 1_200, zip(places, parts, strict=True))
    assert_found_once(detector, image, places)


@pytest.mark.parametrize(
    ("side", "offset"), [(100, -100), (100, 0), (300, 60), (700, 0), (2400, 0)]
)
def test_a_face_across_the_seams_is_found_once(detector: Detector, side: int, offset: int) -> None:
    """In the middle, where four parts meet; the largest portrait is larger than a part."""
    place = (2000 + offset, 1500 + offset)
    image = scene(4000, 3000, [(place, portrait("Jonas_Weber", side))])
    assert views.parts(image) == 4
    assert_found_once(detector, image, [place])


def test_a_turned_face_in_a_part_is_turned_back(detector: Detector) -> None:
    lying = np.rot90(portrait("Amina_Diallo", 150), -1)
    image = scene(4000, 3000, [((700, 2300), lying)])
    (face,) = detector.detect(image)
    assert face.roll == pytest.approx(90, abs=18)


def test_a_photo_up_to_twice_the_view_is_looked_at_as_a_whole() -> None:
    assert views.tiles(np.zeros((2560, 2560, 3), np.uint8)) == []
    assert views.parts(np.zeros((2560, 2560, 3), np.uint8)) == 1


@given(width=st.integers(1, 32_000), height=st.integers(1, 32_000))
def test_the_parts_cover_a_photo_and_overlap(width: int, height: int) -> None:
    for side in (width, height):
        spans = list(views._spans(side))
        assert spans[0][0] == 0
        assert spans[-1][1] == side
        assert all(end - start <= 2 * views.LARGE_VIEW for start, end in spans)
        for (_, end), (start, _) in pairwise(spans):
            assert end - start >= 256
