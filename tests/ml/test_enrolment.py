"""What speaks against enrolling a face: whom it is like, and whom it is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from ml.calibration import Policy, identify
from ml.enrolment import Doubt, Objection, doubt
from ml.gallery import Gallery
from ml.types import Floats
from tests.recognition.fakes import SIZE, calibration

ANN, BEN, CLEO = 1, 2, 3


def direction(person: int) -> Floats:
    """At right angles to everybody else's."""
    unit: Floats = np.eye(1, SIZE, person, dtype=np.float32)[0]
    return unit


def like(*parts: tuple[int, float]) -> Floats:
    """A face with these similarities to people, and none to anybody else."""
    face = sum((share * direction(person) for person, share in parts), 0 * direction(0))
    rest = 1 - sum(share**2 for _, share in parts)
    mixed: Floats = (face + np.sqrt(rest) * direction(0)).astype(np.float32)
    return mixed


@pytest.fixture
def gallery() -> Gallery:
    """Twenty people, one photo each; person N looks like direction N."""
    people = Gallery(SIZE)
    for person in range(1, 21):
        people.add(person, person, direction(person))
    return people


@pytest.fixture
def about(gallery: Gallery) -> Callable[..., Doubt | None]:
    """Ask about a face that is to be Ann's, who has these photos."""
    ask = partial(identify, gallery=gallery, calibration=calibration(), policy=Policy(0.01))

    def ask_about(face: Floats, *own: Floats, person: int | None = ANN) -> Doubt | None:
        photos = np.array(own, np.float32).reshape(-1, SIZE)
        return doubt(face, photos, person, ask)

    return ask_about


def said(found: Doubt | None) -> tuple[Objection, int | None] | None:
    if found is None:
        return None
    return found.objection, found.other.person if found.other else None


def test_nothing_speaks_against_a_face_like_the_others(about: Callable[..., Doubt]) -> None:
    assert about(like((ANN, 0.6)), direction(ANN)) is None
    assert about(like((ANN, 0.6)), direction(ANN), like((ANN, 0.7))) is None


def test_a_face_like_somebody_else_and_not_like_the_photos_is_refused(
    about: Callable[..., Doubt],
) -> None:
    found = about(like((BEN, 0.6)), direction(ANN))
    assert said(found) == (Objection.LOOKS_LIKE_ANOTHER, BEN)
    assert found.refuses


def test_the_nearest_of_the_photos_counts(about: Callable[..., Doubt]) -> None:
    older = like((BEN, 0.1), (ANN, 0.4))
    assert about(like((BEN, 0.3), (ANN, 0.6)), older, direction(ANN)) is None


def test_a_little_nearer_to_somebody_else_is_a_remark(about: Callable[..., Doubt]) -> None:
    found = about(like((BEN, 0.45), (ANN, 0.3)), direction(ANN))
    assert said(found) == (Objection.LITTLE_LIKE_OTHERS, None)
    assert not found.refuses


def test_a_face_like_nobody_is_refused_beside_two_photos_and_not_beside_one(
    about: Callable[..., Doubt],
) -> None:
    nobody = like((BEN, 0.05))
    one = about(nobody, direction(ANN))
    assert said(one) == (Objection.LITTLE_LIKE_OTHERS, None)
    two = about(nobody, direction(ANN), like((ANN, 1.0)))
    assert said(two) == (Objection.UNLIKE_OTHERS, None)
    assert two.refuses


def test_somebody_new_whom_the_gallery_names_is_probably_the_same_person(
    about: Callable[..., Doubt],
) -> None:
    found = about(like((BEN, 0.8)), person=None)
    assert said(found) == (Objection.PERHAPS_SAME_PERSON, BEN)
    assert not found.refuses
    assert about(like((BEN, 0.2)), person=None) is None


def test_of_one_person_under_two_names_no_photo_is_refused(
    about: Callable[..., Doubt], gallery: Gallery
) -> None:
    """Which of the two entries a photo is nearer to says nothing."""
    gallery.add(100, CLEO, like((ANN, 0.9)))
    found = about(like((CLEO, 0.55), (ANN, 0.55)), like((ANN, 0.5), (CLEO, 0.5)))
    assert found is None or not found.refuses


def test_a_gallery_of_one_person_speaks_against_nothing_alike(gallery: Gallery) -> None:
    alone = Gallery(SIZE)
    alone.add(1, ANN, direction(ANN))
    ask = partial(identify, gallery=alone, calibration=calibration(), policy=Policy(0.01))
    assert doubt(like((ANN, 0.5)), direction(ANN)[None], ANN, ask) is None
    assert doubt(like(), np.zeros((0, SIZE), np.float32), None, ask) is None
