"""What the own classes of a network are worth: how sure they may be, and of whom.

Two figures sum them up. As a closed set: the share of test photos that are named rightly where
nobody is a stranger, as the paper counts. As an open set: the same share at a threshold above which
no more than so many strangers are named; of the photos of strangers a network is often as sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from ml.classes import SMALLEST, Classes, tempered
from ml.data.splits import Split
from ml.evaluation.fitting import TAIL_SHARES
from ml.evaluation.rates import allowed, share_above, threshold_at
from ml.evaluation.resampling import Ints
from ml.types import Doubles, Floats

FPIRS: Final = (0.1, 0.01)
ENOUGH: Final = 2000
"""Validation photos, at most, that the temperature is fitted on: it is a single number."""
TEMPERATURES: Final = (0.05, 20.0)
HELD_OUT: Final = "people held out"
NOT_THEIR_OWN: Final = "validation photos without their own class"

Ask = Callable[[Ints], Iterable[Floats]]
"""The probabilities that a network gives its classes, (N, C), for photos by row, batch by batch."""


@dataclass(frozen=True, eq=False)
class Likeliest:
    """The likeliest class of each photo, (N,), and its log odds against all others, (N,)."""

    best: Ints
    odds: Doubles

    @classmethod
    def of(cls, batches: Iterable[Floats], temperature: float) -> Self:
        """From a network's own probabilities, (N, C), batch by batch."""
        found = [_likeliest(tempered(own, temperature)) for own in batches]
        nothing = np.zeros(0, np.int64), np.zeros(0)
        return cls(*map(np.concatenate, zip(*found, strict=True))) if found else cls(*nothing)


@dataclass(frozen=True)
class OwnClasses:
    """The fitted numbers, and what they were measured to be worth.

    `right` is the share of test photos that are named rightly as a closed set, and `dir` that at
    thresholds at which so many strangers are named; None is what so few photos cannot tell.
    """

    classes: Classes
    right: float | None
    dir: Mapping[float, float | None]

    def summary(self) -> dict[str, Any]:
        """For JSON: shares 0..1 or null."""
        return {
            "temperature": self.classes.temperature,
            "strangers": self.classes.source,
            "right": self.right,
            "dir": {str(fpir): share for fpir, share in self.dir.items()},
        }


def measure(ask: Ask, split: Split) -> OwnClasses:
    """Fit the temperature to validation photos and the tail to people held out, and look at both.

    Where nobody is held out, validation photos stand for strangers: asked about without the class
    that they are of, since the others do not have the person either. They are like those whom the
    network has learned in every other way, so that real strangers may be named more often.
    """
    some = np.random.default_rng(0).permutation(split.validation)[:ENOUGH]
    own, truth = np.concatenate(list(ask(some))), split.classes[some]
    temperature = fit_temperature(own, truth)
    if len(split.held_out_photos):
        strangers = Likeliest.of(ask(split.held_out_photos), temperature).odds
        source = {"fitted_on": HELD_OUT, "people": len(split.held_out), "photos": len(strangers)}
    else:
        strangers = Likeliest.of([_without(own, truth)], temperature).odds
        source = {"fitted_on": NOT_THEIR_OWN, "people": len(split.labels), "photos": len(strangers)}
    known = Likeliest.of(ask(split.test), temperature)
    hits = np.equal(known.best, split.classes[split.test])
    right = np.where(hits, known.odds, -np.inf)
    return OwnClasses(
        Classes(temperature, fit_tail(strangers), source),
        float(hits.mean()) if len(hits) else None,
        {fpir: _named_rightly(fpir, strangers, right) for fpir in FPIRS},
    )


def fit_temperature(own: Floats, truth: Ints) -> float:
    """The temperature at which the right classes, (N,), are likeliest, of the network's own
    probabilities, (N, C)."""

    def loss(log_temperature: float) -> float:
        shares = tempered(own, float(np.exp(log_temperature)))[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(shares, SMALLEST)).mean())

    from scipy.optimize import minimize_scalar  # noqa: PLC0415  (heavy, and not installed everywhere)

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))


def fit_tail(strangers: Doubles) -> tuple[tuple[float, float], ...]:
    """The upper quantiles of strangers' log odds, (N,), as far out as there are photos for."""
    shares = [share for share in TAIL_SHARES if share * len(strangers) >= 1]
    shares = shares if len(shares) > 1 else list(TAIL_SHARES[:2])
    values = np.quantile(strangers, [1 - share for share in shares])
    return tuple((share, float(odds)) for share, odds in zip(shares, values, strict=True))


def _named_rightly(fpir: float, strangers: Doubles, right: Doubles) -> float | None:
    """None where less than one stranger may be named, or nobody is asked about."""
    if not allowed(fpir, len(strangers)) or not len(right):
        return None
    return share_above(threshold_at(fpir, strangers), right)


def _likeliest(probabilities: Doubles) -> tuple[Ints, Doubles]:
    best = probabilities.argmax(axis=1)
    rows = np.arange(len(best))
    others = probabilities.copy()
    others[rows, best] = 0  # 1 - p would be 0 for all that are nearly sure
    odds = np.log(probabilities[rows, best]) - np.log(np.maximum(others.sum(axis=1), SMALLEST))
    return best, odds


def _without(own: Floats, classes: Ints) -> Floats:
    left = own.copy()
    left[np.arange(len(classes)), classes] = 0
    return left
