from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation import rates, resampling
from ml.evaluation.resampling import Interval, shares_above, thresholds, weights

RATES = (0.29, 0.1, 0.01)
RNG = np.random.default_rng(0)
PEOPLE = 12
SIMILARITIES = RNG.normal(size=5000).astype(np.float32)
ONE = RNG.integers(0, PEOPLE, 5000)[:, None]
TWO = np.stack([RNG.integers(0, 6, 5000), RNG.integers(6, PEOPLE, 5000)], axis=1)
OWNERS = pytest.mark.parametrize("owners", [ONE, TWO], ids=["one person", "two people"])


@OWNERS
def test_the_sample_itself_has_the_usual_thresholds(owners: resampling.Ints) -> None:
    found = thresholds(RATES, SIMILARITIES, owners, weights(PEOPLE, bootstraps=3))
    usual = [rates.threshold_at(rate, SIMILARITIES.astype(np.float64)) for rate in RATES]
    assert found[0].tolist() == usual


@OWNERS
def test_who_is_drawn_twice_counts_like_two(owners: resampling.Ints) -> None:
    drawn = weights(PEOPLE, bootstraps=20, seed=3)
    found = thresholds(RATES, SIMILARITIES, owners, drawn)
    for resample, limits in zip(drawn, found, strict=True):
        times = resample[owners].prod(axis=1).astype(int)
        copied = np.repeat(SIMILARITIES, times).astype(np.float64)
        assert limits.tolist() == [rates.threshold_at(rate, copied) for rate in RATES]


def test_shares_are_those_of_the_people_who_are_there() -> None:
    drawn = weights(PEOPLE, bootstraps=20, seed=3)
    limits = np.tile([0.3, -np.inf], (len(drawn), 1))
    shares = shares_above(limits, SIMILARITIES, ONE[:, 0], drawn)
    for resample, (share, all_of_them) in zip(drawn, shares, strict=True):
        copied = np.repeat(SIMILARITIES, resample[ONE[:, 0]].astype(int))
        assert share == pytest.approx(np.mean(copied > 0.3))
        assert all_of_them == 1


def test_a_resample_without_any_of_these_people_has_no_figure() -> None:
    drawn = np.array([[1, 1, 1], [0, 0, 3]], np.float32)
    owners, similarities = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3], np.float32)
    limits = thresholds([0.1], similarities, owners[:, None], drawn)
    assert np.isnan(limits[1, 0])
    assert np.isnan(shares_above(limits, similarities, owners, drawn)[1, 0])
    assert np.isnan(thresholds([0.1], similarities[:0], owners[:0, None], drawn)).all()


def test_the_same_seed_draws_the_same_people() -> None:
    assert np.array_equal(weights(9, seed=4), weights(9, seed=4))
    assert not np.array_equal(weights(9, seed=4), weights(9, seed=5))
    assert (weights(9).sum(axis=1) == 9).all()


def test_more_photos_of_the_same_people_promise_no_more() -> None:
    hits = RNG.random(60).astype(np.float32)
    owners, drawn = np.arange(60) % 12, weights(12)
    half = np.full((len(drawn), 1), 0.5)
    once = Interval.of(shares_above(half, hits, owners, drawn)[:, 0])
    often = Interval.of(shares_above(half, np.repeat(hits, 10), np.repeat(owners, 10), drawn)[:, 0])
    assert once == often


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, people, photos = np.random.default_rng(1), 40, 8
    held = 0
    for _ in range(100):
        abilities = rng.beta(4, 2, people)  # the mean of all people is 2/3
        hits = (rng.random((people, photos)) < abilities[:, None]).astype(np.float32)
        drawn = weights(people, bootstraps=200)
        half = np.full((len(drawn), 1), 0.5)
        owners = np.repeat(np.arange(people), photos)
        interval = Interval.of(shares_above(half, hits.ravel(), owners, drawn)[:, 0])
        assert interval is not None
        held += interval.low <= 2 / 3 <= interval.high
    assert 88 <= held <= 99
