"""Training in stages, each from the best weights of the one before. A process that is killed loses
one epoch at the most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ml import processor
from ml.architectures import ARCHITECTURES
from ml.architectures.network import Network, adopt
from ml.architectures.recipe import Recipe, Stage
from ml.errors import MLError
from ml.files import require_room, writing
from ml.language import tell
from ml.training.checkpoints import Checkpoints, Weights
from ml.training.events import Callback, Epoch, Phase, Progress, Step
from ml.training.pipeline import Examples, Stopwatch
from ml.training.shrinking import shrinking
from ml.types import Floats

REPORT_SECONDS = 0.2
"""Between two steps that are told, at the least."""
EVALUATION_BATCH = 256
"""Photos at a time where nothing is learned from them."""
FEATURES = "features"


class TrainingError(MLError):
    """The training cannot go on; the message says in one sentence what to do."""

    code = "training_error"


@dataclass(frozen=True)
class Parts:
    """The photos that a network learns from, and those that say how well it does."""

    train: Examples
    validation: Examples

    def with_inputs(self, inputs: Floats) -> Parts:
        """The same rows of other inputs, float32 (N, ...)."""
        return Parts(replace(self.train, inputs=inputs), replace(self.validation, inputs=inputs))


@dataclass(frozen=True)
class Trained:
    """A trained network in float32, whatever precision it was trained in, and how it went."""

    recipe: Recipe
    network: Network
    history: tuple[Epoch, ...]


def precision_here(asked: str) -> str:
    """What "auto" comes to on this machine; what was asked for otherwise."""
    if asked != "auto":
        return asked
    if has_gpu():  # every one that TensorFlow uses has had fast units for it for years
        return "float16"
    return "bfloat16" if processor.has_bfloat16() else "float32"


def has_gpu() -> bool:
    """Whether TensorFlow sees a graphics processor."""
    return bool(tf.config.list_physical_devices("GPU"))


def build(recipe: Recipe, classes: int) -> Network:
    """The network of a recipe with random weights, in the precision of its training."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.policy)
    try:
        return ARCHITECTURES[recipe.architecture].build(classes, recipe)
    finally:
        keras.config.set_dtype_policy(before)


def train(recipe: Recipe, parts: Parts, run_dir: Path, callback: Callback) -> Trained:
    """Train by a recipe, or go on with that if `run_dir` has a checkpoint of it.

    Both parts have all classes.

    Raises:
        WeightsMissing: those that the architecture begins with are not there.
        TrainingError: the loss is not a number any more.
        Unwritable: `run_dir` cannot be written to, or the disk is full.
        CannotResume: the checkpoint in `run_dir` is of another recipe.
    """
    keras.utils.set_random_seed(recipe.seed)
    if has_gpu():  # a processor computes the same every time without, and faster
        tf.config.experimental.enable_op_determinism()
    classes = int(parts.train.classes.max()) + 1
    network = build(recipe, classes)
    if packaged := ARCHITECTURES[recipe.architecture].packaged:
        adopt(network.trained(), packaged())
    with writing(run_dir, tell("go on with --resume %(run)s", run=run_dir.name)):
        run = _Run(recipe, network, parts, run_dir, callback)
        require_room(run_dir, run.bytes_needed)
        run.all_stages()
    plain = build(replace(recipe, precision="float32"), classes)
    plain.served().set_weights(network.served().get_weights())
    return Trained(recipe, plain, tuple(run.history))


@dataclass(frozen=True)
class _StageAtWork:
    """A stage under way: the model that learns, compiled for it, and what it learns from."""

    number: int
    stage: Stage
    model: keras.Model
    train: Examples
    validation: Examples


