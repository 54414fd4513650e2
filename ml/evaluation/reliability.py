"""Does a calibration keep its promises: are probabilities and FPIR what they are said to be?

Always measured on people whom the calibration was not fitted to. One that was fitted to the people
at hand is fitted anew to a part of them and measured on the others, part after part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from ml.calibration import Calibration, Policy
from ml.evaluation import fitting, resampling
from ml.evaluation.probabilities import Bin, bins, calibration_error, weights
from ml.evaluation.rates import FPIRS
from ml.evaluation.resampling import BOOTSTRAPS, Interval, Ints
from ml.evaluation.samples import ENROL, HeldOut, Photo
from ml.gallery import Gallery
from ml.neighbourhood import unit
from ml.types import Doubles, Floats

Size = Literal["10", "100", "all"]
SIZES: Final[tuple[Size, ...]] = ("10", "100", "all")
"""People enrolled. `all` are as many as leave a fifth of the people, and `STRANGERS`, outside."""
STRANGERS = 4
"""People who stay outside each gallery, at the least."""
ROUNDS = 4
"""Galleries of each size that are drawn for each calibration."""
MOST_PROBES = 1000
"""Of enrolled people and of strangers alike, in each gallery."""

Calibrate = Callable[[HeldOut], Calibration]
"""Makes a calibration from those of the people at whom it may look."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What share of strangers was named in galleries of one size, by the FPIR that was promised.

    `people` are enrolled, None where there are too few: `needed` is how many it would take. A
    measured share is None where there are too few photos of strangers to see it.
    """

    gallery: Size
    people: int | None
    needed: int
    measured: dict[float, Interval | None]


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well promises were kept. `error` is the expected calibration error, 0..1.

    Without enough people for any gallery there are no bins, and `error` is None. Half of the
    answers are about enrolled people, half about strangers, as probabilities presume.
    """

    people: int
    bins: tuple[Bin, ...]
    error: float | None
    promises: tuple[Promise, ...]

    def summary(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "people": self.people,
            "calibration_error": self.error,
            "bins": [asdict(one) for one in self.bins],
            "fpir": [
                {
                    "gallery": promise.gallery,
                    "people": promise.people,
                    "needed": promise.needed,
                    "measured": {
                        str(promised): measured and measured.as_dict()
                        for promised, measured in promise.measured.items()
                    },
                }
                for promise in self.promises
            ],
        }


def of_fitted(held_out: HeldOut, *, seed: int = 0, bootstraps: int = BOOTSTRAPS) -> Reliability:
    """That of calibrations which `ml.evaluation.fitting.fit` makes for this model: from one half of
    the people, for the other, both ways."""

    def fit(people: HeldOut) -> Calibration:
        return fitting.fit_part(people.people, seed=seed)

    return _measure(held_out, fit, parts=2, seed=seed, bootstraps=bootstraps)


def of_carried_over(
    parent: Calibration,
    before: HeldOut,
    after: HeldOut,
    *,
    seed: int = 0,
    bootstraps: int = BOOTSTRAPS,
) -> Reliability:
    """That of calibrations which `ml.evaluation.fitting.carried_over` makes: from a third of the
    people.

    Two numbers need fewer people than a fit does; that leaves more to measure with.
    """

    def carry_over(people: HeldOut) -> Calibration:
        return fitting.carried_over(parent, before.only(people.labels), people, {})

    return _measure(after, carry_over, parts=3, seed=seed, bootstraps=bootstraps)


@dataclass(frozen=True, eq=False)
class _Trial:
    """Answers in one gallery of `people`: photo, probability and score of the best person, whether
    that is right, and whether nobody would be, all (P,); bars by promised FPIR."""

    people: int
    photos: Ints
    probability: Doubles
    score: Doubles
    right: npt.NDArray[np.bool_]
    stranger: npt.NDArray[np.bool_]
    bars: dict[float, float]


_Trials = dict[Size, list[_Trial]]


def _measure(
    held_out: HeldOut, calibrate: Calibrate, *, parts: int, seed: int, bootstraps: int
) -> Reliability:
    seen = held_out.limited(seed=seed)
    trials = _trials(seen, calibrate, parts, np.random.default_rng(seed))
    drawn = resampling.weights(len(seen.labels), bootstraps=bootstraps, seed=seed)
    found = tuple(_bins([trial for of_size in trials.values() for trial in of_size]))
    return Reliability(
        people=len(seen.labels),
        bins=found,
        error=calibration_error(found) if found else None,
        promises=tuple(
            Promise(
                gallery=size,
                people=trials[size][0].people if trials[size] else None,
                needed=_needed(size, parts),
                measured=_named_by_promise(trials[size], seen.owners, drawn),
            )
            for size in SIZES
        ),
    )


