"""How well a face can be recognised, from its size, sharpness, pose and light.

Each measure becomes a score from 0 (hopeless) to 1 (as good as any) along a straight ramp. The
ends of the ramps were read off what shrinking, blurring, turning and darkening faces does to the
similarity of an SFace embedding with that of the untouched face.
"""

from __future__ import annotations

import cv2
import numpy as np

from ml.alignment import TEMPLATE, similarity_transform
from ml.types import DetectedFace, Floats, Image, Quality, QualityReason

MINIMUM_FOR_ENROLMENT = 0.3
"""A worse photo would make the person's templates worse; it is refused with its reason."""

INNER_FACE = (slice(40, 98), slice(30, 82))
"""Rows and columns of an aligned crop from the eyes to the mouth: skin, and no background."""


def assess(face: DetectedFace, crop: Image) -> Quality:
    """Assess a face by where it was found and by its aligned crop, (112, 112, 3) uint8 RGB.

    The score is that of the worst measure; reasons are the measures under 0.5, worst first.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[INNER_FACE].astype(np.float32)
    brightness = float(grey.mean())
    scores = {
        QualityReason.TOO_SMALL: _ramp(min(face.box.width, face.box.height), 16, 48),
        QualityReason.BLURRED: _ramp(_sharpness(grey), 0.035, 0.10),
        QualityReason.TURNED_AWAY: _frontality(face.landmarks),
        QualityReason.TOO_DARK: _ramp(brightness, 4, 30),
        QualityReason.TOO_BRIGHT: _ramp(brightness, 250, 215),
    }
    reasons = sorted((reason for reason in scores if scores[reason] < 0.5), key=lambda r: scores[r])
    return Quality(min(scores.values()), tuple(reasons))


def _ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero` and beyond, 1 at `one` and beyond, straight in between."""
    return min(1.0, max(0.0, (value - zero) / (one - zero)))


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
