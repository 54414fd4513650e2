"""The values that cross the seam between the science and the site."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""RGB photo or crop, shape (H, W, 3), uint8, 0..255, upright."""

CROP_SIZE: Final = 112
"""The side of an aligned crop, in pixels: what all networks take."""

AnswersBy = Literal["gallery", "classes"]
"""Who a version may name: people who are enrolled, or those whom it was trained on."""
ANSWERS_BY: Final[tuple[AnswersBy, ...]] = get_args(AnswersBy)

Floats = npt.NDArray[np.float32]
"""Any float32 array; its shape is given where it is used."""

Doubles = npt.NDArray[np.float64]
"""Any float64 array, likewise."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright photo; may reach past its edges."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One face as the detector saw it.

    `landmarks` has shape (5, 2), float32, pixels (x, y): the eye on the left of the image, the eye
    on its right, nose tip, mouth corner on the left, mouth corner on the right. `score` is the
    detector's own, 0..1.
    """

    box: Box
    score: float
    landmarks: Floats

    @property
    def roll(self) -> float:
        """Degrees, -180..180, by which the face is turned in the picture, clockwise."""
        across = self.landmarks[1] - self.landmarks[0]
        down = self.landmarks[3:].mean(axis=0) - self.landmarks[:2].mean(axis=0)
        return float(np.degrees(np.arctan2(across[1] - down[0], across[0] + down[1])))


class QualityReason(StrEnum):
    """Why a face is hard to recognise."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TURNED_AWAY = "turned_away"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    COVERED = "covered"
    CUT_OFF = "cut_off"
    NOISY = "noisy"


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a face can be recognised: `score` 0..1, and what speaks against it, worst first.

    `measured` has for each of these reasons what was measured and from where on it does no harm, in
    the units of `ml.quality.RAMPS`.
    """

    score: float
    reasons: tuple[QualityReason, ...]
    measured: Mapping[QualityReason, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmbeddedFace:
    """A face ready to be searched for or enrolled.

    `crop` is the aligned face, (112, 112, 3) uint8 RGB; `embedding` has shape (D,), float32,
    length 1; `probabilities`, (C,) float32, are those of the network's own classes, if it has any.
    """

    detected: DetectedFace
    quality: Quality
    crop: Image
    embedding: Floats
    probabilities: Floats | None = None


class Decision(StrEnum):
    """What the site answers about one probe."""

    MATCH = "match"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNCLEAR = "unclear"


NAMING: Final = (Decision.MATCH, Decision.AMBIGUOUS)
"""The decisions that say a name."""


def names_given(decision: str, rival: int | None) -> int:
    """How many of the first candidates an answer names: one, two between whom it cannot tell, the
    one who has a `rival` (see `Identification`), or nobody."""
    if decision not in NAMING:
        return 0
    return 2 if decision == Decision.AMBIGUOUS and rival is None else 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person of the gallery who may be the probe.

    `templates` holds the person's enrolled faces nearest to the probe, best first, by the ids
    under which they were added to the gallery. `other_name` says that this and the first candidate
    look like one person under two names.
    """

    person: int
    similarity: float
    probability: float
    templates: tuple[int, ...]
    other_name: bool = False


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer about one probe.

    `candidates` come best first, whatever the decision. `probability` is the calibrated chance that
    the first candidate is the probe; `threshold` is the similarity from which that person is named
    for this face, and `raised_by` how much of it is due to people of the gallery who look alike.
    Where a network answers by its own classes, `threshold` is the probability from which it names
    somebody: 0 where it always does. `rival` is the index of the face in the same photo that is
    this person rather (`ml.together`). `doubtful` says that a second look at the face may change
    the answer (`ml.templates`). `corrected` says that somebody would have been named of whom it is
    known that this is not them.
    """

    decision: Decision
    probability: float
    threshold: float
    raised_by: float
    candidates: tuple[Candidate, ...]
    rival: int | None = None
    doubtful: bool = False
    corrected: bool = False

    @property
    def named(self) -> tuple[Candidate, ...]:
        """Whom it names."""
        return self.candidates[: names_given(self.decision, self.rival)]

    @property
    def margin(self) -> float:
        """How far the first candidate is above the threshold; -inf without any."""
        return self.candidates[0].similarity - self.threshold if self.candidates else -math.inf
