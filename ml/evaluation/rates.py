"""Error rates of similarities, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Similarities = npt.NDArray[np.float64]

FPIRS = (0.1, 0.01, 0.003)
"""The rates at which DIR is told."""
RESAMPLES = 1000


def threshold_at(rate: float, impostors: Similarities) -> float:
    """The lowest threshold that at most a share of `rate` of `impostors`, (N,), lies above.

    "Above" is strict everywhere in the evaluations: ties with a threshold do not pass it.
    """
    above = min(allowed(rate, len(impostors)), len(impostors) - 1)
    return float(np.sort(impostors)[len(impostors) - 1 - above])


def allowed(rate: float, number: int) -> int:
    """How many of so many may pass at most for their share to be no more than `rate`."""
    return int(rate * number + 1e-9)  # 0.29 * 100 is a little less than 29


def share_above(threshold: float, similarities: Similarities) -> float:
    """The share, 0..1, of `similarities`, (N,), that lies above the threshold; 0 if N is 0."""
    return float(np.mean(similarities > threshold)) if len(similarities) else 0.0


def curve(impostors: Similarities, genuine: Similarities) -> tuple[Similarities, Similarities]:
    """Shares of `impostors` and of `genuine` above every threshold that tells them apart.

    Returns two float64 arrays of one length, both rising from 0: false and true positives. What is
    -inf stays below every threshold.
    """
    thresholds = np.unique(np.concatenate([impostors, genuine]))[::-1]
    thresholds = thresholds[thresholds > -np.inf]
    return (_shares_from(thresholds, impostors), _shares_from(thresholds, genuine))


def _shares_from(thresholds: Similarities, similarities: Similarities) -> Similarities:
    below = np.searchsorted(np.sort(similarities), thresholds, side="left")
    shares: Similarities = np.concatenate([[0.0], 1 - below / max(len(similarities), 1)])
    return shares


def interval(
    statistic: Callable[[list[Similarities]], float], *groups: Similarities
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a statistic of independently drawn groups.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. Resampled are single
    similarities: that some share a person or a photo makes the true interval a little wider.
    """
    random = np.random.default_rng(0)
    values = [
        statistic([group[random.integers(0, len(group), len(group))] for group in groups])
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def score_interval(share: float, number: int) -> tuple[float, float]:
    """The 95 % interval of a share of `number` independent things that are either so or not.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927. Unlike
    that of a resample it has a width where all or none are so.
    """
    z = 1.959964
    middle = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    spread = share * (1 - share) / number + z**2 / (4 * number**2)
    half = z * spread**0.5 / (1 + z**2 / number)
    return max(0.0, middle - half), min(1.0, middle + half)
