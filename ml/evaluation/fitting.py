"""Fitting a calibration to embeddings of people who are in no figure that is quoted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from ml.calibration import CANDIDATES, Calibration, Spread, best_impostor
from ml.evaluation.samples import ENROL, HeldOut, enrolled_as, rows_of
from ml.gallery import Gallery
from ml.types import Floats

GALLERY_SIZES = (1, 2, 5, 10, 20, 40, 60)
TEMPLATES_PER_PERSON = (1, 2, 3, 5, 10)
PROBES_PER_PERSON = 20
PIECE = 1024
PEOPLE_NEEDED = max(GALLERY_SIZES) * 4 // 3
TAIL_SHARES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001)
NOBODY = -1
MISSED = -2
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Trial:
    """One random gallery: the five best similarities of probes of enrolled people and of strangers,
    (P, 5) with -1 where there are fewer people, and at which of them the right person is."""

    gallery: Gallery
    similarities: Doubles
    right: npt.NDArray[np.int64]

    @property
    def strangers(self) -> npt.NDArray[np.bool_]:
        return np.equal(self.right, NOBODY)


def fit(
    people: Mapping[str, Floats],
    source: Mapping[str, Any],
    *,
    repetitions: int = 6,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Calibration:
    """Fit a calibration to `people`, name → embeddings (K, D), float32, length 1.

    Random galleries of several sizes are drawn; everybody who is not enrolled is a stranger.
    `progress` is called with how many galleries are done and how many there are.

    Raises:
        ValueError: there are fewer people than the largest gallery and as many strangers need.
    """
    if len(people) < PEOPLE_NEEDED:
        raise ValueError(f"{len(people)} people are too few; {PEOPLE_NEEDED} are needed.")
    rng = np.random.default_rng(seed)
    galleries = [*product(GALLERY_SIZES, TEMPLATES_PER_PERSON)] * repetitions
    trials = []
    for done, (size, templates) in enumerate(galleries, start=1):
        trials.append(_draw(people, size, templates, rng))
        progress(done, len(galleries))
    return _fitted(trials, source)


def fit_part(people: Mapping[str, Floats], *, seed: int = 0) -> Calibration:
    """A rougher fit to a part of the people, for measuring on the others how well a fit holds.

    What does not fit into galleries as small as the people are few is extrapolated.

    Raises:
        ValueError: there are fewer than three people.
    """
    sizes = [size for size in GALLERY_SIZES if size * 4 <= len(people) * 3]
    if len(sizes) < 2:  # how the extremes grow takes two points
        raise ValueError(f"{len(people)} people are too few; 3 are needed.")
    rng = np.random.default_rng(seed)
    galleries = [*product(sizes, TEMPLATES_PER_PERSON)] * 2
    return _fitted([_draw(people, size, count, rng) for size, count in galleries], {})


def _fitted(trials: list[_Trial], source: Mapping[str, Any]) -> Calibration:
    mean, sd = _extremes(trials)
    half_fitted = Calibration(mean, sd, _tail(trials), (0.0, 1.0), dict(source))
    return replace(half_fitted, evidence=_evidence(trials, half_fitted))


def carried_over(
    parent: Calibration, before: HeldOut, after: HeldOut, source: Mapping[str, Any]
) -> Calibration:
    """The calibration of another model in the units of a new one, for want of people to fit to.

    `before` and `after` are the same photos as the two models embed them. A few people are enough
    to see where the similarities of different people lie (mean) and how far they spread (sd), but
    not what share of them comes above three deviations. So the first two are measured under both
    models, and the line that maps one pair onto the other carries over everything else:

    - A calibration knows similarities only in units of the spread of impostors: `tail` and
      `evidence` are about (similarity - mean) / sd, which a line leaves as it is. `mean` and `sd`
      of the best of N impostors are quantiles of theirs, and a line maps quantiles to quantiles.
    - Both models see the same photos. What is peculiar to these few people, who may look more alike
      than those of the calibration, shifts both sides and cancels.
    - Compared is as in serving, a photo with other people's prototypes: how much longer a
      prototype's agreement makes its similarities differs between models, too.

    It presumes that the two distributions have the same shape. `ml.evaluation.reliability` says
    how well that holds.

    Raises:
        ValueError: the photos are not the same, or show fewer than two people.
    """
    if len(set(after.labels)) < 2 or not np.array_equal(before.owners, after.owners):
        raise ValueError("It takes the same photos of two people or more under both models.")
    old, new = _impostors(before), _impostors(after)
    factor = new.sd / max(old.sd, 1e-6)
    shift = new.mean - factor * old.mean
    return Calibration(
        mean=(factor * parent.mean[0] + shift, factor * parent.mean[1]),
        sd=(factor * parent.sd[0], factor * parent.sd[1]),
        tail=parent.tail,
        evidence=parent.evidence,
        source={**source, "carried_over": {"factor": factor, "shift": shift}},
    )


def _impostors(held_out: HeldOut) -> Spread:
    """Where the similarities of all photos to the prototypes of everybody else lie.

    Piece by piece: 3,999 people with 14 photos each have 224 million of them.
    """
    rows = rows_of(held_out.owners)
    prototypes = np.stack([enrolled_as(held_out.embeddings[own[:ENROL]]) for own in rows])
    number, total, squares = 0, 0.0, 0.0
    for start in range(0, len(held_out.owners), PIECE):
        owners = held_out.owners[start : start + PIECE]
        similarities = held_out.embeddings[start : start + PIECE] @ prototypes.T
        impostors = similarities[owners[:, None] != np.arange(len(rows))].astype(np.float64)
        number += len(impostors)
        total += float(impostors.sum())
        squares += float(impostors @ impostors)
    mean = total / number
    return Spread(mean, math.sqrt(max(squares / number - mean**2, 0.0)))


def _draw(
    people: Mapping[str, Floats], size: int, templates: int, rng: np.random.Generator
) -> _Trial:
    names = rng.permutation(sorted(people))
    enrolled, strangers = names[:size], names[size:]
    gallery = Gallery(next(iter(people.values())).shape[1])
    mated: list[tuple[int, Floats]] = []
    for person, name in enumerate(enrolled):
        photos = rng.permutation(people[name])
        for number, photo in enumerate(photos[:templates]):
            gallery.add(person * 1000 + number, person, photo)
        mated += [(person, photo) for photo in photos[templates : templates + PROBES_PER_PERSON]]
    nobody = [(NOBODY, photo) for name in strangers for photo in people[name][:PROBES_PER_PERSON]]
    rows = list(_searched(gallery, mated + nobody))
    return _Trial(gallery, np.array([row for row, _ in rows]), np.array([at for _, at in rows]))


def _searched(
    gallery: Gallery, probes: list[tuple[int, Floats]]
) -> Iterator[tuple[list[float], int]]:
    for person, probe in probes:
        found = gallery.search(probe, CANDIDATES)
        similarities = [near.similarity for near in found] + [-1.0] * (CANDIDATES - len(found))
        ranks = [rank for rank, near in enumerate(found) if near.person == person]
        yield similarities, NOBODY if person == NOBODY else (ranks[0] if ranks else MISSED)


def _best_of_strangers(trial: _Trial) -> Doubles:
    best: Doubles = trial.similarities[trial.strangers, 0]
    return best


def _extremes(trials: list[_Trial]) -> tuple[tuple[float, float], tuple[float, float]]:
    """How mean and deviation of a stranger's best similarity grow with sqrt(ln N)."""
    x = np.sqrt(np.log([trial.gallery.people for trial in trials]))
    best = [_best_of_strangers(trial) for trial in trials]
    mean = np.polynomial.Polynomial.fit(x, [b.mean() for b in best], 1).convert().coef
    sd = np.polynomial.Polynomial.fit(x, [b.std() for b in best], 1).convert().coef
    return (float(mean[0]), float(mean[1])), (float(sd[0]), float(sd[1]))


