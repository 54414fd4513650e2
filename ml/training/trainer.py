"""Training in stages, each from the best weights of the one before. A kill costs one epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ml.architectures import ARCHITECTURES
from ml.architectures.network import Network, Shape, Stage, adopt
from ml.errors import DISK_FULL, MLError
from ml.training.checkpoints import Checkpoints, Weights
from ml.training.events import Epoch, Listener, Phase, Step
from ml.training.pipeline import Examples, Stopwatch
from ml.training.recipe import Job
from ml.types import Floats

REPORT_SECONDS = 0.2
EVALUATION_BATCH = 256
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

    job: Job
    network: Network
    history: tuple[Epoch, ...]


def processor_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32 (Linux on x86-64 tells)."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.is_file() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


def has_gpu() -> bool:
    """Whether TensorFlow sees a graphics processor."""
    return bool(tf.config.list_physical_devices("GPU"))


def build(job: Job, classes: int, *, mixed_precision: bool = False) -> Network:
    """The network of a job with random weights, in float32 or for training in bfloat16."""
    shape = Shape(classes, job.input_size, job.scale, job.margin)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if mixed_precision else "float32")
    try:
        return ARCHITECTURES[job.architecture].build(shape)
    finally:
        keras.config.set_dtype_policy(before)


def train(job: Job, parts: Parts, run_dir: Path, listener: Listener) -> Trained:
    """Train `job`, or go on with it if `run_dir` has a checkpoint of it.

    Both parts have all classes.

    Raises:
        WeightsMissing: those that the architecture begins with are not there.
        TrainingError: the loss is not a number any more, or the disk is full.
        CannotResume: the checkpoint in `run_dir` is of another job.
    """
    keras.utils.set_random_seed(job.seed)
    if has_gpu():  # a processor computes the same every time without, and faster
        tf.config.experimental.enable_op_determinism()
    classes = int(parts.train.classes.max()) + 1
    network = build(job, classes, mixed_precision=job.mixed_precision)
    if packaged := ARCHITECTURES[job.architecture].packaged:
        adopt(network.trained(), packaged())
    with _told_when_full(run_dir):
        run = _Run(job, network, parts, run_dir, listener)
        run.all_stages()
    plain = build(job, classes)
    plain.served().set_weights(network.served().get_weights())
    return Trained(job, plain, tuple(run.history))


@dataclass(frozen=True)
class _Opened:
    """A stage under way: the model that learns, compiled for it, and what it learns from."""

    number: int
    stage: Stage
    model: keras.Model
    train: Examples
    validation: Examples


class _Run:
    def __init__(
        self, job: Job, network: Network, parts: Parts, run_dir: Path, listener: Listener
    ) -> None:
        self.job, self.network, self.parts = job, network, parts
        self.run_dir, self.listener = run_dir, listener
        self.checkpoints = Checkpoints.open(run_dir, job)
        self.whole = network.served()
        self.state = self.checkpoints.read()
        self.history = list(self.state.history) if self.state else []

    def all_stages(self) -> None:
        first = 1
        for number, stage in enumerate(self.job.stages, start=1):
            last = first + stage.epochs - 1
            if len(self.history) < last:
                self._one_stage(self._open(number, stage), first, last)
            if self.state is not None and len(self.history) == last:
                self.whole.set_weights(self.checkpoints.arrays(self.state.best))
            first = last + 1

    def _one_stage(self, opened: _Opened, first: int, last: int) -> None:
        done = len(self.history)
        if self.state is not None and done >= first:
            self._restore(opened.model, self.checkpoints.arrays(self.state.latest))
        self.listener.phase(Phase.TRAINING)
        for epoch in range(max(done + 1, first), last + 1):
            self._one_epoch(opened, epoch)

    def _open(self, number: int, stage: Stage) -> _Opened:
        for layer in self.whole.layers:
            layer.trainable = self.network.learns(layer.name, stage.opened)
        model, parts = self.network.trained(), self.parts
        if stage.opened == "head" and self.network.features is not None:
            model, parts = self.network.head(), parts.with_inputs(self._features())
        adam = keras.optimizers.Adam(stage.learning_rate)
        model.compile(adam, loss=self.network.loss, metrics=["accuracy"])
        model.optimizer.build(model.trainable_variables)
        return _Opened(number, stage, model, parts.train, parts.validation)

    def _features(self) -> Floats:
        """What the frozen layers make of every crop, computed once and kept beside the run."""
        trunk, path = self.network.trunk(), self.run_dir / FEATURES
        if not path.is_file():
            self._compute_features(trunk, path)
        shape = (len(self.parts.train.inputs), trunk.output_shape[-1])
        return np.memmap(path, np.float32, "r", shape=shape)

    def _compute_features(self, trunk: keras.Model, path: Path) -> None:
        """Go on after the rows that a run which was killed has left, of which the last may be cut
        off."""
        crops, row = self.parts.train.inputs, 4 * trunk.output_shape[-1]
        with path.with_suffix(".part").open("ab") as file:
            done = file.tell() // row
            file.truncate(done * row)
            for start in range(done, len(crops), EVALUATION_BATCH):
                self.listener.phase(Phase.FEATURES, start, len(crops))
                batch = crops[start : start + EVALUATION_BATCH].astype(np.float32)
                file.write(trunk.predict_on_batch(batch).astype(np.float32).tobytes())
        path.with_suffix(".part").replace(path)

    def _one_epoch(self, opened: _Opened, epoch: int) -> None:
        self._reseed(opened.model, epoch)
        watch = Stopwatch()
        learned = self._learn(opened, epoch, watch)
        seconds, waiting = watch.seconds, watch.waiting
        validation = opened.validation.in_order(EVALUATION_BATCH)
        checked = opened.model.evaluate(validation, verbose=0, return_dict=True)
        _require_number(float(checked["loss"]))
        ended = Epoch(
            stage=opened.number,
            epoch=epoch,
            learning_rate=opened.stage.learning_rate,
            loss=learned["loss"],
            accuracy=learned["accuracy"],
            validation_loss=float(checked["loss"]),
            validation_accuracy=float(checked["accuracy"]),
            seconds=seconds,
            photos_per_second=len(opened.train) / seconds,
            waiting=waiting,
            best=self._is_best(opened.number, checked),
        )
        self._keep(ended, opened.model)
        self.listener.epoch(ended)

    def _learn(self, opened: _Opened, epoch: int, watch: Stopwatch) -> dict[str, float]:
        """Once through all training examples; returns the means of loss and accuracy over them."""
        batches = opened.train.shuffled(
            self.job.batch,
            seed=self.job.seed,
            epoch=epoch,
            augmentations=self.job.augmentations if opened.train.are_crops else (),
        )
        told, done, sums = 0.0, 0, {"loss": 0.0, "accuracy": 0.0}
        for inputs, classes in watch.following(batches):
            logs = opened.model.train_on_batch(inputs, classes, return_dict=True)
            _require_number(float(logs["loss"]))
            done += len(classes)
            sums = {name: sum_ + float(logs[name]) * len(classes) for name, sum_ in sums.items()}
            if watch.seconds - told > REPORT_SECONDS or done == len(opened.train):
                told = watch.seconds
                means = {name: sum_ / done for name, sum_ in sums.items()}
                self.listener.step(self._step(opened, epoch, done, means, done / watch.seconds))
        return {name: sum_ / done for name, sum_ in sums.items()}

    def _reseed(self, model: keras.Model, epoch: int) -> None:
        """Dropout must not depend on whether the run was interrupted before this epoch."""
        for layer in model.layers:
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign([self.job.seed, epoch])

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
        self, opened: _Opened, epoch: int, done: int, means: Mapping[str, float], speed: float
    ) -> Step:
        epochs, total = sum(stage.epochs for stage in self.job.stages), len(opened.train)
        return Step(
            stage=opened.number,
            stages=len(self.job.stages),
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
            "The loss is not a number any more. Start again with lower --learning-rates."
        )


@contextmanager
def _told_when_full(run_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise TrainingError(
            f"The disk with {run_dir} is full. Make room and go on with --resume {run_dir.name}."
        ) from error
