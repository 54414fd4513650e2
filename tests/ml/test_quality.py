from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ml.alignment import TEMPLATE, align
from ml.calibration import ENOUGH_QUALITY, MINIMUM_QUALITY, Policy, identify
from ml.detection import Detector
from ml.enrolment import MINIMUM_FOR_ENROLMENT
from ml.experiments import spoilt
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.quality import assess
from ml.types import Floats, Image, Quality, QualityReason
from tests.ml.conftest import DEMO, photo

PORTRAIT = "people/Mei_Tanaka/0.jpg"


def quality(detector: Detector, image: Image) -> Quality:
    (face,) = detector.detect(image)
    return assess(face, align(image, face.landmarks))


def half_outside(crop: Image, _landmarks: Floats, _rng: np.random.Generator) -> Image:
    """What lies outside a photo is black in a crop."""
    seen = crop.copy()
    seen[:, :56] = 0
    return seen


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


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoilt.mask, QualityReason.COVERED),
        (spoilt.scarf, QualityReason.COVERED),
        (spoilt.dark_glasses, QualityReason.COVERED),
        (half_outside, QualityReason.CUT_OFF),
        (spoilt.noise, QualityReason.NOISY),
    ],
)
@pytest.mark.parametrize("person", ["Mei_Tanaka", "Kwame_Boateng", "Sofia_Marquez"])
def test_a_face_of_which_too_little_is_to_be_seen_is_doubtful_but_not_hopeless(
    detector: Detector, person: str, spoil: spoilt.Spoil, reason: QualityReason
) -> None:
    portrait = photo(f"people/{person}/0.jpg")
    (face,) = detector.detect(portrait)
    crop = align(portrait, face.landmarks)
    found = assess(face, spoil(crop, TEMPLATE, np.random.default_rng(3)))
    assert found.reasons[0] == reason
    assert MINIMUM_QUALITY <= found.score < ENOUGH_QUALITY


def test_a_masked_face_that_nobody_passes_is_not_called_a_stranger(recognizer: Recognizer) -> None:
    """Whoever is under it; and one who passes all the same is named."""
    portraits = [photo(f"people/Mei_Tanaka/{number}.jpg") for number in range(4)]
    gallery = Gallery(recognizer.embedding_size)
    for number, portrait in enumerate(portraits[:3]):
        gallery.add(number, 1, recognizer.recognize(portrait).faces[0].embedding)
    stranger = photo("people/Jonas_Weber/0.jpg")
    assert [decided(recognizer, gallery, one) for one in (portraits[3], stranger)] == [
        "match",
        "unknown",
    ]
    masked = [
        spoilt.mask(one, recognizer.detect(one)[0].landmarks, np.random.default_rng(0))
        for one in (portraits[3], stranger)
    ]
    assert decided(recognizer, gallery, masked[0]) in ("match", "unclear")
    assert decided(recognizer, gallery, masked[1]) == "unclear"


def decided(recognizer: Recognizer, gallery: Gallery, image: Image) -> str:
    (face,) = recognizer.recognize(image).faces
    quality, policy = face.quality.score, Policy(0.01)
    found = identify(face.embedding, gallery, recognizer.calibration, policy, quality=quality)
    return str(found.decision)


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


def test_what_speaks_against_a_face_is_told_in_numbers(detector: Detector) -> None:
    image = photo(PORTRAIT)
    small = quality(detector, cv2.resize(image, None, fx=0.11, fy=0.11).astype(np.uint8))
    pixels, enough = small.measured[QualityReason.TOO_SMALL]
    assert 16 < pixels < 32
    assert enough == 48
    assert set(small.measured) == set(small.reasons)
