"""How long a training will take on this machine: a few of its own steps, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ml.architectures.network import Network, Stage
from ml.data.splits import Split
from ml.training.recipe import Job

STEPS = 3


def seconds(job: Job, split: Split, photos: int) -> float:
    """Of training alone, without finding the faces before and measuring the network after it."""
    from ml.training.trainer import build  # noqa: PLC0415  (loads TensorFlow)

    network = build(job, len(split.labels), mixed_precision=job.mixed_precision)
    spent = sum(
        _stage(job, stage, network) * stage.epochs * len(split.train) for stage in job.stages
    )
    if network.features is not None and any(stage.opened == "head" for stage in job.stages):
        crops, trunk = _crops(job), network.trunk()
        spent += _timed(lambda: trunk.predict_on_batch(crops)) / len(crops) * photos
    return spent


def _stage(job: Job, stage: Stage, network: Network) -> float:
    """Seconds for a photo."""
    import keras  # noqa: PLC0415  (loads TensorFlow)

    for layer in network.served().layers:
        layer.trainable = network.learns(layer.name, stage.opened)
    on_features = stage.opened == "head" and network.features is not None
    model = network.head() if on_features else network.trained()
    model.compile(keras.optimizers.Adam(stage.learning_rate), loss=network.loss)
    inputs = np.zeros((job.batch, *model.input_shape[1:]), np.float32)
    classes = np.zeros(job.batch, np.int32)
    return _timed(lambda: model.train_on_batch(inputs, classes)) / job.batch


def _crops(job: Job) -> Any:
    return np.zeros((job.batch, 112, 112, 3), np.float32)


def _timed(step: Callable[[], object]) -> float:
    """Seconds of one step, after a first one that builds what it needs."""
    step()
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - started) / STEPS
