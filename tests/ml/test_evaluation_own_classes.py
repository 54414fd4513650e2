"""What a network's own classes are worth, measured on photos of people known and held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ml.classes import tempered
from ml.data.splits import Split
from ml.evaluation.own_classes import (
    HELD_OUT,
    NOT_THEIR_OWN,
    Likeliest,
    fit_tail,
    fit_temperature,
    measure,
)
from ml.evaluation.resampling import Ints
from ml.types import Floats

CLASSES, PHOTOS = 12, 40
EVERYTHING = np.arange(CLASSES * PHOTOS + 200)


def made_up(spread: float = 3.0) -> Floats:
    """Probabilities of a network that is mostly right, and equally often sure of strangers."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(len(EVERYTHING), CLASSES))
    own = np.repeat(np.arange(CLASSES), PHOTOS)
    logits[: len(own)][np.arange(len(own)), own] += 2.0
    return tempered(np.exp(spread * logits).astype(np.float32), 1.0).astype(np.float32)


@pytest.fixture
def split() -> Split:
    classes = np.concatenate([np.repeat(np.arange(CLASSES), PHOTOS), np.full(200, -1)])
    known = np.flatnonzero(classes >= 0)
    return Split(
        seed=0,
        labels=tuple(map(str, range(CLASSES))),
        classes=classes,
        train=known[known % 4 < 2],
        validation=known[known % 4 == 2],
        test=known[known % 4 == 3],
        held_out=("x", "y"),
        held_out_photos=np.flatnonzero(classes < 0),
        held_out_owners=np.arange(200) % 2,
    )


def ask(rows: Ints) -> Iterator[Floats]:
    own = made_up()
    yield from (own[piece] for piece in np.array_split(rows, 3))


def test_the_temperature_takes_back_how_much_too_sure_a_network_is(split: Split) -> None:
    rows = np.concatenate([split.train, split.validation, split.test])
    one, three = (fit_temperature(made_up(spread)[rows], split.classes[rows]) for spread in (1, 3))
    assert one == pytest.approx(0.5, abs=0.05)  # the evidence in these logits is twice their own
    assert three == pytest.approx(3 * one, rel=0.02)


def test_a_closed_set_counts_all_that_is_right_and_an_open_one_only_what_strangers_do_not_reach(
    split: Split,
) -> None:
    measured = measure(ask, split)
    known = made_up()[split.test]
    assert measured.right == (known.argmax(axis=1) == split.classes[split.test]).mean()
    loosely, strictly = measured.dir.values()
    assert loosely is not None
    assert strictly is not None
    assert 0 < strictly < loosely < (measured.right or 0)
    assert measured.classes.source == {"fitted_on": HELD_OUT, "people": 2, "photos": 200}
    # The bar is kept: a tenth of those strangers reach it.
    odds = Likeliest.of([made_up()[split.held_out_photos]], measured.classes.temperature).odds
    chance = 1 / (1 + np.exp(-odds))
    assert (chance >= measured.classes.bar(0.1)).mean() == pytest.approx(0.1, abs=0.01)


def test_where_nobody_is_held_out_photos_without_their_class_stand_for_strangers(
    split: Split,
) -> None:
    nobody = np.zeros(0, np.int64)
    alone = replace(split, held_out=(), held_out_photos=nobody, held_out_owners=nobody)
    measured = measure(ask, alone)
    source = {"fitted_on": NOT_THEIR_OWN, "people": CLASSES, "photos": len(split.validation)}
    assert measured.classes.source == source
    assert measured.dir[0.1] is not None
    assert measured.summary()["strangers"] == source


def test_of_few_strangers_no_more_is_told_than_they_can_tell(split: Split) -> None:
    few = replace(split, held_out_photos=split.held_out_photos[:20])
    measured = measure(ask, few)
    assert measured.dir[0.1] is not None
    assert measured.dir[0.01] is None
    assert min(share for share, _ in measured.classes.tail) == 0.05


def test_a_tail_goes_on_falling_beyond_what_was_seen() -> None:
    tail = fit_tail(np.random.default_rng(0).normal(size=50))
    assert [share for share, _ in tail] == [0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02]
    assert sorted(odds for _, odds in tail) == [odds for _, odds in tail]
    assert len(fit_tail(np.array([1.0]))) == 2


def test_a_network_that_is_certain_has_finite_odds() -> None:
    certain = Likeliest.of([np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)], 1.0)
    assert certain.best.tolist() == [0, 1]
    assert np.isfinite(certain.odds).all()
