"""A linear map behind a network that shrinks what photos of one person differ by.

Within-class covariance normalisation, as speaker verification has it (Hatch, Kajarekar and Stolcke,
Interspeech 2006), shrunk towards the identity by as much as helps people whom the map has not seen.
It takes a second, and no learning rate: docs/training.md has what it brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.evaluation import resampling
from ml.evaluation.comparisons import compare
from ml.evaluation.resampling import Ints
from ml.templates import directions
from ml.types import Floats

SHARES: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
"""Of the covariance within people; the rest is that of a ball, which changes nothing."""
FOLDS: Final = 5
PEOPLE_NEEDED: Final = 10
"""Of whom two and more are left out at a time; with fewer there is nobody to choose by."""
FAR: Final = 0.001
"""At which pairs of people who are left out are accepted, to compare shares by."""
MOST_PHOTOS: Final = 2000
"""By which a share is chosen; more of them take long and choose no better."""


def shrinking(features: Floats, classes: Ints) -> Floats:
    """The map, (D, D) float32, symmetric, to be multiplied from the right to embeddings.

    `features`, (N, D) of length 1, are of the people `classes`, (N,). It is the identity if that is
    best for people whom it was not fitted to, or if there are fewer than `PEOPLE_NEEDED`.
    """
    people = np.unique(classes)
    if len(people) < PEOPLE_NEEDED:
        return np.eye(features.shape[1], dtype=np.float32)
    rng = np.random.default_rng(0)
    folds = np.array_split(rng.permutation(people), FOLDS)
    few = np.sort(rng.permutation(len(classes))[:MOST_PHOTOS])
    worth = {share: _worth(share, features[few], classes[few], folds) for share in SHARES}
    best = max(SHARES, key=lambda share: (worth[share], -share))
    return _mapping(best, features, classes)


def _worth(share: float, features: Floats, classes: Ints, folds: Sequence[Ints]) -> float:
    """How many pairs of one person are accepted among people who are left out, 0..1."""
    accepted = [_accepted(share, features, classes, np.isin(classes, fold)) for fold in folds]
    return float(np.mean(accepted))


def _accepted(
    share: float, features: Floats, classes: Ints, left_out: npt.NDArray[np.bool_]
) -> float:
    mapped = features[left_out] @ _mapping(share, features[~left_out], classes[~left_out])
    owners = np.unique(classes[left_out], return_inverse=True)[1]
    everybody = resampling.weights(int(owners.max()) + 1, bootstraps=0)
    # There are no pairs of one person where everybody has one photo.
    return float(np.nan_to_num(compare(directions(mapped), owners).tar([FAR], everybody)[0, 0]))


def _mapping(share: float, features: Floats, classes: Ints) -> Floats:
    """The inverse root of the covariance within people, mixed with a ball of its size, of which the
    mean eigenvalue is 1."""
    owners = np.unique(classes, return_inverse=True)[1]
    sums = np.zeros((int(owners.max()) + 1, features.shape[1]))
    np.add.at(sums, owners, features)
    apart = features - (sums / np.bincount(owners)[:, None])[owners]
    within = apart.T @ apart
    ball = np.eye(len(within)) * np.trace(within) / len(within)
    values, vectors = np.linalg.eigh(share * within + (1 - share) * ball)
    roots = 1 / np.sqrt(np.maximum(values, 1e-12))
    mapped: Floats = ((vectors * roots / roots.mean()) @ vectors.T).astype(np.float32)
    return mapped
