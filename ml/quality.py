"""How well a face can be recognised, from its size, sharpness, pose and light, and from how much
of it is to be seen.

Each measure becomes a score from 0 (hopeless) to 1 (as good as any) along a straight ramp. The
ends of the ramps were read off what shrinking, blurring, turning and darkening faces does to the
similarity of an SFace embedding with that of the untouched face; those of what hides a part of it,
off how many faces are recognised still (docs/quality.md).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ml.alignment import TEMPLATE, similarity_transform
from ml.calibration import MINIMUM_QUALITY
from ml.types import DetectedFace, Floats, Image, Quality, QualityReason

RAMPS: Final = {
    QualityReason.TOO_SMALL: (16, 48),
    QualityReason.BLURRED: (0.035, 0.10),
    QualityReason.TURNED_AWAY: (0, 1),
    QualityReason.TOO_DARK: (4 / 255, 30 / 255),
    QualityReason.TOO_BRIGHT: (250 / 255, 215 / 255),
    QualityReason.CUT_OFF: (0.27, 0.13),
    QualityReason.COVERED: (0.08, 0.2),
    QualityReason.NOISY: (10, 5),
}
"""What is hopeless and what is as good as any: pixels of the photo, shares, and for the noise grey
levels."""

_NEVER_HOPELESS: Final = (QualityReason.CUT_OFF, QualityReason.COVERED, QualityReason.NOISY)

INNER_FACE = (slice(40, 98), slice(30, 82))
"""Rows and columns of an aligned crop from the eyes to the mouth: skin, and no background."""

_WHOLE_FACE = (slice(36, 110), slice(22, 90))
_EYES = ((slice(45, 57), slice(28, 48)), (slice(45, 57), slice(63, 83)))
_MOUTH = (slice(84, 100), slice(39, 73))
"""The same around what is never smooth in a face, and of the face with forehead and chin."""

_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Nearly blind to edges, of length 6: a difference of two Laplacians."""


def assess(face: DetectedFace, crop: Image) -> Quality:
    """Assess a face by where it was found and by its aligned crop, (112, 112, 3) uint8 RGB.

    The score is that of the worst measure; reasons are the measures under 0.5, worst first.
    """
    measured = _measured(face, crop)
    scores = {reason: _score(reason, value) for reason, value in measured.items()}
    reasons = sorted((reason for reason in scores if scores[reason] < 0.5), key=lambda r: scores[r])
    beside = {reason: (measured[reason], RAMPS[reason][1]) for reason in reasons}
    return Quality(min(scores.values()), tuple(reasons), beside)


def _measured(face: DetectedFace, crop: Image) -> dict[QualityReason, float]:
    whole = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = whole[INNER_FACE]
    brightness = float(grey.mean()) / 255
    return {
        QualityReason.TOO_SMALL: float(min(face.box.width, face.box.height)),
        QualityReason.BLURRED: _sharpness(grey),
        QualityReason.TURNED_AWAY: _frontality(face.landmarks),
        QualityReason.TOO_DARK: brightness,
        QualityReason.TOO_BRIGHT: brightness,
        QualityReason.CUT_OFF: _outside(crop),
        QualityReason.COVERED: _least_detail(whole),
        QualityReason.NOISY: _noise(grey),
    }


def _score(reason: QualityReason, value: float) -> float:
    score = _ramp(value, *RAMPS[reason])
    return _in_part(score) if reason in _NEVER_HOPELESS else score


def _ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero` and beyond, 1 at `one` and beyond, straight in between."""
    return min(1.0, max(0.0, (value - zero) / (one - zero)))


def _in_part(score: float) -> float:
    """Never hopeless: whoever is recognised all the same is named, and rightly."""
    return MINIMUM_QUALITY + (1 - MINIMUM_QUALITY) * score


def _least_detail(whole: Floats) -> float:
    """How much detail the eyes or the mouth have beside the whole face, whichever have less.

    In masks, scarves and dark lenses three quarters of that region are smooth. One eye may be: it
    is so in a face that looks aside.
    """
    detail = np.abs(whole - cv2.GaussianBlur(whole, (0, 0), 2))
    eyes, mouth = max(_quartile(detail[eye]) for eye in _EYES), _quartile(detail[_MOUTH])
    return min(eyes, mouth) / max(float(detail[_WHOLE_FACE].mean()), 0.2)


def _quartile(values: Floats) -> float:
    return float(np.quantile(values, 0.25))


def _outside(crop: Image) -> float:
    """The share of the face that lies outside the photo: it is black in a crop."""
    return float((crop[INNER_FACE].max(axis=2) == 0).mean())


def _noise(grey: Floats) -> float:
    """The deviation of the noise in grey levels, after Immerkær 1996,
    https://doi.org/10.1006/cviu.1996.0060."""
    return float(np.abs(cv2.filter2D(grey, -1, _NOISE)).mean() * np.sqrt(np.pi / 2) / 6)


def _sharpness(grey: Floats) -> float:
    """The share of the contrast that lies in detail finer than a pixel's blur, about 0 to 0.3."""
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 1)
    return float(detail.std() / max(float(grey.std()), 1.0))


def _frontality(landmarks: Floats) -> float:
    """1 for a face that looks at the camera, 0 for a profile, or for one seen from far above.

    Turning shifts the nose tip sideways against eyes and mouth, nodding shifts it up or down; both
    are measured in the aligned face, in eye distances and in shares of the way from eyes to mouth.
    """
    transform = similarity_transform(landmarks, TEMPLATE)
    points = landmarks @ transform[:, :2].T + transform[:, 2]
    eyes, nose, mouth = points[:2].mean(axis=0), points[2], points[3:].mean(axis=0)
    eye_distance = float(TEMPLATE[1, 0] - TEMPLATE[0, 0])
    turned = abs(float(nose[0] - (eyes[0] + mouth[0]) / 2)) / eye_distance
    nodded = abs(float((nose[1] - eyes[1]) / max(mouth[1] - eyes[1], 1.0)) - 0.57)
    return min(_ramp(turned, 0.65, 0.25), _ramp(nodded, 0.40, 0.15))
