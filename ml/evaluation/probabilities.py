"""Is a probability what it is said to be? Answers sorted by it, and the share that were right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.types import Doubles

BINS = 10

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers with a probability of `low` to `high`: the mean probability of theirs that was
    promised, the share that were right, and which share of all answers they are, each 0..1."""

    low: float
    high: float
    promised: float
    right: float
    share: float


def bins(probability: Doubles, right: Flags, weight: Doubles) -> Iterator[Bin]:
    """Ten bins of equal width without the empty ones. Each array is (P,): of the best person the
    probability and whether that is right, and how much the answer counts, 1 in all."""
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    for number in np.unique(place):
        inside = place == number
        yield Bin(
            low=float(number / BINS),
            high=float((number + 1) / BINS),
            promised=float(np.average(probability[inside], weights=weight[inside])),
            right=float(np.average(right[inside], weights=weight[inside])),
            share=float(weight[inside].sum()),
        )


def calibration_error(found: Sequence[Bin]) -> float:
    """The expected calibration error, 0..1: the mean distance of promised from right, see Naeini
    et al., AAAI 2015, https://doi.org/10.1609/aaai.v29i1.9602."""
    return sum(one.share * abs(one.promised - one.right) for one in found)


def presuming(strangers: float, presumed: float, best: Doubles, anybody: Doubles) -> Doubles:
    """Probabilities of the best person, (P,), where a share `strangers` (0..1) of all answers is
    about nobody enrolled, from those where a share `presumed` is. `anybody` are the sums of the
    probabilities of all candidates. By Bayes, odds against nobody change by one factor."""
    factor = (1 - strangers) / strangers * presumed / (1 - presumed)
    probabilities: Doubles = factor * best / (factor * anybody + (1 - anybody))
    return probabilities


def weights(stranger: Flags, strangers: float = 0.5) -> Doubles:
    """How much answers, (P,), count where a share `strangers` (0..1) of all is about strangers,
    however many of them there are; 1 in all."""
    shares = np.where(stranger, strangers, 1 - strangers)
    counts = np.where(stranger, stranger.sum(), (~stranger).sum())
    each: Doubles = shares / counts
    return each