def _tail(trials: list[_Trial]) -> tuple[tuple[float, float], ...]:
    """The upper quantiles of standardised best similarities of strangers, over all galleries."""
    best = [_best_of_strangers(trial) for trial in trials]
    pooled = np.concatenate([(b - b.mean()) / b.std() for b in best])
    values = np.quantile(pooled, [1 - share for share in TAIL_SHARES])
    return tuple((share, float(z)) for share, z in zip(TAIL_SHARES, values, strict=True))


def _evidence(trials: list[_Trial], calibration: Calibration) -> tuple[float, float]:
    """Maximum likelihood of who the probe is, or nobody, over enrolled people and strangers alike.

    A conditional logit: each candidate's odds are exp(intercept + slope * standardised similarity),
    those of nobody are 1. A mated probe whose person is not among the candidates is nobody's.
    """
    standardised, right, weights = [], [], []
    for trial in trials:
        spread = best_impostor(trial.gallery, calibration)
        standardised.append((trial.similarities - spread.mean) / spread.sd)
        right.append(np.where(trial.right == MISSED, NOBODY, trial.right))
        counts = np.where(trial.strangers, trial.strangers.sum(), (~trial.strangers).sum())
        weights.append(1 / counts)
    z, at, weight = np.concatenate(standardised), np.concatenate(right), np.concatenate(weights)

    def loss(parameters: Doubles) -> float:
        logits = np.minimum(parameters[0] + parameters[1] * z, 50)
        chosen = np.where(at >= 0, logits[np.arange(len(at)), np.maximum(at, 0)], 0.0)
        losses = np.log1p(np.exp(logits).sum(axis=1)) - chosen
        return float(np.average(losses, weights=weight))

    result = minimize(loss, np.array([-4.0, 2.0]), method="Nelder-Mead")
    return float(result.x[0]), float(result.x[1])
