"""People who are nothing but directions in a space, for tests of what is measured of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml.calibration import Calibration
from ml.evaluation import reliability
from ml.evaluation.reliability import Reliability
from ml.evaluation.resampling import Ints
from ml.evaluation.samples import Embeddings, HeldOut
from ml.neighbourhood import Scored
from ml.types import Floats

SIZE = 128
ALIKE = 0.1


def unit(vectors: npt.ArrayLike) -> Floats:
    values = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / lengths, np.float32)


def scored(score: float, photos: int = 3) -> Scored:
    """Somebody who reached a score in a place where no likeness is usual."""
    return Scored(0, photos, score, 0.0, 1.0, 0.0, frozenset())


def held_out(
    people: int = 20, photos: int = 10, *, noise: float = 0.6, seed: int = 0, name: str = "person"
) -> HeldOut:
    """People whose photos lie around a direction of theirs; those of two are a little alike."""
    rng = np.random.default_rng(seed)
    common = unit(np.random.default_rng(99).normal(size=SIZE))
    own = unit(rng.normal(size=(people, SIZE)))
    middles = np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * own
    shots = rng.normal(size=(people, photos, SIZE)) / np.sqrt(SIZE) * noise
    embeddings = unit((middles[:, None] + shots).reshape(-1, SIZE))
    labels = tuple(f"{name} {number:03d}" for number in range(people))
    return seen(labels, embeddings, np.repeat(np.arange(people), photos))


def seen(labels: Sequence[str], embeddings: Floats, owners: Ints) -> HeldOut:
    """Photos of people whose faces are the same on both sides."""
    return HeldOut(tuple(labels), Embeddings(embeddings, embeddings), owners)


def blurred(one: HeldOut, noise: float, seed: int = 1) -> HeldOut:
    """The same photos as a worse network sees them."""
    rng = np.random.default_rng(seed)
    photos = one.embeddings.probes
    shift = rng.normal(size=photos.shape) / np.sqrt(SIZE) * noise
    return seen(one.labels, unit(photos + shift), one.owners)


def reliability_of(known: Calibration, people: HeldOut, *, bootstraps: int) -> Reliability:
    """Of a calibration that has nothing to do with these people."""
    return reliability._measure(
        people, lambda _people: known, parts=1, seed=0, bootstraps=bootstraps
    )
