"""Are these two photos of the same person? The protocol of LFW.

Huang et al., "Labeled Faces in the Wild", 2007, http://vis-www.cs.umass.edu/lfw/: in each of ten
rounds the threshold is chosen on nine folds and judged on the tenth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.calibration import Calibration, Policy
from ml.evaluation import probabilities, rates
from ml.evaluation.cache import FoundFace
from ml.evaluation.datasets import Pair
from ml.evaluation.rates import Similarities
from ml.gallery import Gallery
from ml.pairs import chances
from ml.types import Doubles

FARS = (0.01, 0.001)
ANY_FPIR = 0.01


@dataclass(frozen=True, slots=True)
class Verification:
    """How well pairs were told apart.

    `accuracies` and `thresholds` have one value per fold, `similarities` and `same` one per pair.
    A pair with a photo in which no face was found (`missing` of them) is a wrong answer at every
    threshold: its similarity is -inf if it shows one person and +inf if it shows two. `chances` are
    those of `ml.pairs`, of the pairs in which there are two faces.
    """

    accuracies: Similarities
    thresholds: Similarities
    similarities: Similarities
    same: npt.NDArray[np.bool_]
    missing: int
    chances: Doubles | None = None

    @property
    def genuine(self) -> Similarities:
        """Similarities of the pairs that show one person."""
        return self.similarities[self.same]

    @property
    def impostors(self) -> Similarities:
        """Similarities of the pairs that show two people."""
        return self.similarities[~self.same]

    def tar(self, far: float) -> float:
        """TAR at this FAR, over all folds."""
        return _tar(far, self.impostors, self.genuine)

    def tar_interval(self, far: float) -> tuple[float, float]:
        """Its 95 % interval."""
        return rates.interval(lambda groups: _tar(far, *groups), self.impostors, self.genuine)

    def summary(self) -> dict[str, Any]:
        """The metrics, all shares 0..1; `sd` is the standard deviation over the folds (n - 1)."""
        error = {} if self.chances is None else {"pairs_error": self.calibration_error()}
        return {
            "accuracy": float(self.accuracies.mean()),
            "sd": float(self.accuracies.std(ddof=1)),
            "tar": {str(far): self.tar(far) for far in FARS},
            "pairs": len(self.same),
            "missing": self.missing,
            **error,
        }

    def calibration_error(self) -> float:
        """How far chances are from what was right, in the mean, pairs of both kinds counting half
        each."""
        same = self.same[np.isfinite(self.similarities)]
        chances = np.zeros(0) if self.chances is None else self.chances
        counted = probabilities.weights(~same)
        return probabilities.calibration_error(list(probabilities.bins(chances, same, counted)))


def verify(
    pairs: Sequence[Pair],
    faces: Mapping[Path, FoundFace | None],
    calibration: Calibration | None = None,
) -> Verification:
    """Compare the pairs by the cosine of their faces' embeddings and judge fold by fold; with a
    calibration, also how likely it says that each is of one person."""
    similarities = np.array([_similarity(pair, faces) for pair in pairs])
    same = np.array([pair.same for pair in pairs])
    folds = np.array([pair.fold for pair in pairs])
    accuracies, thresholds = [], []
    for fold in np.unique(folds):
        others = folds != fold
        threshold = best_threshold(similarities[others], same[others])
        answers = similarities[~others] > threshold
        accuracies.append(np.mean(answers == same[~others]))
        thresholds.append(threshold)
    missing = int(np.isinf(similarities).sum())
    said = np.array([*_chances(pairs, faces, calibration)]) if calibration else None
    return Verification(
        np.array(accuracies), np.array(thresholds), similarities, same, missing, said
    )


def _chances(
    pairs: Sequence[Pair], faces: Mapping[Path, FoundFace | None], calibration: Calibration
) -> Iterator[float]:
    """As of a site on which nobody is enrolled; no share of named strangers matters there."""
    for pair in pairs:
        first, second = faces[pair.first], faces[pair.second]
        if first and second:
            two = [first.template], [second.template]
            nobody = Gallery(len(first.template))
            yield float(chances(*two, nobody, calibration, Policy(ANY_FPIR))[0, 0])


def best_threshold(similarities: Similarities, same: npt.NDArray[np.bool_]) -> float:
    """The threshold with the most right answers; of several as good, the one in their middle.

    `similarities` and `same` have shape (N,). The threshold lies half-way between two neighbouring
    similarities.
    """
    finite = np.isfinite(similarities)
    values, same = similarities[finite], same[finite]
    order = np.argsort(values)
    values, same = values[order], same[order]
    # With the threshold before place k: two people below k and one person from k on are right.
    right = np.concatenate([[0], np.cumsum(~same)]) + same.sum()
    right -= np.concatenate([[0], np.cumsum(same)])
    edges = np.concatenate([[values[0] - 1], values, [values[-1] + 1]])
    between = (edges[:-1] + edges[1:]) / 2
    distinct = np.concatenate([[True], values[1:] > values[:-1], [True]])
    best = np.flatnonzero(distinct & (right == right[distinct].max()))
    return float(between[best[len(best) // 2]])


def _similarity(pair: Pair, faces: Mapping[Path, FoundFace | None]) -> float:
    first, second = faces[pair.first], faces[pair.second]
    if first is None or second is None:
        return -np.inf if pair.same else np.inf
    return float(first.embedding @ second.embedding)


def _tar(far: float, impostors: Similarities, genuine: Similarities) -> float:
    return rates.share_above(rates.threshold_at(far, impostors), genuine)
