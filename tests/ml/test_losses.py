from __future__ import annotations

import math

import numpy as np
import pytest

from ml.architectures.losses import ArcFace


def loss_of(scale: float, margin: float, cosines: list[float], truth: int) -> float:
    return float(ArcFace(scale, margin)(np.array([truth]), np.array([cosines], np.float32)))


def test_without_a_margin_it_is_the_softmax_cross_entropy_of_scaled_cosines() -> None:
    exponents = [math.exp(8 * cosine) for cosine in (0.6, 0.2, -0.1)]
    expected = -math.log(exponents[0] / sum(exponents))
    assert loss_of(8.0, 0.0, [0.6, 0.2, -0.1], 0) == pytest.approx(expected, rel=1e-5)


def test_the_margin_widens_the_angle_to_the_right_class() -> None:
    angle, margin = 0.7, 0.3
    widened = loss_of(8.0, 0.0, [math.cos(angle + margin), 0.2], 0)
    assert loss_of(8.0, margin, [math.cos(angle), 0.2], 0) == pytest.approx(widened, rel=1e-5)


def test_it_goes_on_falling_where_the_widened_angle_would_turn_back() -> None:
    angles = np.linspace(0.01, math.pi - 0.01, 200)
    losses = [loss_of(8.0, 0.5, [math.cos(angle), 0.0], 0) for angle in angles]
    assert (np.diff(losses) > 0).all()
