"""Whether faces look to the network as they did when it was calibrated.

At calibration it was noted how near the nearest of all enrolled people comes to somebody who is not
enrolled. Faces that get no name here are mostly of such people. Where clearly more of them come so
near than did then, the photos of this site are unlike those of the calibration, and names are given
to more strangers than is promised; where fewer do, to fewer, and enrolled people may stay unnamed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db.models import Exists, F, OuterRef

from ml.calibration import Calibration, bar_of
from recognition.models import Identification, ModelVersion, ProbeFace
from recognition.services.versions import predictors, registry

LATEST: Final = 1000
FEWEST: Final = 100
"""Faces, below which nothing is said."""
SHARES: Final = (0.5, 0.1)
"""Of strangers at calibration: the nearer half of them, and the nearest tenth."""
SIGMAS: Final = 3
MATTERS: Final = 1.25
"""Times as many, or as few: a smaller difference is of no consequence, however sure it is."""


class Lean(StrEnum):
    NONE = "none"
    NEARER = "nearer"
    FURTHER = "further"


@dataclass(frozen=True)
class Reached:
    """A share of strangers at calibration came so near to somebody enrolled, and so large a share
    of `faces` without a name does here."""

    expected: float
    found: float
    faces: int

    @property
    def lean(self) -> Lean:
        noise = SIGMAS * math.sqrt(self.expected * (1 - self.expected) / self.faces)
        if self.found > max(self.expected * MATTERS, self.expected + noise):
            return Lean.NEARER
        if self.found < min(self.expected / MATTERS, self.expected - noise):
            return Lean.FURTHER
        return Lean.NONE


def drift(version: ModelVersion) -> list[Reached]:
    """Nothing for a version that answers by classes or whose files are gone, nor while there are
    few such faces."""
    file = registry.calibration_of(version) if predictors.by_gallery(version) else None
    scores = _scores(version) if file else []
    if file is None or len(scores) < FEWEST:
        return []
    calibration = Calibration.load(file)
    bar = calibration.bar(settings.TARGET_FPIR)
    return [_reached(share, scores, bar_of(calibration.tail, share) - bar) for share in SHARES]


def _scores(version: ModelVersion) -> list[float]:
    """How far below the bar the latest faces without a name stayed."""
    # Not a join, for which SQLite reads and sorts every photo of the version.
    photos = Identification.objects.filter(pk=OuterRef("identification"), model_version=version)
    nameless = ProbeFace.objects.filter(
        Exists(photos),
        decision=ProbeFace.Decision.UNKNOWN,
        similarity__isnull=False,
    )
    below = nameless.annotate(below=F("similarity") - F("threshold")).order_by("-pk")
    return list(below.values_list("below", flat=True)[:LATEST])


def _reached(expected: float, scores: list[float], least: float) -> Reached:
    near = sum(score >= least for score in scores)
    return Reached(expected, near / len(scores), len(scores))
