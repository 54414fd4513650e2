"""How sure a difference between two networks is that were asked about the same people.

The standard error is that of the bootstrap over people, with n / (n - 1) for its bias; ends are
taken from Student's t, since among few people the percentiles of resamples are much too narrow.
Where nobody's answers differ, resamples do not either, and would promise certainty. So two people
are added who were not seen, one whom the change costs a share of their photos and one who wins as
much, after Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial
proportions based on paired data", 2012.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ml.types import Doubles

UNSEEN = 0.1
"""Share of their photos that the two who were not seen would lose and win: one of ten."""
POWER = 0.8
"""Chance to tell a difference, of the number of people that it would take."""
MOST_PEOPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Difference:
    """`candidate` and `active` are shares 0..1, `deviation` what the bootstrap over `people` makes
    of the standard error of their difference."""

    candidate: float
    active: float
    deviation: float
    people: int

    @classmethod
    def of(cls, candidate: Doubles, active: Doubles, people: int) -> Self:
        """From two statistics of the sample and of the same resamples of it, (1 + B,) each.

        Raises:
            ValueError: the sample has no such share, or hardly a resample has.
        """
        resampled = (candidate - active)[1:]
        finite = resampled[np.isfinite(resampled)]
        if people < 2 or len(finite) < 2 or not np.isfinite(candidate[0] - active[0]):
            raise ValueError("There is nothing to compare.")
        deviation = float(finite.std()) * (people / (people - 1)) ** 0.5
        return cls(float(candidate[0]), float(active[0]), deviation, people)

    @property
    def value(self) -> float:
        """By how much the candidate is better, -1..1."""
        return self.candidate - self.active

    @property
    def error(self) -> float:
        """The standard error, with the two who were not seen."""
        unseen = 2 * (UNSEEN / (self.people + 2)) ** 2
        return float(np.sqrt(self.deviation**2 + unseen))

    def ends(self, risk: float) -> tuple[float, float]:
        """What it is at the least and at the most, each end wrong with a chance of `risk`."""
        reach = self.error * _quantile(1 - risk, self.people)
        return max(-1.0, self.value - reach), min(1.0, self.value + reach)

    def people_needed(self, margin: float, risk: float) -> int:
        """How many people it takes to tell that a network which is as good is worse by no more than
        `margin`, if they differ as those do who were seen."""
        few, many = self.people, MOST_PEOPLE
        while few < many:
            middle = (few + many) // 2
            one = self._among(middle)
            reach = one.error * (_quantile(1 - risk, middle) + _quantile(POWER, middle))
            few, many = (few, middle) if reach <= margin else (middle + 1, many)
        return few

    def _among(self, people: int) -> Difference:
        deviation = self.deviation * (self.people / people) ** 0.5
        return replace(self, deviation=deviation, people=people)


def _quantile(share: float, people: int) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415  (heavy, and not installed everywhere)

    return float(stdtrit(people - 1, share))
