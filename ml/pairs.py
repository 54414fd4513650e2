"""Whether two faces are of one person, and how likely that is.

It is asked as of a gallery to which one of the two has come, and the other way round: so the chance
means what it means on every other page, for every network, and nothing more is fitted. As there,
people of the gallery say how much likeness is usual around the two; it may be empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np

from ml.around import AROUND
from ml.calibration import Calibration, Policy
from ml.gallery import Gallery
from ml.neighbourhood import Neighbourhood
from ml.types import Doubles, Floats

GUEST: Final = -1
"""The number of whoever comes to the gallery for a moment, and of their only template."""
NOT_NEAR: Final = -1.0
"""The score of somebody to whom many of the gallery are nearer."""


def chances(
    first: Sequence[Floats],
    second: Sequence[Floats],
    gallery: Gallery,
    calibration: Calibration,
    policy: Policy,
) -> Doubles:
    """The chance, 0..1, of each face of the first photo, (D,) float32 of length 1, and each of the
    second to be of one person: (N, M). `policy.strangers` is the share of pairs of two people among
    all that are asked about. The gallery is as before afterwards; the caller locks it."""
    bar = calibration.bar(policy.fpir)
    asked = np.array([list(_scores(first, one, gallery, calibration, bar)) for one in second])
    back = np.array([list(_scores(second, one, gallery, calibration, bar)) for one in first])
    scores = (asked.reshape(len(second), len(first)).T + back.reshape(len(first), -1)) / 2
    likely = np.exp(calibration.evidence.log_odds(scores, np.ones_like(scores)))
    odds = (1 - policy.strangers) / policy.strangers * likely
    found: Doubles = odds / (1 + odds)
    return found


def _scores(
    faces: Sequence[Floats], guest: Floats, gallery: Gallery, calibration: Calibration, bar: float
) -> Iterator[float]:
    """How much more alike each face is to the guest than is usual around them."""
    with _entered(gallery, guest):
        here = Neighbourhood(gallery, calibration.anchors, bar if gallery.people > 1 else math.inf)
        for face in faces:
            scored = {one.person: one.score for one in here.scores(face, AROUND)}
            yield scored.get(GUEST, NOT_NEAR)


@contextmanager
def _entered(gallery: Gallery, guest: Floats) -> Iterator[None]:
    gallery.add(GUEST, GUEST, guest)
    try:
        yield
    finally:
        gallery.remove(GUEST)
