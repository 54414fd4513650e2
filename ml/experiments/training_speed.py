"""How fast the paper's network learns here, against the way in which everybody begins.

`python -m ml.experiments.training_speed WAY DIR` measures one way in a process of its own:
precision and threads are settled once a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import keras

from ml.architectures.network import Stage
from ml.architectures.paper import PAPER
from ml.data import crops, dataset, splits
from ml.training.events import Epoch, Phase, Step
from ml.training.pipeline import Examples
from ml.training.recipe import Job
from ml.training.trainer import Parts, build, processor_has_bfloat16, train

Way = Literal["plain", "facesite"]
EPOCHS = 2
"""The first also compiles the network, and only the last is measured."""


@dataclass(frozen=True, slots=True)
class TrainingSpeed:
    """Photos learned from in a second, and the share of the time spent waiting for them, 0..1,
    where that is known."""

    photos_per_second: float
    waiting: float | None = None


def measure(way: Way, root: Path) -> TrainingSpeed:
    """Train the paper's network on a folder per identity of 112×112 photos, in its own process.

    plain: float32 `Model.fit` over `image_dataset_from_directory`. facesite: the trainer, in the
    precision that it chooses here.

    Raises:
        subprocess.CalledProcessError: that process failed; its `stderr` says why.
    """
    command = [sys.executable, "-m", __name__, way, str(root)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return TrainingSpeed(**json.loads(run.stdout.splitlines()[-1]))


def _plain(root: Path) -> TrainingSpeed:
    photos = keras.utils.image_dataset_from_directory(
        root, image_size=(112, 112), batch_size=PAPER.defaults.batch, verbose=False
    )
    model = build(_job(mixed_precision=False), len(photos.class_names)).trained()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(photos, epochs=EPOCHS - 1, verbose=0)
    started = time.perf_counter()
    model.fit(photos, verbose=0)
    return TrainingSpeed(len(photos.file_paths) / (time.perf_counter() - started))


def _facesite(root: Path) -> TrainingSpeed:
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        made = crops.prepare(dataset.read([root]), Path(folder), mode="as-is")
        split = splits.split(made.dataset, seed=0, hold_out=0)
        train_part = Examples(made.images, split.classes, split.train)
        few = Examples(made.images, split.classes, split.validation)
        job = _job(mixed_precision=processor_has_bfloat16())
        trained = train(job, Parts(train_part, few), Path(folder) / "run", _Silent())
    last = trained.history[-1]
    return TrainingSpeed(last.photos_per_second, last.waiting)


def _job(*, mixed_precision: bool) -> Job:
    return Job(
        "speed",
        "paper",
        (Stage(EPOCHS, 1e-3),),
        batch=PAPER.defaults.batch,
        augmentations=(),
        mixed_precision=mixed_precision,
    )


class _Silent:
    def phase(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """See `Listener.phase`."""

    def note(self, message: str) -> None:
        """See `Listener.note`."""

    def step(self, step: Step) -> None:
        """See `Listener.step`."""

    def epoch(self, epoch: Epoch) -> None:
        """See `Listener.epoch`."""


if __name__ == "__main__":
    chosen, directory = sys.argv[1:]
    found = _plain(Path(directory)) if chosen == "plain" else _facesite(Path(directory))
    print(json.dumps(asdict(found)))
