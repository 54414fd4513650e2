"""Faces of one person come together, whichever way they come, and others do not."""

from __future__ import annotations

import numpy as np
import pytest

from ml.clustering import BAR, LEAST_USUAL, WEIGHT, Ints, best_few, together, usual
from ml.types import Doubles, Floats

SIZE = 64
NOBODY_FIXED = np.zeros(0, np.bool_)


def unit(vectors: Floats | Doubles) -> Floats:
    made: Floats = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return made


def people(*photos: int, alike: float = 0.7, seed: int = 0) -> tuple[Floats, Ints]:
    """So many photos of each, about so much alike, and whose they are."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(len(photos)), photos)
    own = unit(rng.normal(size=(len(photos), SIZE)))
    noise = rng.normal(scale=np.sqrt((1 / alike - 1) / SIZE), size=(len(owners), SIZE))
    return unit(own[owners] + noise), owners


def anchors(count: int = 90) -> Floats:
    return unit(np.random.default_rng(1).normal(size=(count, SIZE)))


def alone(embeddings: Floats) -> Ints:
    return np.arange(len(embeddings))


def same_sets(groups: Ints, owners: Ints) -> bool:
    return (
        len(set(zip(groups.tolist(), owners.tolist(), strict=True)))
        == len(set(groups.tolist()))
        == len(set(owners.tolist()))
    )


def put_together(embeddings: Floats) -> Ints:
    around = usual(embeddings, anchors())
    return together(embeddings, around, alone(embeddings), NOBODY_FIXED)


def nearest_first(embeddings: Floats, around: Floats) -> Ints:
    """By the definition: the nearest two groups of all join, until none are near enough."""
    groups = alone(embeddings)
    pairs = embeddings @ embeddings.T - WEIGHT * (around[:, None] + around)
    while True:
        numbers = np.unique(groups)
        means = np.array(
            [[pairs[np.ix_(groups == a, groups == b)].mean() for a in numbers] for b in numbers]
        )
        means[np.tril_indices(len(numbers))] = -9
        a, b = np.unravel_index(means.argmax(), means.shape)
        if means[a, b] < BAR:
            return groups
        groups[groups == numbers[b]] = numbers[a]


def test_photos_of_one_person_become_one_group_and_others_none() -> None:
    embeddings, owners = people(20, 1, 5, 1, 2, 1)
    assert same_sets(put_together(embeddings), owners)


@pytest.mark.parametrize("seed", range(5))
def test_joining_neighbours_is_joining_the_nearest_of_all(seed: int) -> None:
    embeddings, _ = people(9, 7, 5, 3, 1, 1, alike=0.5, seed=seed)
    around = usual(embeddings, anchors())
    found = together(embeddings, around, alone(embeddings), NOBODY_FIXED)
    assert found.tolist() == nearest_first(embeddings, around).tolist()


def test_what_comes_one_by_one_comes_to_the_same() -> None:
    embeddings, owners = people(12, 6, 3, 1, 1)
    around = usual(embeddings, anchors())
    order = np.random.default_rng(0).permutation(len(owners))
    groups = np.zeros(0, np.int64)
    for count in range(1, len(order) + 1):
        known = np.unique(groups)
        before = np.append(np.searchsorted(known, groups), len(known))
        fixed = np.zeros(len(known), np.bool_)
        groups = together(embeddings[order[:count]], around[order[:count]], before, fixed)
    assert same_sets(groups, owners[order])


def test_of_two_groups_that_join_the_older_number_stays() -> None:
    embeddings, _ = people(4)
    around = usual(embeddings, anchors())
    groups = np.array([0, 0, 1, 2])
    assert together(embeddings, around, groups, np.zeros(2, np.bool_)).tolist() == [0] * 4


def test_a_fixed_group_takes_new_faces_and_joins_no_other() -> None:
    embeddings, _ = people(7)
    around = usual(embeddings, anchors())
    groups = np.array([0, 0, 0, 1, 1, 2, 3])
    fixed = np.array([True, False])
    found = together(embeddings, around, groups, fixed)
    assert set(found[:3]) == {0}
    assert set(found[3:5]) == {1}
    assert set(found[5:]) <= {0, 1}


def test_people_who_are_all_alike_stay_apart_where_such_people_are_enrolled() -> None:
    rng = np.random.default_rng(3)
    kind = unit(rng.normal(size=SIZE))
    both, owners = people(4, 4, alike=0.95)
    alike = unit(both + 0.9 * kind)
    enrolled = unit(unit(rng.normal(size=(12, SIZE))) + 0.9 * kind)
    around = usual(alike, np.concatenate([anchors(), enrolled]))
    assert same_sets(together(alike, around, alone(alike), NOBODY_FIXED), owners)


def test_what_is_usual_is_that_of_the_nearest_two_and_never_less_than_a_little() -> None:
    first = np.eye(SIZE, dtype=np.float32)
    face = unit(first[0] + first[1])[None]
    assert usual(face, first)[0] == pytest.approx(2**-0.5)
    assert usual(first[5:6], first[:2])[0] == np.float32(LEAST_USUAL)


def test_an_overwritten_embedding_comes_to_nobody() -> None:
    embeddings = np.zeros((3, SIZE), np.float32)
    assert put_together(embeddings).tolist() == [0, 1, 2]


def test_no_faces_are_no_groups() -> None:
    none = np.zeros((0, SIZE), np.float32)
    assert put_together(none).tolist() == []


def test_the_best_few_are_good_and_unlike_each_other() -> None:
    first = np.eye(SIZE, dtype=np.float32)
    embeddings = unit(np.stack([first[0], first[0], first[1], first[2]]))
    qualities = np.array([0.9, 0.8, 0.5, 0.1], np.float32)
    assert best_few(embeddings, qualities, 3) == [0, 2, 3]
    assert best_few(embeddings, qualities, 9) == [0, 2, 3, 1]
