"""Fitting a calibration to embeddings of people on whom nothing that is quoted was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.calibration import CANDIDATES, Calibration, Evidence
from ml.evaluation.samples import ENROL, Embeddings, HeldOut, enrolled_as
from ml.gallery import Gallery
from ml.language import tell
from ml.neighbourhood import Neighbourhood, Scored
from ml.types import Doubles, Floats

ANCHORS = 90
SHAPE = 0.5
"""Anchors are drawn from a ball that has so much of the shape of people's prototypes. Drawn from
their covariance alone they would lie nearer to these people than to others."""
SHAPED_BY = 40
"""How many people it takes to see that shape; with fewer, the ball has less of it."""
SMALLEST = 1e-9
"""Variance that anchors have in every direction, also where everybody looks the same."""
ANCHOR_PHOTOS = 4
"""Photos of a person, at the most, whose mean is the prototype that anchors are drawn from."""
TEMPLATES_PER_PERSON = (1, 2, 3, 5, 10)
"""How many photos of each person are enrolled, from gallery to gallery."""
PROBES_PER_PERSON = 20
"""Photos of a person that are asked about, at the most."""
PEOPLE_NEEDED = 80
"""People that a fit takes; with fewer, another calibration is carried over."""
TAIL_SHARES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001)
NOBODY = -1
MISSED = -2
People = Mapping[str, Embeddings]


@dataclass(frozen=True)
class _Trial:
    """One random gallery: the five best scores of probes of enrolled people and of strangers,
    (P, 5) with -inf where there are fewer people, how many photos of each are enrolled, and at
    which of them the right person is."""

    scores: Doubles
    photos: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]

    @property
    def strangers(self) -> npt.NDArray[np.bool_]:
        return np.equal(self.right, NOBODY)


def fit(
    people: People,
    source: Mapping[str, Any],
    *,
    repetitions: int = 8,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Calibration:
    """Fit a calibration to photos of `people`, by name: to templates alone, as which everybody is
    asked about of whom there is doubt.

    Random galleries are drawn from one half of the people, with anchors from the other: among
    anchors drawn from them they would be less alike than new people are. Half of a half is
    enrolled, the others are strangers. `progress` is called with how many galleries are done and
    how many there are.

    Raises:
        ValueError: there are fewer people than `PEOPLE_NEEDED`.
    """
    if len(people) < PEOPLE_NEEDED:
        raise _too_few(len(people), PEOPLE_NEEDED)
    return _fitted(people, source, repetitions, seed, progress)


def fit_part(people: People, *, seed: int = 0) -> Calibration:
    """A rougher fit to a part of the people, for measuring on the others how well a fit holds.

    Raises:
        ValueError: there are fewer than eight people.
    """
    if len(people) < 8:  # two of a half to enrol, and two strangers
        raise _too_few(len(people), 8)
    return _fitted(people, {}, 4, seed, lambda _done, _total: None)


def _too_few(people: int, needed: int) -> ValueError:
    return ValueError(
        tell(
            "There are too few people (%(people)d); %(needed)d are needed.",
            people=people,
            needed=needed,
        )
    )


def anchors(people: People, *, seed: int = 0) -> Floats:
    """Directions that are nobody's, and lie as these people's prototypes do: (90, D) float32.

    Raises:
        ValueError: there are fewer than two people.
    """
    if len(people) < 2:
        raise ValueError("It takes two people or more.")
    prototypes = np.stack([enrolled_as(people[name][:ANCHOR_PHOTOS]) for name in sorted(people)])
    mean, covariance = prototypes.mean(axis=0), np.cov(prototypes.T)
    # The mean of a few lies farther out than that of all: a part of it is these few themselves.
    of_all = max(0.0, 1 - float(np.trace(covariance)))
    ball = np.eye(len(mean)) * np.trace(covariance) / len(mean)
    shape = SHAPE * min(1.0, len(people) / SHAPED_BY)
    drawn = np.random.default_rng([seed, ANCHORS]).multivariate_normal(
        mean * math.sqrt(of_all) / max(float(np.linalg.norm(mean)), 1e-6),
        shape * covariance + (1 - shape) * ball + SMALLEST * np.eye(len(mean)),
        size=ANCHORS,
        method="cholesky",  # of the others the signs depend on the processor
    )
    unit: Floats = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _fitted(
    people: People,
    source: Mapping[str, Any],
    repetitions: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> Calibration:
    rng = np.random.default_rng(seed)
    names = rng.permutation(sorted(people))
    half = len(names) // 2
    halves = [{name: people[name] for name in part} for part in (names[:half], names[half:])]
    plan = [*product(((0, 1), (1, 0)), TEMPLATES_PER_PERSON)] * repetitions
    among = [anchors(part, seed=seed) for part in halves]
    trials = []
    for done, ((asked, other), templates) in enumerate(plan, start=1):
        trials.append(_draw(halves[asked], among[other], templates, rng))
        progress(done, len(plan))
    everybody = anchors(people, seed=seed)
    return Calibration(everybody, _tail(trials), _evidence(trials), dict(source))


def carried_over(
    parent: Calibration, before: HeldOut, after: HeldOut, source: Mapping[str, Any]
) -> Calibration:
    """The calibration of another model in the units of a new one, for want of people to fit to.

    `before` and `after` are the same photos as the two models embed them. A few people are enough
    to see where the scores of strangers lie (mean) and how far they spread (sd), but not what share
    of them comes above three deviations. So the first two are measured under both models, and the
    line that maps one pair onto the other carries over everything else. The anchors are drawn anew.

    Both models see the same photos: what is peculiar to these few people, who may look more alike
    than those of the calibration, shifts both sides and cancels. It presumes that the two
    distributions have the same shape. `ml.evaluation.reliability` says how well that holds.

    Raises:
        ValueError: the photos are not the same, or show fewer than two people.
    """
    if len(set(after.labels)) < 2 or not np.array_equal(before.owners, after.owners):
        raise ValueError("It takes the same photos of two people or more under both models.")
    names = sorted(set(after.labels))[:PEOPLE_NEEDED]
    old_photos, new_photos = (
        one.only(names).limited(PROBES_PER_PERSON).people for one in (before, after)
    )
    old = _strangers(old_photos, dict.fromkeys(names, parent.anchors))
    new = _strangers(new_photos, _anchors_of_others(new_photos))
    factor = float(new.std() / max(old.std(), 1e-6))
    shift = float(new.mean() - factor * old.mean())
    intercept, slope, one_photo = parent.evidence
    return Calibration(
        anchors=anchors(after.people),
        tail=tuple((share, factor * score + shift) for share, score in parent.tail),
        evidence=Evidence(intercept - slope * shift / factor, slope / factor, one_photo),
        source={**source, "carried_over": {"factor": factor, "shift": shift}},
    )


def _anchors_of_others(people: People) -> dict[str, Floats]:
    """For each person anchors drawn from the half of the people to which they do not belong; of
    fewer than four people, from all."""
    names = sorted(people)
    halves = [names[::2], names[1::2]] if len(names) >= 4 else [names, names]
    first, second = (anchors({name: people[name] for name in half}) for half in halves)
    return dict.fromkeys(halves[1], first) | dict.fromkeys(halves[0], second)


def _strangers(people: People, anchors_for: Mapping[str, Floats]) -> Doubles:
    """The best score of each photo in a gallery of everybody else."""
    best = []
    for asked, photos in sorted(people.items()):
        gallery = Gallery(photos.size)
        for person, name in enumerate(sorted(people.keys() - {asked})):
            for template in people[name][:ENROL].templates:
                gallery.add(gallery.templates, person, template)
        here = Neighbourhood(gallery, anchors_for[asked], math.inf)
        best += [here.scores(probe, 1)[0].score for probe in photos.templates]
    return np.array(best)


def _draw(people: People, anchors: Floats, templates: int, rng: np.random.Generator) -> _Trial:
    names = rng.permutation(sorted(people))
    enrolled, strangers = names[: len(names) // 2], names[len(names) // 2 :]
    gallery = Gallery(anchors.shape[1])
    mated: list[tuple[int, Floats]] = []
    for person, name in enumerate(enrolled):
        photos = people[name][rng.permutation(len(people[name]))]
        for number, template in enumerate(photos.templates[:templates]):
            gallery.add(person * 1000 + number, person, template)
        left = photos.templates[templates : templates + PROBES_PER_PERSON]
        mated += [(person, probe) for probe in left]
    nobody = [
        (NOBODY, probe)
        for name in strangers
        for probe in people[name].templates[:PROBES_PER_PERSON]
    ]
    # They are different people, so that no bar is needed to tell who is enrolled twice.
    here = Neighbourhood(gallery, anchors, math.inf)
    found = [here.scores(probe, CANDIDATES) for _, probe in mated + nobody]
    return _Trial(
        scores=np.array([_filled([one.score for one in row], -math.inf) for row in found]),
        photos=np.array([_filled([one.photos for one in row], 1) for row in found]),
        right=np.array(
            [_place(person, row) for (person, _), row in zip(mated + nobody, found, strict=True)]
        ),
    )


def _filled(values: Sequence[float], missing: float) -> list[float]:
    return [*values, *[missing] * (CANDIDATES - len(values))]


def _place(person: int, found: Sequence[Scored]) -> int:
    people = [one.person for one in found]
    if person == NOBODY:
        return NOBODY
    return people.index(person) if person in people else MISSED


def _tail(trials: Sequence[_Trial]) -> tuple[tuple[float, float], ...]:
    """The upper quantiles of the best scores of strangers, over all galleries."""
    best = np.concatenate([trial.scores[trial.strangers, 0] for trial in trials])
    values = np.quantile(best, [1 - share for share in TAIL_SHARES])
    return tuple((share, float(score)) for share, score in zip(TAIL_SHARES, values, strict=True))


def _evidence(trials: Sequence[_Trial]) -> Evidence:
    """Maximum likelihood of who the probe is, or nobody, over enrolled people and strangers alike.

    A conditional logit: each candidate's odds are those of `Evidence`, those of nobody are 1. A
    mated probe whose person is not among the candidates is nobody's.
    """
    scores = np.concatenate([trial.scores for trial in trials])
    photos = np.concatenate([trial.photos for trial in trials])
    right = np.concatenate([trial.right for trial in trials])
    at = np.where(right == MISSED, NOBODY, right)
    counts = [
        np.where(one.strangers, one.strangers.sum(), (~one.strangers).sum()) for one in trials
    ]
    weight = 1 / np.concatenate(counts)

    def loss(parameters: Doubles) -> float:
        logits = Evidence(*parameters).log_odds(scores, photos)
        chosen = np.where(at >= 0, logits[np.arange(len(at)), np.maximum(at, 0)], 0.0)
        losses = np.log1p(np.exp(logits).sum(axis=1)) - chosen
        return float(np.average(losses, weights=weight))

    from scipy.optimize import minimize  # noqa: PLC0415  (heavy, and not installed everywhere)

    result = minimize(loss, np.array([-4.0, 20.0, 1.0]), method="Nelder-Mead")
    return Evidence(*map(float, result.x))
