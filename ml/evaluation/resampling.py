"""The bootstrap over people: whole people are drawn again, with all of their photos.

Photos of one person repeat each other, so that resampled photos would promise more than is known.
Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; for pairs of photos Bolle
et al., "Error analysis of pattern recognition systems: the subsets bootstrap", 2004. A resample is
a weight per person, how often it was drawn: nothing is copied, nothing is compared again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ml.types import Doubles, Floats

Ints = npt.NDArray[np.int64]

BOOTSTRAPS = 1000
BLOCK = 2000
"""Similarities whose weights in all resamples are in memory at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A share, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of(cls, values: Doubles) -> Self | None:
        """From a statistic of the sample and of its resamples, (1 + B,).

        None if the sample itself has no such share. Resamples without it do not count.
        """
        resampled = values[1:][np.isfinite(values[1:])]
        if not np.isfinite(values[0]) or not len(resampled):
            return None
        low, high = np.percentile(resampled, [2.5, 97.5])
        return cls(float(values[0]), float(low), float(high))


def weights(people: int, *, bootstraps: int = BOOTSTRAPS, seed: int = 0) -> Floats:
    """How often each person is in each resample, float32 (1 + bootstraps, people).

    The first row is the sample itself: every person once.
    """
    itself = np.ones((1, people), np.float32)
    if not people:
        return np.repeat(itself, 1 + bootstraps, axis=0)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=bootstraps)
    return np.concatenate([itself, drawn.astype(np.float32)])


def thresholds(
    rates: Sequence[float], similarities: Floats, owners: Ints, drawn: Floats
) -> Doubles:
    """The lowest threshold of each resample above which at most a share `rate` lies, (B, R).

    `similarities` (M,) are of people who are not the same, whose indices `owners` (M, 1 or 2) has;
    `drawn` (B, P) are weights. NaN where a resample has none of these people. For the sample
    itself this is `ml.evaluation.rates.threshold_at`.
    """
    order = np.argsort(-similarities, kind="stable")
    highest, of, drawn_of = similarities[order], owners[order], np.ascontiguousarray(drawn.T)
    totals = _totals(owners, drawn_of)
    # Weights are whole numbers, and 0.29 * 100 is a little less than 29.
    allowed = np.floor(np.outer(totals, rates) + 1e-6)
    passed = _passed_before(of, drawn_of, allowed.max(initial=0, axis=1))
    found = np.full(allowed.shape, np.nan)
    for row, rate in np.argwhere(np.broadcast_to(totals[:, None] > 0, allowed.shape)):
        block = int(np.searchsorted(passed[:, row], allowed[row, rate], side="right")) - 1
        within = slice(block * BLOCK, (block + 1) * BLOCK)
        weights_of = np.cumsum(drawn_of[:, row][of[within]].prod(axis=1))
        left = allowed[row, rate] - passed[block, row]
        found[row, rate] = highest[within][np.searchsorted(weights_of, left, side="right")]
    return found


def _passed_before(owners: Ints, drawn_of: Floats, most: Doubles) -> Doubles:
    """The weight of all similarities before each block of `BLOCK`, (K, B), from the highest on.

    Blocks are looked at until more than `most`, (B,), has passed in every resample.
    """
    passed = [np.zeros(drawn_of.shape[1])]
    for start in range(0, len(owners), BLOCK):
        passed.append(passed[-1] + _weight(owners[start : start + BLOCK], drawn_of))
        if (passed[-1] > most).all():
            break
    return np.array(passed)


def shares_above(limits: Doubles, similarities: Floats, owners: Ints, drawn: Floats) -> Doubles:
    """The weighted share of `similarities` (M,) strictly above the limits of each resample (B, R).

    `owners` (M,) says whose they are. NaN where a resample has nobody of them.
    """
    passed, total = np.zeros(limits.shape), np.zeros((len(limits), 1))
    for person, own in _by_owner(similarities, owners):
        above = len(own) - np.searchsorted(own, limits.ravel(), side="right")
        passed += drawn[:, [person]] * above.reshape(limits.shape)
        total += drawn[:, [person]] * len(own)
    shares: Doubles = np.divide(
        passed, total, out=np.full(limits.shape, np.nan), where=(total > 0) & ~np.isnan(limits)
    )
    return shares


def _by_owner(similarities: Floats, owners: Ints) -> Iterator[tuple[int, Floats]]:
    """Each person's similarities in rising order."""
    order = np.lexsort((similarities, owners))
    people, starts = np.unique(owners[order], return_index=True)
    pieces = np.split(similarities[order], starts[1:])
    yield from zip(people.tolist(), pieces, strict=bool(len(people)))


def _totals(owners: Ints, drawn_of: Floats) -> Doubles:
    """How many similarities there are in each resample, (B,)."""
    key = owners @ (len(drawn_of) ** np.arange(owners.shape[1]))
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    blocks = range(0, len(first), BLOCK)
    pieces = [
        _weight(owners[first[at : at + BLOCK]], drawn_of, counts[at : at + BLOCK]) for at in blocks
    ]
    return np.sum(pieces, axis=0, initial=0) if pieces else np.zeros(drawn_of.shape[1])


def _weight(owners: Ints, drawn_of: Floats, counts: Ints | None = None) -> Doubles:
    """How often these similarities are in each resample, (B,), all of them together.

    Each is there as often as the product over the people it is of. `drawn_of` (P, B) has the
    resamples of a person side by side, for the sake of speed.
    """
    times = drawn_of[owners[:, 0]]
    for column in owners.T[1:]:
        times *= drawn_of[column]
    if counts is not None:
        times *= counts[:, None].astype(np.float32)
    summed: Doubles = times.sum(axis=0, dtype=np.float64)
    return summed
