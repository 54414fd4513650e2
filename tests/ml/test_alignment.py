from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.alignment import TEMPLATE, align, similarity_transform
from ml.detection import Detector
from tests.ml.conftest import photo


@given(
    angle=st.floats(-3, 3),
    scale=st.floats(0.05, 20),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
)
def test_a_turned_scaled_and_shifted_template_is_brought_back(
    angle: float, scale: float, x: float, y: float
) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (TEMPLATE @ turn.T + [x, y]).astype(np.float32)
    transform = similarity_transform(moved, TEMPLATE)
    back = moved @ transform[:, :2].T + transform[:, 2]
    np.testing.assert_allclose(back, TEMPLATE, atol=0.01 + 1e-4 / scale)


def test_a_mirrored_face_is_not_turned_inside_out() -> None:
    mirrored = (TEMPLATE * [-1, 1]).astype(np.float32)
    assert np.linalg.det(similarity_transform(mirrored, TEMPLATE)[:, :2]) > 0


def test_landmarks_of_the_crop_lie_on_the_template(detector: Detector) -> None:
    portrait = photo("people/Jonas_Weber/0.jpg")
    (face,) = detector.detect(portrait)
    crop = align(portrait, face.landmarks)
    assert crop.shape == (112, 112, 3)
    assert crop.dtype == np.uint8
    (again,) = detector.detect(crop)
    np.testing.assert_allclose(again.landmarks, TEMPLATE, atol=8)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_large_photo_gives_the_crop_of_its_reduction(detector: Detector, factor: int) -> None:
    """The face is averaged down, not sampled: enlarging a photo adds nothing to its crop."""
    portrait = photo("people/Jonas_Weber/0.jpg")
    (face,) = detector.detect(portrait)
    enlarged = cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    landmarks = (face.landmarks + 0.5) * factor - 0.5
    crop = align(portrait, face.landmarks).astype(int)
    same = align(np.asarray(enlarged, np.uint8), landmarks.astype(np.float32)).astype(int)
    assert np.abs(same - crop).mean() < 2.5


def test_detail_that_a_crop_cannot_hold_becomes_grey_not_noise() -> None:
    rows, columns = np.indices((2000, 2000))
    checkers = (((rows // 3 + columns // 3) % 2) * 255).astype(np.uint8)
    board = np.repeat(checkers[:, :, None], 3, axis=2)
    crop = align(board, np.asarray(TEMPLATE * 16 + 100, np.float32))
    assert crop.std() < 20


def test_what_lies_outside_the_photo_is_black() -> None:
    white = np.full((112, 112, 3), 255, np.uint8)
    crop = align(white, np.asarray(TEMPLATE - [56, 0], np.float32))
    assert (crop[:, :50] == 0).all()
    assert (crop[:, 62:] == 255).all()