def _trials(seen: HeldOut, calibrate: Calibrate, parts: int, rng: np.random.Generator) -> _Trials:
    trials: _Trials = {size: [] for size in SIZES}
    shuffled = rng.permutation(len(seen.labels))
    for part in np.array_split(shuffled, parts) if parts > 1 else [shuffled[:0]]:
        others = np.setdiff1d(shuffled, part)
        known = np.array([n for n in others if (seen.owners == n).sum() > ENROL], np.int64)
        sizes = {size: _enrolled(size, len(known), len(others)) for size in SIZES}
        if not any(sizes.values()):
            continue
        calibrated = calibrate(seen.only([seen.labels[number] for number in part]))
        for size, number in sizes.items():
            for _ in range(ROUNDS if number else 0):
                enrolled = rng.permutation(known)[:number]
                strangers = np.setdiff1d(others, enrolled)
                trials[size].append(_trial(seen, calibrated, enrolled, strangers, rng))
    return trials


def _enrolled(size: Size, known: int, people: int) -> int:
    """How many to enrol; 0 where a gallery of this size would leave too few strangers."""
    most = min(known, people - max(STRANGERS, people // 5 if size == "all" else 0))
    wanted = most if size == "all" else int(size)
    return wanted if 2 <= wanted <= most else 0


def _trial(
    seen: HeldOut,
    calibrated: Calibration,
    enrolled: Ints,
    strangers: Ints,
    rng: np.random.Generator,
) -> _Trial:
    gallery = Gallery(seen.embeddings.size)
    mated: list[int] = []
    for person in enrolled:
        photos = rng.permutation(np.flatnonzero(seen.owners == person))
        for photo in photos[:ENROL]:
            gallery.add(int(photo), int(person), seen.embeddings.templates[photo])
        mated += photos[ENROL:].tolist()
    unknown = np.flatnonzero(np.isin(seen.owners, strangers))
    photos = np.concatenate([rng.permutation(rows)[:MOST_PROBES] for rows in (mated, unknown)])
    asked = seen.embeddings[photos]
    best = [_best(photo, gallery, calibrated) for photo in asked]
    people, probability, score = zip(*best, strict=True)
    return _Trial(
        people=len(enrolled),
        photos=photos,
        probability=np.array(probability),
        score=np.array(score),
        right=np.equal(people, seen.owners[photos]),
        stranger=np.isin(seen.owners[photos], strangers),
        bars={fpir: calibrated.bar(fpir) for fpir in FPIRS},
    )


def _best(photo: Photo, gallery: Gallery, calibrated: Calibration) -> tuple[int, float, float]:
    """The best person, and the probability and score of that."""
    answer = photo.identify(gallery, calibrated, Policy(FPIRS[0]))
    first = answer.candidates[0]
    worth = unit(gallery.people, len(calibrated.anchors))
    return first.person, first.probability, answer.margin / worth + calibrated.bar(FPIRS[0])


def _bins(trials: Sequence[_Trial]) -> Iterator[Bin]:
    if not trials:
        return iter(())
    probability = np.concatenate([trial.probability for trial in trials])
    right = np.concatenate([trial.right for trial in trials])
    weight = np.concatenate([weights(trial.stranger) for trial in trials]) / len(trials)
    return bins(probability, right, weight)


def _needed(size: Size, parts: int) -> int:
    """How many people it takes, with those to whom the calibration is fitted."""
    measured = (2 if size == "all" else int(size)) + STRANGERS
    return measured if parts == 1 else -(-measured * parts // (parts - 1))


def _named_by_promise(
    trials: Sequence[_Trial], owners: Ints, drawn: Floats
) -> dict[float, Interval | None]:
    if not trials:
        return {}
    return {fpir: _named(trials, fpir, owners, drawn) for fpir in FPIRS}


def _named(trials: Sequence[_Trial], fpir: float, owners: Ints, drawn: Floats) -> Interval | None:
    """The share of strangers who were named, with its interval over people."""
    photos = np.concatenate([trial.photos[trial.stranger] for trial in trials])
    if len(np.unique(photos)) * fpir < 1:
        return None
    named = [trial.score[trial.stranger] >= trial.bars[fpir] for trial in trials]
    half = np.full((len(drawn), 1), 0.5)
    shares = resampling.shares_above(
        half, np.concatenate(named).astype(np.float32), owners[photos], drawn
    )
    return Interval.of(shares[:, 0])
