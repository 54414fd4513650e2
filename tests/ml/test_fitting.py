from __future__ import annotations

import numpy as np
import pytest

from ml.calibration import Calibration
from ml.evaluation.fitting import (
    ANCHORS,
    _anchors_of_others,
    _strangers,
    anchors,
    carried_over,
    fit_part,
)
from ml.evaluation.samples import HeldOut, enrolled_as
from ml.types import Floats
from ml.versions import default
from tests.ml.made_up import held_out, reliability_of, scored, seen, unit

PARENT = Calibration.load(default.FITTED)
LIFT = 0.3


def lifted(people: HeldOut) -> HeldOut:
    """The same photos under a network that finds everybody more alike: a cosine c becomes
    LIFT + (1 - LIFT) * c, since all have one more direction in common."""
    common = np.full((len(people.embeddings), 1), np.sqrt(LIFT), np.float32)
    embeddings = np.concatenate([np.sqrt(1 - LIFT) * people.embeddings.probes, common], axis=1)
    return seen(people.labels, embeddings.astype(np.float32), people.owners)


def padded(people: HeldOut) -> HeldOut:
    """The same photos under the same network, in as many dimensions as `lifted` has."""
    none = np.zeros((len(people.embeddings), 1), np.float32)
    return seen(people.labels, np.hstack([people.embeddings.probes, none]), people.owners)


def measured(calibration: Calibration, people: HeldOut) -> float:
    """The share of strangers who are named where 10 % are promised."""
    kept = reliability_of(calibration, people, bootstraps=50)
    (everybody,) = (promise for promise in kept.promises if promise.gallery == "all")
    share = everybody.measured[0.1]
    assert share is not None
    return share.value


def test_what_is_carried_over_promises_what_the_parent_promised() -> None:
    """Carried over on a few people, measured on others, as the parent is on photos as it sees
    them. Left as it was, it would hardly name anybody whom the new network finds less alike."""
    few, others = held_out(16, 12, noise=1.0, seed=1), held_out(20, 12, noise=1.0, seed=2)
    parent = fit_part(lifted(held_out(40, 12, noise=1.0, seed=3)).people)
    carried = carried_over(parent, lifted(few), few, {})
    before, after = measured(parent, lifted(others)), measured(carried, others)
    as_it_was = measured(parent, padded(others))
    assert 0.03 < before < 0.2
    assert after == pytest.approx(before, abs=0.05)
    assert abs(as_it_was - before) > 3 * abs(after - before)


def test_the_same_network_nearly_keeps_its_calibration() -> None:
    """Only the anchors are drawn anew."""
    parent = fit_part(held_out(40, 12, seed=3).people)
    people = held_out(30, 8)
    carried = carried_over(parent, people, people, {})
    assert carried.source["carried_over"]["factor"] == pytest.approx(1, abs=0.2)
    assert carried.bar(0.1) == pytest.approx(parent.bar(0.1), abs=0.05)


def test_bar_and_probability_move_with_the_scores() -> None:
    """By the definition: mean and deviation of the best score of each photo among the others."""
    parent = fit_part(lifted(held_out(40, 12, seed=3)).people)
    people = held_out(8, 8, noise=0.8)
    carried = carried_over(parent, lifted(people), people, {"people": 8})
    scores = _strangers(lifted(people).people, dict.fromkeys(people.labels, parent.anchors))
    far = (parent.bar(0.01) - scores.mean()) / scores.std()
    anew = _strangers(people.people, _anchors_of_others(people.people))
    assert carried.bar(0.01) == pytest.approx(anew.mean() + far * anew.std())
    assert carried.probabilities([scored(carried.bar(0.01))]) == pytest.approx(
        parent.probabilities([scored(parent.bar(0.01))])
    )
    assert carried.source["people"] == 8


def test_it_takes_two_people_and_the_same_photos() -> None:
    one = held_out(1, 8)
    with pytest.raises(ValueError, match="two people"):
        carried_over(PARENT, one, one, {})
    with pytest.raises(ValueError, match="same photos"):
        carried_over(PARENT, held_out(5, 8), held_out(5, 7), {})


def test_photos_of_equal_people_may_have_another_size_of_embedding() -> None:
    people = held_out(6, 8)
    half = seen(people.labels, unit(people.embeddings.probes[:, :64]), people.owners)
    carried = carried_over(PARENT, people, half, {})
    assert np.isfinite(carried.tail).all()
    assert carried.anchors.shape == (ANCHORS, 64)


def test_a_part_is_fitted_in_galleries_that_leave_strangers() -> None:
    fitted = fit_part(held_out(20, 12, noise=1.0).people)
    assert fitted.bar(0.001) > fitted.bar(0.01) > fitted.bar(0.1)
    with pytest.raises(ValueError, match="too few"):
        fit_part(held_out(7, 12).people)


def test_anchors_lie_as_people_do_and_are_nobody() -> None:
    people = held_out(60, 6, noise=1.0).people
    drawn = anchors(people)
    prototypes = np.stack([enrolled_as(photos[:4]) for photos in people.values()])

    def usual(one: Floats, other: Floats) -> float:
        return float((one @ other.T).mean())

    assert np.linalg.norm(drawn, axis=1) == pytest.approx(np.ones(ANCHORS), abs=1e-5)
    assert usual(drawn, prototypes) == pytest.approx(usual(prototypes, prototypes), abs=0.03)
    assert float((drawn @ prototypes.T).max()) < 0.6
    assert np.array_equal(drawn, anchors(people))
    with pytest.raises(ValueError, match="two people"):
        anchors(held_out(1, 6).people)
