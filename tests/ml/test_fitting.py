from __future__ import annotations

import numpy as np
import pytest

from ml.calibration import Calibration, threshold
from ml.evaluation.fitting import GALLERY_SIZES, carried_over, fit_part
from ml.evaluation.samples import ENROL, HeldOut, enrolled_as
from ml.gallery import Gallery
from ml.versions import default
from tests.ml.made_up import SIZE, held_out, reliability_of, unit

PARENT = Calibration.load(default.FITTED)
LIFT = 0.3


def lifted(people: HeldOut) -> HeldOut:
    """The same photos under a network that finds everybody more alike: a cosine c becomes
    LIFT + (1 - LIFT) * c, since all have one more direction in common."""
    common = np.full((len(people.embeddings), 1), np.sqrt(LIFT), np.float32)
    embeddings = np.concatenate([np.sqrt(1 - LIFT) * people.embeddings, common], axis=1)
    return HeldOut(people.labels, embeddings.astype(np.float32), people.owners)


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
    few, others = held_out(8, 12, noise=1.2, seed=1), held_out(20, 12, noise=1.2, seed=2)
    parent = fit_part(lifted(held_out(30, 12, noise=1.2, seed=3)).people)
    carried = carried_over(parent, lifted(few), few, {})
    before, after = measured(parent, lifted(others)), measured(carried, others)
    assert 0.03 < before < 0.2
    assert after == pytest.approx(before, abs=0.05)
    assert measured(parent, others) < before / 3


def test_the_same_network_keeps_its_calibration() -> None:
    people = held_out(6, 8)
    carried = carried_over(PARENT, people, people, {})
    assert carried.mean == pytest.approx(PARENT.mean)
    assert carried.sd == pytest.approx(PARENT.sd)
    assert (carried.tail, carried.evidence) == (PARENT.tail, PARENT.evidence)


def test_the_threshold_moves_with_the_similarities() -> None:
    people = held_out(8, 8, noise=0.8)
    carried = carried_over(PARENT, people, lifted(people), {"people": 8})
    usual = threshold(Gallery(SIZE), PARENT, 0.01).similarity
    moved = threshold(Gallery(SIZE + 1), carried, 0.01).similarity
    assert moved == pytest.approx(LIFT + (1 - LIFT) * usual, abs=0.05)
    assert carried.source["people"] == 8
    assert carried.source["carried_over"]["factor"] < 1


def test_a_line_between_the_two_networks_is_found_piece_by_piece() -> None:
    """By the definition: mean and deviation of all similarities with other people's prototypes."""
    people = held_out(4, 600, noise=0.8)  # more than one piece
    after = lifted(people)

    def spread(one: HeldOut) -> tuple[float, float]:
        firsts = [one.embeddings[one.owners == number][:ENROL] for number in range(4)]
        prototypes = np.stack([enrolled_as(photos) for photos in firsts])
        impostors = (one.embeddings @ prototypes.T)[one.owners[:, None] != np.arange(4)]
        return float(impostors.mean()), float(impostors.std())

    (old_mean, old_sd), (mean, sd) = spread(people), spread(after)
    found = carried_over(PARENT, people, after, {}).source["carried_over"]
    assert found["factor"] == pytest.approx(sd / old_sd, rel=1e-4)
    assert found["shift"] == pytest.approx(mean - sd / old_sd * old_mean, abs=1e-4)


def test_it_takes_two_people_and_the_same_photos() -> None:
    one = held_out(1, 8)
    with pytest.raises(ValueError, match="two people"):
        carried_over(PARENT, one, one, {})
    with pytest.raises(ValueError, match="same photos"):
        carried_over(PARENT, held_out(5, 8), held_out(5, 7), {})


def test_photos_of_equal_people_may_have_another_size_of_embedding() -> None:
    people = held_out(6, 8)
    half = HeldOut(people.labels, unit(people.embeddings[:, :64]), people.owners)
    assert np.isfinite(carried_over(PARENT, people, half, {}).mean).all()


def test_a_part_is_fitted_in_galleries_that_leave_strangers() -> None:
    fitted = fit_part(held_out(20, 12, noise=1.0).people)
    assert fitted.mean[1] > 0
    assert max(size for size in GALLERY_SIZES if size * 4 <= 20 * 3) == 10
    with pytest.raises(ValueError, match="too few"):
        fit_part(held_out(2, 12).people)
