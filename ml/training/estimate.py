"""How long a training will take on this machine: a few of its own steps, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ml.architectures.network import Network
from ml.architectures.recipe import Recipe, Stage
from ml.data.splits import Split
from ml.types import CROP_SIZE

TIMED_STEPS = 3


def seconds(recipe: Recipe, split: Split, photos: int) -> float:
    """Seconds of training alone, without finding the faces before and measuring the network after
    it."""
    from ml.training.trainer import build  # noqa: PLC0415  (loads TensorFlow)

    network = build(recipe, len(split.labels))
    spent = sum(
        _stage(recipe, stage, network) * stage.epochs * len(split.train) for stage in recipe.stages
    )
    if network.features is not None and any(stage.trainable == "head" for stage in recipe.stages):
        crops, trunk = _crops(recipe), network.trunk()
        spent += _timed(lambda: trunk.predict_on_batch(crops)) / len(crops) * photos
    return spent


def _stage(recipe: Recipe, stage: Stage, network: Network) -> float:
    """Seconds that a stage takes for a photo."""
    import keras  # noqa: PLC0415  (loads TensorFlow)

    for layer in network.served().layers:
        layer.trainable = network.is_trainable(layer.name, stage.trainable)
    on_features = stage.trainable == "head" and network.features is not None
    model = network.head() if on_features else network.trained()
    model.compile(keras.optimizers.Adam(stage.learning_rate), loss=network.loss)
    inputs = np.zeros((recipe.batch, *model.input_shape[1:]), np.float32)
    classes = np.zeros(recipe.batch, np.int32)
    return _timed(lambda: model.train_on_batch(inputs, classes)) / recipe.batch


def _crops(recipe: Recipe) -> Any:
    return np.zeros((recipe.batch, CROP_SIZE, CROP_SIZE, 3), np.float32)


def _timed(step: Callable[[], object]) -> float:
    """Seconds of one step, after a first one that builds what it needs."""
    step()
    started = time.perf_counter()
    for _ in range(TIMED_STEPS):
        step()
    return (time.perf_counter() - started) / TIMED_STEPS
