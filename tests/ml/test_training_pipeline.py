from __future__ import annotations

import time

import numpy as np
import pytest
import tensorflow as tf

from ml.architectures.recipe import AUGMENTATIONS
from ml.training.augmentation import augment
from ml.training.pipeline import Examples, Stopwatch
from ml.types import Image

SEED = tf.constant([1, 2])


@pytest.fixture
def batch(crops: Image) -> tf.Tensor:
    return tf.cast(crops, tf.float32)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_augmentation_changes_crops_and_keeps_their_range(batch: tf.Tensor, name: str) -> None:
    changed = augment(batch, [name], SEED).numpy()
    assert changed.shape == batch.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    difference = np.abs(changed - batch.numpy()).mean(axis=(1, 2, 3))
    assert (difference > 1).sum() >= len(batch) // 4
    # Still the same face: a photo agrees more with its own change than with any other photo.
    flat, own = changed.reshape(len(changed), -1), batch.numpy().reshape(len(changed), -1)
    agreement = np.corrcoef(np.abs(np.fft.fft(flat)), np.abs(np.fft.fft(own)))
    half = agreement[: len(flat), len(flat) :]
    assert (half.argmax(axis=1) == np.arange(len(flat))).mean() > 0.7


def test_a_flip_mirrors_exactly(batch: tf.Tensor) -> None:
    changed, own = augment(batch, ["flip"], SEED).numpy(), batch.numpy()
    kept = np.isclose(changed, own, atol=0.5).all(axis=(1, 2, 3))
    mirrored = np.isclose(changed, own[:, :, ::-1], atol=0.5).all(axis=(1, 2, 3))
    assert (kept | mirrored).all()
    assert kept.any()
    assert mirrored.any()


def test_no_augmentation_changes_nothing(batch: tf.Tensor) -> None:
    assert (augment(batch, [], SEED) == batch).numpy().all()


def test_the_same_seed_augments_in_the_same_way(batch: tf.Tensor) -> None:
    one, other = augment(batch, AUGMENTATIONS, SEED), augment(batch, AUGMENTATIONS, SEED)
    assert (one == other).numpy().all()
    assert not np.allclose(one, augment(batch, AUGMENTATIONS, SEED + 1))


def test_an_unknown_augmentation_is_named(batch: tf.Tensor) -> None:
    with pytest.raises(ValueError, match="'blur'"):
        augment(batch, ["blur"], SEED)


@pytest.fixture
def examples(crops: Image, classes: list[int]) -> Examples:
    return Examples(crops, np.array(classes), np.array([0, 2, 4, 6, 8, 10]))


def test_examples_come_in_order_with_their_classes(examples: Examples, crops: Image) -> None:
    inputs, classes = (np.concatenate(part) for part in zip(*examples.in_order(4), strict=True))
    assert (inputs == crops[examples.chosen]).all()
    assert classes.tolist() == [0, 0, 1, 1, 2, 2]


def test_every_epoch_has_all_examples_in_an_order_of_its_own(examples: Examples) -> None:
    def sums(epoch: int, seed: int = 0) -> list[float]:
        batches = examples.shuffled(4, seed=seed, epoch=epoch, augmentations=())
        return [float(one) for inputs, _ in batches for one in inputs.numpy().sum(axis=(1, 2, 3))]

    assert sums(1) == sums(1)
    assert sums(1) != sums(2)
    assert sums(1) != sums(1, seed=1)
    assert sorted(sums(1)) == sorted(sums(2))


def test_augmented_epochs_differ_and_repeat_with_their_seed(examples: Examples) -> None:
    def first(epoch: int) -> Image:
        batches = examples.shuffled(6, seed=0, epoch=epoch, augmentations=AUGMENTATIONS)
        return np.asarray(next(iter(batches))[0])

    assert (first(1) == first(1)).all()
    assert not np.allclose(first(1), first(2))


def test_the_stopwatch_tells_waiting_from_working() -> None:
    def slow(number: int) -> int:
        time.sleep(0.2)
        return number

    numbers = tf.data.Dataset.range(4)
    batches = numbers.map(lambda number: (tf.py_function(slow, [number], tf.int64), number))
    waits = Stopwatch()
    assert len(list(waits.following(batches))) == 4
    waiting = waits.waiting
    works = Stopwatch()
    for _ in works.following(numbers.map(lambda number: (number, number))):
        time.sleep(0.2)
    assert waits.waited > 4 * 0.2
    assert works.seconds > 4 * 0.2
    assert works.waiting < waiting <= 1
