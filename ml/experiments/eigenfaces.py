"""The oldest method that the paper reviews, as the floor under the networks: eigenfaces.

Turk and Pentland, "Eigenfaces for Recognition", Journal of Cognitive Neuroscience, 1991,
https://doi.org/10.1162/jocn.1991.3.1.71: a face is its weights in the principal components of the
training faces, and belongs to the class whose mean is nearest. Nearest here by the angle between
whitened weights, which names two to three times as many faces right on our sets as their distance
without whitening, and more than the nearest single face.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from sklearn.decomposition import PCA

from ml.data.dataset import Ints
from ml.types import Floats, Image

COMPONENTS = 200
FITTED_ON = 10_000
"""Crops that the components are found from: half a gigabyte, as numbers."""

BATCH = 1024


@dataclass(frozen=True, eq=False)
class Eigenfaces:
    """The pixels' `mean` (P,), `axes` (P, D) of the whitened weights, `means` (C, D) of classes.

    Their embeddings are those weights, scaled to length 1.
    """

    mean: Floats
    axes: Floats
    means: Floats

    @classmethod
    def fit(cls, crops: Image, classes: Ints, chosen: Ints, *, seed: int) -> Self:
        """Learn from the rows `chosen` of crops, uint8 RGB (N, S, S, 3), with classes (N,)."""
        some = np.random.default_rng(seed).permutation(chosen)[:FITTED_ON]
        pixels = _grey(crops[np.sort(some)])
        components = min(COMPONENTS, len(pixels) - 1, pixels.shape[1])
        found = PCA(components, svd_solver="randomized", random_state=seed).fit(pixels)
        axes = found.components_.T / np.sqrt(np.maximum(found.explained_variance_, 1e-6))
        unnamed = cls(found.mean_, axes.astype(np.float32), np.zeros((0, components), np.float32))
        return cls(unnamed.mean, unnamed.axes, unnamed._means(crops, classes, chosen))

    def _means(self, crops: Image, classes: Ints, chosen: Ints) -> Floats:
        sums = np.zeros((int(classes.max()) + 1, self.axes.shape[1]), np.float32)
        for start in range(0, len(chosen), BATCH):
            rows = chosen[start : start + BATCH]
            np.add.at(sums, classes[rows], self._weights(crops[rows]))
        return _unit(sums)

    @property
    def parameters(self) -> int:
        """How many numbers were learned, float32 each."""
        return int(self.mean.size + self.axes.size + self.means.size)

    def embed(self, crops: Image) -> Floats:
        """Embed crops, uint8 RGB (N, S, S, 3); returns float32 (N, D), each of length 1."""
        return _unit(self._weights(crops))

    def classify(self, crops: Image) -> Floats:
        """How near each crop is to each class's mean, float32 (N, C): cosines, -1..1."""
        near: Floats = self.embed(crops) @ self.means.T
        return near

    def _weights(self, crops: Image) -> Floats:
        return np.asarray((_grey(crops) - self.mean) @ self.axes, np.float32)


def _grey(crops: Image) -> Floats:
    grey = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).ravel() for crop in crops]
    return np.stack(grey).astype(np.float32)


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
