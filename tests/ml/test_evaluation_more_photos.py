"""What more photos bring, told by those that are enrolled."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from ml.calibration import Calibration, Policy, identify
from ml.evaluation import more_photos
from ml.evaluation.more_photos import MorePhotos, leave_one_out
from ml.gallery import Gallery
from ml.types import Floats, Identification
from ml.versions.default import FITTED

SIZE = 128


def decide(embedding: Floats, gallery: Gallery) -> Identification:
    return identify(embedding, gallery, Calibration.load(FITTED), Policy(0.01))


def photos(person: int, count: int, spread: float) -> list[tuple[Floats, float]]:
    """Of one person, in random directions around them: the wider, the less alike."""
    rng = np.random.default_rng(person)
    middle = rng.normal(size=SIZE)
    around = [middle + spread * rng.normal(size=SIZE) for _ in range(count)]
    return [((one / np.linalg.norm(one)).astype(np.float32), 1.0) for one in around]


def site(people: int, count: int, spread: float) -> dict[int, list[tuple[Floats, float]]]:
    return {person: photos(person, count, spread) for person in range(1, people + 1)}


def told(people: dict[int, list[tuple[Floats, float]]]) -> MorePhotos:
    found = leave_one_out(people, decide)
    assert found is not None
    return found


def test_more_photos_bring_much_where_photos_of_a_person_differ() -> None:
    found = told(site(20, 5, spread=1.6))
    assert (found.people, found.photos) == (20, 60)
    assert found.one.value < 0.5
    assert found.every.value > 0.7
    assert found.brings.value == pytest.approx(found.every.value - found.one.value)
    assert 0 < found.brings.low < found.brings.value < found.brings.high


def test_they_bring_nothing_where_one_says_it_all() -> None:
    found = told(site(20, 5, spread=0.2))
    assert (found.one.value, found.every.value, found.brings.value) == (1.0, 1.0, 0.0)


def test_a_photo_is_not_compared_with_itself() -> None:
    """Photos that have nothing in common with each other are not recognised by one another."""
    found = told(site(20, 3, spread=50.0))
    assert found.every.value < 0.1


def test_who_has_few_photos_is_in_the_gallery_and_not_asked_about() -> None:
    few = {person: photos(person, 2, 0.2) for person in range(50, 60)}
    asked = []

    def noting(embedding: Floats, gallery: Gallery) -> Identification:
        asked.append(gallery.people)
        return decide(embedding, gallery)

    found = leave_one_out({**site(6, 3, 0.2), **few, 99: []}, noting)
    assert found is not None
    assert found.people == 6
    assert set(asked) == {16}


@pytest.mark.parametrize(("people", "count"), [(0, 0), (4, 5), (20, 2)])
def test_of_too_few_nothing_is_told(people: int, count: int) -> None:
    assert leave_one_out(site(people, count, 0.2), partial(decide)) is None


def test_of_many_people_some_are_asked_about_and_always_the_same() -> None:
    many = site(more_photos.MOST_PEOPLE + 20, 3, 1.0)
    assert told(many) == told(many)
    assert told(many).people == more_photos.MOST_PEOPLE
