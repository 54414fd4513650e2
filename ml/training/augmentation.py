"""Small changes to training crops: a network then sees a face in more ways than its photos do."""

from __future__ import annotations

import math
from collections.abc import Collection

import tensorflow as tf

from ml.architectures.recipe import AUGMENTATIONS

SHIFT, ZOOM, CONTRAST, BRIGHTNESS = 0.04, 0.08, 0.2, 20.0
ANGLE = math.radians(8)
GEOMETRY = {"flip", "jitter", "rotation"}


def augment(crops: tf.Tensor, names: Collection[str], seed: tf.Tensor) -> tf.Tensor:
    """Change a batch, float32 (N, S, S, 3), 0..255, by the augmentations named.

    `seed`, int (2,), decides how: the same seed gives the same crops.

    Raises:
        ValueError: there is no augmentation of that name.
    """
    if unknown := set(names) - set(AUGMENTATIONS):
        raise ValueError(f"There is no augmentation called {min(unknown)!r}.")
    chance = _Chance(tf.shape(crops)[0], seed)
    if GEOMETRY & set(names):
        crops = _moved(crops, names, chance)
    if "light" in names:
        contrast, brightness = chance(1 - CONTRAST, 1 + CONTRAST), chance(-BRIGHTNESS, BRIGHTNESS)
        crops = (crops - 127.5) * _per_crop(contrast) + 127.5 + _per_crop(brightness)
        crops = tf.clip_by_value(crops, 0.0, 255.0)
    return crops


class _Chance:
    """Uniform numbers, one a crop, a new draw at every call."""

    def __init__(self, crops: tf.Tensor, seed: tf.Tensor) -> None:
        self._shape = [crops]
        self._seed = tf.cast(seed, tf.int64)
        self._draws = 0

    def __call__(self, low: float, high: float) -> tf.Tensor:
        self._draws += 1
        seed = tf.random.experimental.stateless_fold_in(self._seed, self._draws)
        return tf.random.stateless_uniform(self._shape, seed, low, high)


def _moved(crops: tf.Tensor, names: Collection[str], chance: _Chance) -> tf.Tensor:
    """Mirror, turn, scale and shift about the middle, in one resampling.

    The transform leads from a pixel of the result to one of the crop:
    (x, y) -> zoom * rotation * mirror * (x - c, y - c) + (c, c) + shift.
    """
    side, still = crops.shape[1], chance(0.0, 0.0)
    middle = (side - 1) / 2
    jitter = "jitter" in names
    zoom = chance(1 - ZOOM, 1 + ZOOM) if jitter else still + 1
    shift_x, shift_y = (chance(-SHIFT * side, SHIFT * side) if jitter else still for _ in "xy")
    angle = chance(-ANGLE, ANGLE) if "rotation" in names else still
    mirror = tf.sign(chance(-1.0, 1.0)) if "flip" in names else still + 1
    cos, sin = zoom * tf.cos(angle), zoom * tf.sin(angle)
    rows = [
        *(cos * mirror, -sin, middle - cos * mirror * middle + sin * middle + shift_x),
        *(sin * mirror, cos, middle - sin * mirror * middle - cos * middle + shift_y),
        *(still, still),
    ]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=crops,
        transforms=tf.stack(rows, axis=1),
        output_shape=tf.constant([side, side]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def _per_crop(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None]
