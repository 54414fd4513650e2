"""A face as it is enrolled."""

from __future__ import annotations

import numpy as np
import pytest

from ml.inference.recognizer import Recognizer
from ml.templates import ask_twice, templates
from ml.types import Decision, Floats, Identification, Image


def test_a_template_is_the_same_for_the_mirrored_photo(
    recognizer: Recognizer, crops: Image
) -> None:
    one, other = (
        recognizer.templates(side, recognizer.embed(side))
        for side in (crops, np.ascontiguousarray(crops[:, :, ::-1]))
    )
    assert other == pytest.approx(one, abs=0.02)


def test_it_is_as_near_to_the_face_as_to_its_mirror_image(
    recognizer: Recognizer, crops: Image
) -> None:
    kept = recognizer.templates(crops, recognizer.embed(crops))
    assert np.linalg.norm(kept, axis=1) == pytest.approx(1, abs=1e-5)
    one, other = (
        (kept * recognizer.embed(np.ascontiguousarray(side))).sum(axis=1)
        for side in (crops, crops[:, :, ::-1])
    )
    assert one == pytest.approx(other, abs=0.02)
    assert (one > 0.9).all()


def test_a_network_that_answers_zeros_makes_templates_that_are_like_nobody() -> None:
    def zeros(crops: Image) -> Floats:
        return np.zeros((len(crops), 4), np.float32)

    crops = np.zeros((2, 112, 112, 3), np.uint8)
    assert not templates(zeros, crops, zeros(crops)).any()


@pytest.mark.parametrize("doubtful", [True, False])
def test_who_is_doubtful_is_asked_about_again_as_they_would_be_enrolled(doubtful: bool) -> None:
    probe, template = np.zeros(4, np.float32), np.ones(4, np.float32)
    asked: list[Floats] = []

    def ask(embedding: Floats) -> Identification:
        asked.append(embedding)
        return Identification(
            Decision.UNKNOWN, 0.0, 0.0, 0.0, (), doubtful=doubtful and embedding is probe
        )

    assert not ask_twice(ask, probe, lambda: template).doubtful
    assert [one is probe for one in asked] == ([True, False] if doubtful else [True])
