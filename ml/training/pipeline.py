"""Batches for the network, made ready while it computes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ml.training.augmentation import augment

Ints = npt.NDArray[np.int64]
AHEAD = 2
"""Batches that are made ready while the network computes."""


@dataclass(frozen=True)
class Examples:
    """Inputs (N, ...), crops uint8 or features float32, and the class index of each, (N,).

    `chosen` are the rows that this part of the data has. The inputs may be memory-mapped: only the
    rows of a batch are read.
    """

    inputs: npt.NDArray[Any]
    classes: Ints
    chosen: Ints

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def are_crops(self) -> bool:
        """Whether the inputs are pictures, which can be augmented."""
        return self.inputs.ndim == 4

    def in_order(self, batch: int) -> tf.data.Dataset:
        """All examples as they are: (float32 inputs, classes)."""
        return self._batches(self.chosen, batch).prefetch(AHEAD)

    def shuffled(
        self, batch: int, *, seed: int, epoch: int, augmentations: tuple[str, ...]
    ) -> tf.data.Dataset:
        """All examples in a new order, augmented; seed and epoch decide everything about it."""
        order = np.random.default_rng((seed, epoch)).permutation(self.chosen)
        batches = self._batches(order, batch)
        if augmentations:
            numbers = tf.data.Dataset.counter(start=epoch * 2**32)
            batches = tf.data.Dataset.zip(batches, numbers).map(
                lambda example, number: (
                    augment(example[0], augmentations, tf.stack([tf.cast(seed, tf.int64), number])),
                    example[1],
                )
            )
        return batches.prefetch(AHEAD)

    def _batches(self, order: Ints, batch: int) -> tf.data.Dataset:
        shape = (None, *self.inputs.shape[1:])

        def read(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            (inputs,) = tf.numpy_function(lambda r: [self.inputs[r]], [rows], [self.inputs.dtype])
            return tf.cast(tf.ensure_shape(inputs, shape), tf.float32), tf.gather(classes, rows)

        classes = tf.constant(self.classes.astype(np.int32))
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch)
        return rows.map(read)


@dataclass
class Stopwatch:
    """How long the network waited for its batches, against all the time it took."""

    started: float = field(default_factory=time.perf_counter)
    waited: float = 0.0

    def following(self, batches: tf.data.Dataset) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Hand on the batches, and note the time that each of them kept the network waiting."""
        asked = time.perf_counter()
        iterator = iter(batches)
        while (batch := next(iterator, None)) is not None:
            self.waited += time.perf_counter() - asked
            yield batch
            asked = time.perf_counter()
        self.waited += time.perf_counter() - asked

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.perf_counter() - self.started

    @property
    def waiting(self) -> float:
        """The share of the time that was spent waiting, 0..1."""
        return self.waited / self.seconds
