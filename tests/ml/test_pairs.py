"""Two faces: of one person, or not?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ml.calibration import Calibration, Evidence, Policy
from ml.gallery import Gallery
from ml.pairs import GUEST, chances
from ml.types import Floats
from ml.versions.default import FITTED
from tests.recognition.fakes import SIZE, calibration, embedding

ONE, SAME, OTHER = embedding(1), embedding(1, shot=1), embedding(2)


def chance(
    first: Floats,
    second: Floats,
    *,
    gallery: Gallery | None = None,
    calibration: Calibration = calibration(),  # noqa: B008  (it is never changed)
    strangers: float = 0.5,
) -> float:
    here, policy = gallery or Gallery(SIZE), Policy(0.01, strangers)
    return float(chances([first], [second], here, calibration, policy)[0, 0])


def enrolled(*faces: Floats) -> Gallery:
    gallery = Gallery(SIZE)
    for number, face in enumerate(faces):
        gallery.add(number, number, face)
    return gallery


def alike(to: Floats, number: int) -> Sequence[Floats]:
    """People of a kind that the network tells apart badly."""
    others = [3 * to + embedding(100 + person) for person in range(number)]
    return [other / np.linalg.norm(other) for other in others]


def test_two_photos_of_one_person_are_likely_and_of_two_people_are_not() -> None:
    assert chance(ONE, SAME) > 0.99
    assert chance(ONE, OTHER) < 0.2


def test_each_face_of_the_one_photo_is_compared_with_each_of_the_other() -> None:
    three = [OTHER, SAME, embedding(3)]
    found = chances([ONE, OTHER], three, Gallery(SIZE), calibration(), Policy(0.01))
    assert (found > 0.5).tolist() == [[False, True, False], [True, False, False]]
    assert chances([ONE], [], Gallery(SIZE), calibration(), Policy(0.01)).shape == (1, 0)


def test_it_does_not_matter_which_of_the_two_comes_first() -> None:
    assert chance(ONE, OTHER) == pytest.approx(chance(OTHER, ONE))


def test_the_more_pairs_are_of_two_people_the_less_likely_one_is_of_one() -> None:
    said = [chance(ONE, SAME, strangers=share) for share in (0.1, 0.5, 0.9)]
    assert said == sorted(said, reverse=True)


def test_odds_without_a_likeness_are_those_that_are_presumed() -> None:
    usual = calibration()
    blind = Calibration(usual.anchors, usual.tail, Evidence(0.0, 0.0), {})
    assert chance(ONE, OTHER, calibration=blind) == pytest.approx(0.5)
    assert chance(ONE, OTHER, calibration=blind, strangers=0.8) == pytest.approx(0.2)


def test_among_people_who_all_look_alike_a_likeness_says_little() -> None:
    first, second, *others = alike(ONE, 14)
    assert chance(first, second) > 0.9
    assert chance(first, second, gallery=enrolled(*others)) < 0.1


def test_who_is_enrolled_is_no_reason_against_themselves() -> None:
    everybody = enrolled(embedding(1, shot=2), *map(embedding, range(2, 16)))
    assert chance(ONE, SAME, gallery=everybody) > 0.99


def test_the_gallery_is_as_it_was_afterwards() -> None:
    gallery = enrolled(*map(embedding, range(3, 8)))
    before = gallery.search(ONE)
    chance(ONE, SAME, gallery=gallery)
    assert gallery.search(ONE) == before
    assert GUEST not in gallery


def test_calibrations_of_before_give_a_chance_too() -> None:
    """Nothing that a version keeps had to be added."""
    packaged = Calibration.load(FITTED)
    face: Floats = np.eye(SIZE, dtype=np.float32)[0]
    assert chance(face, face, calibration=packaged) > 0.999
    assert chance(face, -face, calibration=packaged) < 0.001
