from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ml.alignment import align
from ml.detection import Detector
from ml.quality import MINIMUM_FOR_ENROLMENT, assess
from ml.types import Image, Quality, QualityReason
from tests.ml.conftest import DEMO, photo

PORTRAIT = "people/Mei_Tanaka/0.jpg"


def quality(detector: Detector, image: Image) -> Quality:
    (face,) = detector.detect(image)
    return assess(face, align(image, face.landmarks))


@pytest.mark.parametrize("path", sorted((DEMO / "people").glob("*/*.jpg")), ids=str)
def test_a_portrait_is_good_enough_to_enrol(detector: Detector, path: object) -> None:
    result = quality(detector, photo(str(path)))
    assert result.score > 0.5
    assert result.reasons == ()


@pytest.mark.parametrize(
    ("spoil", "reason", "limit"),
    [
        (
            lambda image: cv2.GaussianBlur(image, (0, 0), 7),
            QualityReason.BLURRED,
            MINIMUM_FOR_ENROLMENT,
        ),
        (
            lambda image: cv2.resize(image, None, fx=0.11, fy=0.11, interpolation=cv2.INTER_AREA),
            QualityReason.TOO_SMALL,
            MINIMUM_FOR_ENROLMENT,
        ),
        (
            lambda image: (image * 0.1).astype(np.uint8),
            QualityReason.TOO_DARK,
            MINIMUM_FOR_ENROLMENT,
        ),
        (
            lambda image: (255 - (255 - image) * 0.15).astype(np.uint8),
            QualityReason.TOO_BRIGHT,
            0.5,
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, QualityReason) else "",
)
def test_a_spoilt_portrait_scores_low_for_its_reason(
    detector: Detector, spoil: Callable[[Image], object], reason: QualityReason, limit: float
) -> None:
    result = quality(detector, np.asarray(spoil(photo(PORTRAIT)), np.uint8))
    assert result.reasons[0] == reason
    assert result.score < limit


def test_the_score_falls_as_a_photo_gets_worse(detector: Detector) -> None:
    portrait = photo(PORTRAIT)
    scores = [
        quality(detector, np.asarray(cv2.GaussianBlur(portrait, (0, 0), blur), np.uint8)).score
        for blur in (1, 4, 6, 8)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_a_profile_is_turned_away(detector: Detector) -> None:
    image = photo(PORTRAIT)
    (face,) = detector.detect(image)
    landmarks = face.landmarks.copy()
    landmarks[2, 0] += 0.9 * (landmarks[1, 0] - landmarks[0, 0])
    turned = type(face)(face.box, face.score, landmarks)
    result = assess(turned, align(image, face.landmarks))
    assert QualityReason.TURNED_AWAY in result.reasons
