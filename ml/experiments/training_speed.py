"""How fast each network learns here, and the paper's in the way in which everybody begins.

`python -m ml.experiments.training_speed WAY DIR` measures one way in a process of its own:
precision and threads are settled once a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import keras

from ml.architectures import ARCHITECTURES
from ml.architectures.paper import PAPER
from ml.architectures.recipe import Recipe, Stage
from ml.data import crops, dataset, splits
from ml.training.events import silent
from ml.training.pipeline import Examples
from ml.training.trainer import Parts, build, precision_here, train

PLAIN: Final = "plain"
EPOCHS: Final = 2
"""The first also compiles the network, and only the last is measured."""


@dataclass(frozen=True, slots=True)
class TrainingSpeed:
    """Photos learned from in a second, and the share of the time spent waiting for them, 0..1,
    where that is known."""

    photos_per_second: float
    waiting: float | None = None


def measure(way: str, root: Path) -> TrainingSpeed:
    """Train a network on a folder per identity of 112×112 photos, in its own process.

    `PLAIN` is the paper's by a float32 `Model.fit` over `image_dataset_from_directory`; the name of
    an architecture is all layers of that by the trainer, in the precision that it chooses here.

    Raises:
        subprocess.CalledProcessError: that process failed; its `stderr` says why.
    """
    command = [sys.executable, "-m", __name__, way, str(root)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return TrainingSpeed(**json.loads(run.stdout.splitlines()[-1]))


def _plain(root: Path) -> TrainingSpeed:
    photos = keras.utils.image_dataset_from_directory(
        root, image_size=(112, 112), batch_size=PAPER.recipe.batch, verbose=False
    )
    model = build(_recipe(PAPER.recipe, "float32"), len(photos.class_names)).trained()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(photos, epochs=EPOCHS - 1, verbose=0)
    started = time.perf_counter()
    model.fit(photos, verbose=0)
    return TrainingSpeed(len(photos.file_paths) / (time.perf_counter() - started))


def _facesite(architecture: str, root: Path) -> TrainingSpeed:
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        made = crops.prepare(dataset.read([root]), Path(folder), mode="as-is")
        split = splits.split(made.dataset, seed=0, hold_out=0)
        train_part = Examples(made.images, split.classes, split.train)
        few = Examples(made.images, split.classes, split.validation)
        recipe = _recipe(ARCHITECTURES[architecture].recipe, precision_here("auto"))
        trained = train(recipe, Parts(train_part, few), Path(folder) / "run", silent)
    last = trained.history[-1]
    return TrainingSpeed(last.photos_per_second, last.waiting)


def _recipe(usual: Recipe, precision: str) -> Recipe:
    return replace(usual, stages=(Stage(EPOCHS, 1e-3),), precision=precision)


if __name__ == "__main__":
    chosen, directory = sys.argv[1:]
    where = Path(directory)
    found = _plain(where) if chosen == PLAIN else _facesite(chosen, where)
    print(json.dumps(asdict(found)))