class _Run:
    def __init__(
        self, recipe: Recipe, network: Network, parts: Parts, run_dir: Path, callback: Callback
    ) -> None:
        self.recipe, self.network, self.parts = recipe, network, parts
        self.run_dir, self.callback = run_dir, callback
        self.checkpoints = Checkpoints.open(run_dir, recipe)
        self.whole = network.served()
        self.state = self.checkpoints.read()
        self.history = list(self.state.history) if self.state else []

    @property
    def bytes_needed(self) -> int:
        """What is on the disk at once while a checkpoint takes the place of the one before: of each
        the network, Adam's two averages of it, and the best network; and the features."""
        checkpoint = 4 * 4 * self.whole.count_params()
        there = sum(path.stat().st_size for path in self.run_dir.glob("*.npz"))
        return int(2 * checkpoint - there + self._feature_bytes)

    @property
    def _feature_bytes(self) -> int:
        features = self.network.features
        if features is None or (self.run_dir / FEATURES).is_file():
            return 0
        return 4 * len(self.parts.train.inputs) * int(features.shape[-1])

    def all_stages(self) -> None:
        first = 1
        for number, stage in enumerate(self.recipe.stages, start=1):
            last = first + stage.epochs - 1
            if len(self.history) < last:
                self._one_stage(self._open(number, stage), first, last)
            if self.state is not None and len(self.history) == last:
                self.whole.set_weights(self.checkpoints.arrays(self.state.best))
            first = last + 1

    def _one_stage(self, at_work: _StageAtWork, first: int, last: int) -> None:
        done = len(self.history)
        if self.state is not None and done >= first:
            self._restore(at_work.model, self.checkpoints.arrays(self.state.latest))
        self.callback(Progress(Phase.TRAINING))
        for epoch in range(max(done + 1, first), last + 1):
            self._one_epoch(at_work, epoch)

    def _open(self, number: int, stage: Stage) -> _StageAtWork:
        for layer in self.whole.layers:
            layer.trainable = self.network.is_trainable(layer.name, stage.trainable)
        model, parts = self.network.trained(), self.parts
        if stage.trainable == "head" and self.network.features is not None:
            model, parts = self.network.head(), parts.with_inputs(self._features())
            self._map_features(parts.train)
        model.compile(self._optimizer(stage), loss=self.network.loss, metrics=["accuracy"])
        model.optimizer.build(model.trainable_variables)
        return _StageAtWork(number, stage, model, parts.train, parts.validation)

    def _optimizer(self, stage: Stage) -> keras.optimizers.Optimizer:
        adam = keras.optimizers.Adam(stage.learning_rate)
        if self.recipe.precision == "float16":  # in which small gradients would all be zero
            return keras.optimizers.LossScaleOptimizer(adam)
        return adam

    def _map_features(self, examples: Examples) -> None:
        """A run that goes on has the same map in its checkpoint, and takes it from there."""
        if self.network.set_map is not None:
            rows = examples.chosen
            self.network.set_map(shrinking(examples.inputs[rows], examples.classes[rows]))

    def _features(self) -> Floats:
        """What the frozen layers make of every crop, computed once and kept beside the run."""
        trunk, path = self.network.trunk(), self.run_dir / FEATURES
        if not path.is_file():
            self._compute_features(trunk, path)
        shape = (len(self.parts.train.inputs), trunk.output_shape[-1])
        return np.memmap(path, np.float32, "r", shape=shape)

    def _compute_features(self, trunk: keras.Model, path: Path) -> None:
        """Write them after the rows that a run which was killed has left, the last of which may be
        cut off."""
        crops, row = self.parts.train.inputs, 4 * trunk.output_shape[-1]
        with path.with_suffix(".part").open("ab") as file:
            done = file.tell() // row
            file.truncate(done * row)
            for start in range(done, len(crops), EVALUATION_BATCH):
                self.callback(Progress(Phase.FEATURES, start, len(crops)))
                batch = crops[start : start + EVALUATION_BATCH].astype(np.float32)
                require_room(self.run_dir, row * len(batch))
                file.write(trunk.predict_on_batch(batch).astype(np.float32).tobytes())
        path.with_suffix(".part").replace(path)

    def _one_epoch(self, at_work: _StageAtWork, epoch: int) -> None:
        self._reseed(at_work.model, epoch)
        watch = Stopwatch()
        learned = self._learn(at_work, epoch, watch)
        seconds, waiting = watch.seconds, watch.waiting
        validation = at_work.validation.in_order(EVALUATION_BATCH)
        checked = at_work.model.evaluate(validation, verbose=0, return_dict=True)
        _require_number(float(checked["loss"]))
        ended = Epoch(
            stage=at_work.number,
            epoch=epoch,
            learning_rate=at_work.stage.learning_rate,
            loss=learned["loss"],
            accuracy=learned["accuracy"],
            validation_loss=float(checked["loss"]),
            validation_accuracy=float(checked["accuracy"]),
            seconds=seconds,
            photos_per_second=len(at_work.train) / seconds,
            waiting=waiting,
            best=self._is_best(at_work.number, checked),
        )
        self._keep(ended, at_work.model)
        self.callback(ended)

    def _learn(self, at_work: _StageAtWork, epoch: int, watch: Stopwatch) -> dict[str, float]:
        """Once through all training examples; returns the means of loss and accuracy over them."""
        batches = at_work.train.shuffled(
            self.recipe.batch,
            seed=self.recipe.seed,
            epoch=epoch,
            augmentations=self.recipe.augmentations if at_work.train.are_crops else (),
        )
        told, done, sums = 0.0, 0, {"loss": 0.0, "accuracy": 0.0}
        for inputs, classes in watch.following(batches):
            logs = at_work.model.train_on_batch(inputs, classes, return_dict=True)
            _require_number(float(logs["loss"]))
            done += len(classes)
            sums = {name: sum_ + float(logs[name]) * len(classes) for name, sum_ in sums.items()}
            if watch.seconds - told > REPORT_SECONDS or done == len(at_work.train):
                told = watch.seconds
                means = {name: sum_ / done for name, sum_ in sums.items()}
                self.callback(self._step(at_work, epoch, done, means, done / watch.seconds))
        return {name: sum_ / done for name, sum_ in sums.items()}

    def _reseed(self, model: keras.Model, epoch: int) -> None:
        """Dropout must not depend on whether the run was interrupted before this epoch."""
        for layer in model.layers:
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign([self.recipe.seed, epoch])

    def _is_best(self, stage: int, checked: Mapping[str, float]) -> bool:
        reached = (float(checked["accuracy"]), -float(checked["loss"]))
        before = [
            (epoch.validation_accuracy, -epoch.validation_loss)
            for epoch in self.history
            if epoch.stage == stage
        ]
        return all(reached > other for other in before)

    def _keep(self, ended: Epoch, model: keras.Model) -> None:
        self.history.append(ended)
        weights = self.whole.get_weights()
        variables = [np.asarray(variable) for variable in model.optimizer.variables]
        best = weights if ended.best else None
        self.state = self.checkpoints.write(self.history, [*weights, *variables], best)

    def _restore(self, model: keras.Model, latest: Weights) -> None:
        weights = len(self.whole.get_weights())
        self.whole.set_weights(latest[:weights])
        for variable, value in zip(model.optimizer.variables, latest[weights:], strict=True):
            variable.assign(value)

    def _step(
        self, at_work: _StageAtWork, epoch: int, done: int, means: Mapping[str, float], speed: float
    ) -> Step:
        epochs, total = sum(stage.epochs for stage in self.recipe.stages), len(at_work.train)
        return Step(
            stage=at_work.number,
            stages=len(self.recipe.stages),
            epoch=epoch,
            epochs=epochs,
            done=done,
            total=total,
            loss=means["loss"],
            accuracy=means["accuracy"],
            photos_per_second=speed,
            seconds_left=((epochs - epoch + 1) * total - done) / speed,
        )


def _require_number(loss: float) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            tell("The loss is not a number any more. Start again with lower --learning-rates.")
        )
