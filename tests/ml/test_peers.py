from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.evaluation.datasets import Pair
from ml.experiments.peers.contest import accuracy, sample

HERE = Path("a.jpg")
NEAR = Path("b.jpg")
FAR = Path("c.jpg")
NOBODY = Path("d.jpg")
EMBEDDINGS = {
    HERE: np.array([0.0, 0.0], np.float32),
    NEAR: np.array([0.0, 0.1], np.float32),
    FAR: np.array([3.0, 0.0], np.float32),
    NOBODY: None,
}


def test_pairs_are_told_apart_by_the_distance_of_their_faces() -> None:
    pairs = [Pair(HERE, NEAR, True, fold) for fold in range(2)]
    pairs += [Pair(HERE, FAR, False, fold) for fold in range(2)]
    assert accuracy(pairs, EMBEDDINGS) == {"accuracy": 1.0, "pairs": 4, "missing": 0}


def test_a_pair_without_a_face_is_a_wrong_answer_of_either_kind() -> None:
    pairs = [Pair(HERE, NEAR, True, fold) for fold in range(2)]
    pairs += [Pair(HERE, FAR, False, fold) for fold in range(2)]
    pairs += [Pair(HERE, NOBODY, same, fold) for fold in range(2) for same in (True, False)]
    assert accuracy(pairs, EMBEDDINGS) == {"accuracy": 0.5, "pairs": 8, "missing": 4}


def test_a_sample_has_as_many_of_each_kind_in_each_fold() -> None:
    pairs = [
        Pair(HERE, NEAR, same, fold)
        for fold in range(10)
        for same in (True, False)
        for _ in range(6)
    ]
    few = sample(pairs, 40)
    assert len(few) == 40
    assert {(pair.fold, pair.same) for pair in few} == {(pair.fold, pair.same) for pair in pairs}
    assert sample(pairs, 6000) == pairs
