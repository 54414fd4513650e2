"""Answers of a network's own classes, as a closed set and as an open one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.classes import Classes, identify
from ml.gallery import Gallery
from ml.types import (
    Box,
    Decision,
    DetectedFace,
    EmbeddedFace,
    Floats,
    Identification,
    Quality,
)
from tests.recognition.fakes import LANDMARKS, SIZE, embedding

ANN, BEN, CLEO = 11, 12, 13
LEARNED = {0: ANN, 1: BEN, 2: CLEO}
AS_IT_IS = Classes(1.0, ((0.5, -1.0), (0.1, 1.0), (0.01, 3.0)), {})


def face(*probabilities: float, person: int = ANN, quality: float = 1.0) -> EmbeddedFace:
    detected = DetectedFace(Box(0, 0, 60, 60), 0.9, LANDMARKS.astype(np.float32))
    crop = np.zeros((112, 112, 3), np.uint8)
    own = np.array(probabilities, np.float32) if probabilities else None
    return EmbeddedFace(detected, Quality(quality, ()), crop, embedding(person, 9), own)


@pytest.fixture
def gallery() -> Gallery:
    """Two photos of everybody."""
    people = Gallery(SIZE)
    for person in LEARNED.values():
        for shot in (0, 1):
            people.add(person * 10 + shot, person, embedding(person, shot))
    return people


def asked(probe: EmbeddedFace, gallery: Gallery, fpir: float | None = None) -> Identification:
    return identify(probe, gallery, LEARNED, AS_IT_IS, fpir)


def test_a_closed_set_always_names_the_likeliest_with_its_probability(gallery: Gallery) -> None:
    answer = asked(face(0.3, 0.4, 0.3), gallery)
    assert (answer.decision, answer.threshold) == (Decision.MATCH, 0)
    assert [one.person for one in answer.candidates] == [BEN, ANN, CLEO]
    assert answer.probability == pytest.approx(0.4)
    assert sum(one.probability for one in answer.candidates) == pytest.approx(1)
    assert asked(face(0.3, 0.4, 0.3, quality=0.01), gallery).decision == Decision.MATCH


def test_an_open_set_names_nobody_below_the_bar_for_the_promise(gallery: Gallery) -> None:
    barely = face(0.8, 0.1, 0.1)  # log odds of 1.39
    assert asked(barely, gallery, 0.1).decision == Decision.MATCH
    strictly = asked(barely, gallery, 0.01)
    assert strictly.decision == Decision.UNKNOWN
    assert strictly.candidates[0].person == ANN
    assert strictly.threshold == pytest.approx(1 / (1 + np.exp(-3)))
    poor = face(0.99, 0.005, 0.005, quality=0.05)
    assert asked(poor, gallery, 0.1).decision == Decision.UNCLEAR
    doubtful = face(0.4, 0.3, 0.3, quality=0.2)
    assert asked(doubtful, gallery, 0.1).decision == Decision.UNCLEAR


def test_the_answer_shows_enrolled_photos_of_the_person(gallery: Gallery) -> None:
    first = asked(face(0.9, 0.05, 0.05), gallery).candidates[0]
    assert set(first.templates) == {ANN * 10, ANN * 10 + 1}
    assert first.similarity == pytest.approx(gallery.prototype(ANN) @ embedding(ANN, 9), abs=1e-6)


def test_who_is_erased_is_in_no_answer_at_once_and_lends_nobody_their_probability(
    gallery: Gallery,
) -> None:
    probe = face(0.9, 0.07, 0.03)
    for shot in (0, 1):
        gallery.remove(ANN * 10 + shot)
    answer = asked(probe, gallery)
    assert [one.person for one in answer.candidates] == [BEN, CLEO]
    assert answer.probability == pytest.approx(0.07)
    assert asked(probe, gallery, 0.1).decision == Decision.UNKNOWN


def test_where_nobody_of_them_is_enrolled_nobody_is_named() -> None:
    answer = asked(face(0.9, 0.05, 0.05), Gallery(SIZE))
    assert (answer.decision, answer.candidates, answer.probability) == (Decision.UNKNOWN, (), 0)


def test_two_classes_of_one_person_speak_for_one(gallery: Gallery) -> None:
    probe = face(0.4, 0.35, 0.25)
    answer = identify(probe, gallery, {0: ANN, 1: BEN, 2: BEN}, AS_IT_IS, None)
    assert [one.person for one in answer.candidates] == [BEN, ANN]
    assert answer.probability == pytest.approx(0.6)


def test_a_network_that_only_embeds_has_no_classes_to_answer_by(gallery: Gallery) -> None:
    with pytest.raises(ValueError, match="only embeds"):
        asked(face(), gallery)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_temperature_changes_how_sure_it_is_and_not_of_whom(temperature: float) -> None:
    own: Floats = np.array([[0.6, 0.3, 0.1], [1.0, 0.0, 0.0]], np.float32)
    told = Classes(temperature, AS_IT_IS.tail, {}).probabilities(own)
    assert told.sum(axis=1) == pytest.approx(1)
    assert (told.argsort(axis=1) == own.astype(np.float64).argsort(axis=1)).all()
    assert np.sign(told[0, 0] - 0.6 + 1e-6) == (1 if temperature <= 1 else -1)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    fitted = Classes(1.7, ((0.5, 0.25), (0.01, 4.5)), {"fitted_on": "people held out"})
    fitted.save(tmp_path / "classes.json")
    assert Classes.load(tmp_path / "classes.json") == fitted
