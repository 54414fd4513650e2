"""What a similarity means in a given gallery: a threshold, a probability, a decision.

A stranger is named wrongly when the most alike of all enrolled people is alike enough. What counts
is therefore the distribution of a stranger's *best* similarity, which grows with the gallery and
with how alike its people are to the network. Two things are known of it: what it was on the
calibration people for a gallery of this size (`Calibration`), and what the enrolled people find
when they are searched for among each other (`ml.gallery.Cohort`). `best_impostor` weighs the two.

In units of its standard deviation above its mean the distribution has the same tail in every
gallery that it was fitted on; `tail` holds that tail, and with it the threshold for a promised
FPIR.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ml.gallery import Cohort, Gallery, Neighbour
from ml.types import Candidate, Decision, Floats, Identification

CANDIDATES = 5

RAISING_WEIGHT = 1.0
"""How many people's worth of evidence the calibration is against a cohort that is more alike."""

LOWERING_WEIGHT = 100.0
"""The same against a cohort that is less alike. A few people who happen to differ say little about
strangers, and a threshold too low names people wrongly; one too high only says `unknown`."""

MINIMUM_QUALITY = 0.1
"""Of a face, see `ml.quality`. The embedding of a worse one says more about the blur than about the
person, so that it is `unknown`, whomever it is alike."""

AMBIGUOUS_ODDS = 4.0
"""Two people fit when both pass the threshold and the first is less than so many times likelier."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of a stranger's best similarity in a gallery."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """The similarity from which a gallery names somebody.

    `raised_by` is how much of it is due to the gallery's people looking more alike to the network
    than the calibration people; 0 if they do not.
    """

    similarity: float
    raised_by: float


@dataclass(frozen=True)
class Calibration:
    """The fitted numbers of one model version, and where they came from.

    A stranger's best similarity in a gallery of N people has mean `mean[0] + mean[1] * x` and
    standard deviation `sd[0] + sd[1] * x`, where x is sqrt(ln N), after the extremes of normal
    variables. `tail` holds (share of strangers above, standardised similarity), shares falling.
    `evidence` are the intercept and the slope of the log odds that a person with a standardised
    similarity is the probe rather than nobody, half of all probes being of enrolled people.
    """

    mean: tuple[float, float]
    sd: tuple[float, float]
    tail: tuple[tuple[float, float], ...]
    evidence: tuple[float, float]
    source: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a calibration that `save` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        values["tail"] = tuple((float(share), float(z)) for share, z in values["tail"])
        for pair in ("mean", "sd", "evidence"):
            values[pair] = tuple(values[pair])
        return cls(**values)

    def save(self, path: Path) -> None:
        """Write the numbers as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def expected(self, people: int) -> Spread:
        """What a stranger's best similarity is among so many calibration people."""
        x = math.sqrt(math.log(max(1, people)))
        return Spread(self.mean[0] + self.mean[1] * x, max(0.02, self.sd[0] + self.sd[1] * x))

    def standardised(self, fpir: float) -> float:
        """How many standard deviations above its mean a share `fpir` of strangers comes.

        Beyond the fitted tail the logarithm of the share goes on falling in a straight line.
        """
        shares, values = np.array(self.tail).T
        logs, wanted = -np.log(shares), -math.log(fpir)
        if wanted <= logs[-1]:
            return float(np.interp(wanted, logs, values))
        slope = (values[-1] - values[-2]) / (logs[-1] - logs[-2])
        return float(values[-1] + (wanted - logs[-1]) * slope)


def best_impostor(gallery: Gallery, calibration: Calibration) -> Spread:
    """What a stranger's best similarity is in this gallery, by calibration and cohort together."""
    return _blended(calibration.expected(gallery.people), gallery.cohort())


def threshold(gallery: Gallery, calibration: Calibration, fpir: float) -> Threshold:
    """The similarity that a share `fpir` (0..1) of strangers reaches with anybody enrolled."""
    here, usual = best_impostor(gallery, calibration), calibration.expected(gallery.people)
    z = calibration.standardised(fpir)
    similarity = min(1.0, here.mean + z * here.sd)
    return Threshold(similarity, max(0.0, similarity - (usual.mean + z * usual.sd)))


def identify(
    embedding: Floats,
    gallery: Gallery,
    calibration: Calibration,
    *,
    fpir: float,
    quality: float = 1.0,
) -> Identification:
    """Say who a probe, (D,) float32 of length 1, is, at the promised FPIR (0..1).

    `quality` is that of the face, 0..1.
    """
    neighbours = gallery.search(embedding, CANDIDATES)
    limit = threshold(gallery, calibration, fpir).similarity
    if not neighbours:
        return Identification(Decision.UNKNOWN, 0.0, limit, ())
    probabilities = _probabilities(neighbours, best_impostor(gallery, calibration), calibration)
    candidates = tuple(
        Candidate(near.person, near.similarity, probability, near.templates)
        for near, probability in zip(neighbours, probabilities, strict=True)
    )
    good_enough = quality >= MINIMUM_QUALITY
    decision = _decide(candidates, limit) if good_enough else Decision.UNKNOWN
    return Identification(decision, probabilities[0], limit, candidates)


def _blended(usual: Spread, cohort: Cohort) -> Spread:
    """Calibration and cohort, weighted by the number of people who speak for each."""
    more_alike = cohort.mean > usual.mean
    weight = RAISING_WEIGHT if more_alike else LOWERING_WEIGHT
    share = cohort.people / (cohort.people + weight)
    mean = usual.mean + share * (cohort.mean - usual.mean)
    # A spread needs more people than a mean does.
    share = cohort.people / (cohort.people + LOWERING_WEIGHT)
    variance = usual.sd**2 + share * (cohort.sd**2 - usual.sd**2)
    return Spread(mean, math.sqrt(variance))


def _probabilities(
    neighbours: Sequence[Neighbour], spread: Spread, calibration: Calibration
) -> list[float]:
    """The chance of each neighbour to be the probe, against each other and against nobody."""
    intercept, slope = calibration.evidence
    logits = [
        intercept + slope * (near.similarity - spread.mean) / spread.sd for near in neighbours
    ]
    odds = [math.exp(min(logit, 50.0)) for logit in logits]
    return [one / (1.0 + sum(odds)) for one in odds]


def _decide(candidates: Sequence[Candidate], limit: float) -> Decision:
    first, *others = candidates
    if first.similarity < limit:
        return Decision.UNKNOWN
    rivals = (other for other in others[:1] if other.similarity >= limit)
    if any(first.probability < AMBIGUOUS_ODDS * rival.probability for rival in rivals):
        return Decision.AMBIGUOUS
    return Decision.MATCH
