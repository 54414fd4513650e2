from __future__ import annotations

import cv2
import numpy as np
import pytest

from ml import detection, views
from ml.detection import Detector
from ml.types import DetectedFace, Image
from tests.ml.conftest import GROUPS, PEOPLE, photo

PORTRAIT = "people/Mei_Tanaka/0.jpg"


def resized(image: Image, side: int) -> Image:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def tight(image: Image, face: DetectedFace) -> Image:
    """The face and nothing else, as in training sets of 112 × 112."""
    box = face.box
    x, y, size = int(box.x), int(box.y), int(max(box.width, box.height))
    return np.ascontiguousarray(image[y : y + size, x : x + size])


@pytest.mark.parametrize("group", GROUPS)
def test_every_face_of_a_group_is_found_once(detector: Detector, group: str) -> None:
    found = detector.detect(photo(f"photos/groups/{group}"))
    assert len(found) == len(GROUPS[group])
    assert [face.box.x for face in found] == sorted(face.box.x for face in found)


def test_landmarks_lie_where_a_face_has_them(detector: Detector) -> None:
    (face,) = detector.detect(photo(PORTRAIT))
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    inside = (face.landmarks >= [face.box.x, face.box.y]).all()
    assert inside
    assert (face.landmarks <= [face.box.x + face.box.width, face.box.y + face.box.height]).all()


def test_further_looks_make_landmarks_depend_less_on_how_large_a_photo_is(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = unsteadiness(detector)
    monkeypatch.setattr(detection, "steadied", lambda _network, _photo, row: row)
    single = unsteadiness(detector)
    print(f"{single:.2%} of a face's width in one look, {steady:.2%} in five")
    assert steady < 0.8 * single


def unsteadiness(detector: Detector) -> float:
    """How far apart landmarks are in the same photo in several sizes, in the mean, as a share of
    the face's width."""
    return float(np.mean([_apart(detector, photo(f"people/{name}/0.jpg")) for name in PEOPLE]))


def _apart(detector: Detector, portrait: Image) -> float:
    found = []
    for side in (480, 440, 400, 360):
        (face,) = detector.detect(resized(portrait, side))
        found.append(face.landmarks / side)
    return float(np.std(found, axis=0).mean() / (face.box.width / side))


@pytest.mark.parametrize("side", [112, 300, 1000, 1280])
def test_a_face_that_fills_the_frame_is_found_once(detector: Detector, side: int) -> None:
    portrait = photo(PORTRAIT)
    (face,) = detector.detect(portrait)
    (found,) = detector.detect(resized(tight(portrait, face), side))
    assert found.box.width > side / 2


@pytest.mark.parametrize("side", [400, 700])
def test_a_face_that_fills_the_frame_is_found_beside_a_clear_one(
    detector: Detector, side: int
) -> None:
    """The clear one is no reason not to look for the other."""
    portrait = photo(PORTRAIT)
    (face,) = detector.detect(portrait)
    scene = np.full((960, 1280, 3), 110, np.uint8)
    scene[100 : 100 + side, 450 : 450 + side] = resized(tight(portrait, face), side)
    scene[600:900, 60:360] = resized(portrait, 300)
    small, large = detector.detect(scene)
    assert small.box.width < 150 < side / 2 < large.box.width


@pytest.mark.parametrize("size", [24, 40])
def test_a_small_face_in_a_large_photo_is_found(detector: Detector, size: int) -> None:
    portrait = photo(PORTRAIT)
    (face,) = detector.detect(portrait)
    scale = size / face.box.width
    small = resized(portrait, round(portrait.shape[0] * scale))
    scene = np.full((960, 1280, 3), 110, np.uint8)
    scene[500 : 500 + len(small), 900 : 900 + len(small)] = small
    (found,) = detector.detect(scene)
    assert found.box.x == pytest.approx(900 + face.box.x * scale, abs=5)
    assert found.box.y == pytest.approx(500 + face.box.y * scale, abs=5)


def test_boxes_are_in_pixels_of_the_photo_as_given(detector: Detector) -> None:
    portrait = photo(PORTRAIT)
    (face,) = detector.detect(portrait)
    (larger,) = detector.detect(np.ascontiguousarray(portrait.repeat(3, 0).repeat(3, 1)))
    assert larger.box.x == pytest.approx(face.box.x * 3, abs=12)
    assert larger.box.width == pytest.approx(face.box.width * 3, abs=24)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (33, 31), (4000, 50)])
def test_a_photo_of_any_shape_without_a_face_has_none(
    detector: Detector, shape: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector.detect(noise) == []


def test_photos_of_all_sizes_are_looked_at_in_few() -> None:
    """Memory grows with each size that the network sees."""
    random = np.random.default_rng(0)
    pictures = set()
    for _ in range(40):
        photo = np.zeros((*random.integers(1, 3000, 2), 3), np.uint8)
        for view in [*views.whole(photo), *views.tiles(photo)]:
            pictures.add(view.picture.shape[:2])
    assert len(pictures) < 25
    assert all(side % 32 == 0 for sides in pictures for side in sides)
