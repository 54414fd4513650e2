"""Photos of people whom a network has never seen, compared in pairs and searched for.

Neither knows of a threshold: what is kept are similarities, and whose they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ml.evaluation import resampling
from ml.evaluation.resampling import Ints
from ml.evaluation.samples import ENROL, Embeddings, enrolled_as, rows_of
from ml.types import Doubles, Floats

DRAWS = 10
"""Random galleries that are searched."""
MOST_PAIRS = 2_000_000
PIECE = 100_000
"""Pairs at a time: both sides of two million would be gigabytes."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Similarities of pairs of photos, float32 (M,), and whose photos they are.

    `owners` is (M,), `impostor_owners` (M, 2).
    """

    genuine: Floats
    owners: Ints
    impostors: Floats
    impostor_owners: Ints

    def tar(self, fars: Sequence[float], drawn: Floats) -> Doubles:
        """TAR at each FAR in each resample, (B, F)."""
        limits = resampling.thresholds(fars, self.impostors, self.impostor_owners, drawn)
        return resampling.shares_above(limits, self.genuine, self.owners, drawn)


@dataclass(frozen=True, eq=False)
class Searches:
    """What was found in random galleries, all draws together.

    `best` (S,) is the similarity of the most alike person for a photo of somebody enrolled, `right`
    whether that is the one, `owners` who it is; `stranger_best` and `stranger_owners`, (T,), are
    the same of strangers.
    """

    best: Floats
    right: npt.NDArray[np.bool_]
    owners: Ints
    stranger_best: Floats
    stranger_owners: Ints

    @property
    def right_best(self) -> Floats:
        """`best` where the right person is the most alike one, otherwise -inf."""
        return np.where(self.right, self.best, np.float32(-np.inf))

    def rank1(self, drawn: Floats) -> Doubles:
        """The share of photos whose own person is the most alike, in each resample, (B,)."""
        anything = np.full((len(drawn), 1), -np.inf)
        return resampling.shares_above(anything, self.right_best, self.owners, drawn)[:, 0]

    def dir(self, fpirs: Sequence[float], drawn: Floats) -> Doubles:
        """DIR at each FPIR in each resample, (B, F). The galleries stay as they were drawn."""
        owners = self.stranger_owners[:, None]
        limits = resampling.thresholds(fpirs, self.stranger_best, owners, drawn)
        return resampling.shares_above(limits, self.right_best, self.owners, drawn)


def compare(embeddings: Floats, owners: Ints, *, seed: int = 0) -> Pairs:
    """Compare all photos, (N, D) and (N,), in pairs.

    Of the pairs of different people a random `MOST_PAIRS` are taken if there are more.
    """
    genuine = [_among_each_other(embeddings[rows]) for rows in rows_of(owners)]
    first, second = _all_pairs(len(owners), seed)
    different = owners[first] != owners[second]
    first, second = first[different], second[different]
    return Pairs(
        genuine=np.concatenate([np.zeros(0, np.float32), *genuine]),
        owners=np.repeat(np.arange(len(genuine)), [len(own) for own in genuine]),
        impostors=_cosines(embeddings, first, second),
        impostor_owners=np.stack([owners[first], owners[second]], axis=1),
    )


def search(photos: Embeddings, owners: Ints, *, seed: int = 0) -> Searches:
    """Search for all photos, whose owners are (N,), in random galleries.

    Two galleries in turn share out the people, so that everybody with enough photos is enrolled in
    one of them and a stranger to the other.
    """
    trials = list(_trials(photos, owners, np.random.default_rng(seed)))
    none = Searches(*(np.zeros(0, dtype) for dtype in ("f4", "?", "i8", "f4", "i8")))
    return Searches(
        *(
            np.concatenate([getattr(trial, field.name) for trial in [none, *trials]])
            for field in fields(Searches)
        )
    )


def _among_each_other(embeddings: Floats) -> Floats:
    one, other = np.triu_indices(len(embeddings), 1)
    similarities: Floats = (embeddings @ embeddings.T)[one, other]
    return similarities


def _all_pairs(photos: int, seed: int) -> tuple[Ints, Ints]:
    if photos * (photos - 1) // 2 <= MOST_PAIRS:
        return np.triu_indices(photos, 1)
    first, second = np.random.default_rng(seed).integers(0, photos, (2, MOST_PAIRS))
    return first, second


def _cosines(embeddings: Floats, first: Ints, second: Ints) -> Floats:
    pieces = [
        np.einsum(
            "nd,nd->n", embeddings[first[at : at + PIECE]], embeddings[second[at : at + PIECE]]
        )
        for at in range(0, len(first), PIECE)
    ]
    return np.concatenate([np.zeros(0, np.float32), *pieces])


def _trials(photos: Embeddings, owners: Ints, rng: np.random.Generator) -> Iterator[Searches]:
    rows = rows_of(owners)
    known = np.flatnonzero([len(own) > ENROL for own in rows])
    for _ in range(DRAWS // 2):
        for enrolled in np.array_split(rng.permutation(known), 2):
            shuffled = [rng.permutation(rows[person]) for person in enrolled]
            if shuffled and len(enrolled) < len(rows):
                yield _trial(photos, owners, enrolled, shuffled)


def _trial(photos: Embeddings, owners: Ints, enrolled: Ints, rows: Sequence[Ints]) -> Searches:
    """One gallery: the first `ENROL` photos of each person are enrolled, the rest searched for."""
    gallery = np.stack([enrolled_as(photos[own[:ENROL]]) for own in rows])
    probes = np.concatenate([own[ENROL:] for own in rows])
    strangers = np.flatnonzero(~np.isin(owners, enrolled))
    found = photos.probes[probes] @ gallery.T
    return Searches(
        best=found.max(axis=1),
        right=enrolled[found.argmax(axis=1)] == owners[probes],
        owners=owners[probes],
        stranger_best=(photos.probes[strangers] @ gallery.T).max(axis=1),
        stranger_owners=owners[strangers],
    )
