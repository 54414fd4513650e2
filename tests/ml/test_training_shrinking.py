"""The map that shrinks what photos of one person differ by."""

from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation.resampling import Ints
from ml.training import shrinking as module
from ml.training.shrinking import shrinking
from ml.types import Floats

SIZE = 32


def people(number: int, photos: int, apart: Floats) -> tuple[Floats, Ints]:
    """Photos that differ by so much in each direction from the person they are of."""
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(number, 1, SIZE))
    vectors = (middles + apart * rng.normal(size=(number, photos, SIZE))).reshape(-1, SIZE)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32), np.repeat(np.arange(number), photos)


ONE_WAY = np.where(np.arange(SIZE) < 4, 6.0, 0.3).astype(np.float32)


def right(features: Floats, classes: Ints) -> float:
    """The share of photos of which the most alike other photo is of the same person."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    similarities = unit @ unit.T
    np.fill_diagonal(similarities, -1)
    return float(np.mean(classes[similarities.argmax(axis=1)] == classes))


def test_it_shrinks_what_photos_of_a_person_differ_by() -> None:
    matrix = shrinking(*people(40, 6, ONE_WAY))
    assert matrix.shape == (SIZE, SIZE)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
    assert np.diag(matrix)[:4].max() < np.diag(matrix)[4:].min() / 2


def test_new_people_are_told_apart_better_by_it() -> None:
    features, classes = people(60, 6, ONE_WAY)
    known = classes < 40
    matrix = shrinking(features[known], classes[known])
    new, owners = features[~known], classes[~known]
    assert right(new @ matrix, owners) > right(new, owners) + 0.1


def test_where_they_differ_in_every_way_alike_nothing_is_changed() -> None:
    matrix = shrinking(*people(40, 6, np.full(SIZE, 0.05, np.float32)))
    np.testing.assert_allclose(matrix, np.eye(SIZE), atol=1e-6)


@pytest.mark.parametrize(("number", "photos"), [(2, 5), (9, 5), (40, 1)])
def test_of_too_few_people_or_photos_nothing_is_learned(number: int, photos: int) -> None:
    matrix = shrinking(*people(number, photos, ONE_WAY))
    np.testing.assert_allclose(matrix, np.eye(SIZE), atol=1e-6)


def test_many_photos_take_no_longer_to_choose_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PHOTOS", 100)
    features, classes = people(40, 6, ONE_WAY)
    assert np.diag(shrinking(features, classes))[:4].max() < 0.5


def test_whoever_is_numbered_otherwise_gets_the_same_map() -> None:
    features, classes = people(40, 6, ONE_WAY)
    np.testing.assert_array_equal(
        shrinking(features, classes), shrinking(features, classes * 10 + 3)
    )
