from __future__ import annotations

import numpy as np
import pytest

from ml.calibration import Calibration
from ml.evaluation.probabilities import bins, calibration_error, presuming, weights
from ml.versions import default
from tests.ml.made_up import scored

RANDOM = np.random.default_rng(0)
PROMISED = RANDOM.uniform(size=20_000)


def test_probabilities_that_come_true_have_no_error() -> None:
    right = RANDOM.uniform(size=len(PROMISED)) < PROMISED
    found = list(bins(PROMISED, right, np.full(len(PROMISED), 1 / len(PROMISED))))
    assert len(found) == 10
    assert sum(one.share for one in found) == pytest.approx(1)
    assert calibration_error(found) < 0.015


def test_too_sure_by_a_fifth_is_an_error_of_a_fifth() -> None:
    right = RANDOM.uniform(size=len(PROMISED)) < PROMISED
    sure = np.minimum(PROMISED + 0.2, 1.0)
    found = list(bins(sure, right, np.full(len(sure), 1 / len(sure))))
    assert calibration_error(found) == pytest.approx(0.18, abs=0.02)  # above .8 there is no room


def test_presuming_another_share_of_strangers_is_what_the_calibration_would_have_said() -> None:
    known = Calibration.load(default.FITTED)
    for scores in ([0.3, 0.1], [0.06, 0.05, -0.2], [-0.3]):
        people = list(map(scored, scores))
        half, most = (known.probabilities(people, share) for share in (0.5, 0.9))
        (found,) = presuming(0.9, 0.5, np.array(half[:1]), np.array([sum(half)]))
        assert found == pytest.approx(most[0])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_strangers_count_as_the_share_that_is_presumed(share: float) -> None:
    stranger = np.arange(1000) < 300
    weight = weights(stranger, share)
    assert weight.sum() == pytest.approx(1)
    assert weight[stranger].sum() == pytest.approx(share)
