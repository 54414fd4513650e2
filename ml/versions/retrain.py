"""A whole training: from folders of photos, or the site's own faces, to a new model version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ml.architectures import ARCHITECTURES
from ml.architectures.recipe import Recipe
from ml.data import crops, splits
from ml.data import dataset as data
from ml.data.splits import Material
from ml.evaluation import groups
from ml.reports.outcome import Origin
from ml.training.events import Callback, Phase, Progress, follow
from ml.training.pipeline import Examples
from ml.training.trainer import Parts, train
from ml.versions import default
from ml.versions.making import Made, Places, write


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders that hold a folder of photos per person; `mode` says what becomes of a photo."""

    paths: tuple[Path, ...]
    mode: crops.Mode = "aligned"


@dataclass(frozen=True, slots=True)
class Faces:
    """Files of aligned crops by label."""

    people: Mapping[str, Sequence[Path]]
    mode: crops.Mode = "as-is"


Source = Roots | Faces


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is trained on and who is held out: see `ml.data.splits.split`. `minimum` are the
    photos that a person needs."""

    seed: int = 0
    hold_out: float = splits.HOLD_OUT
    minimum: int = data.MINIMUM


def read(source: Source, minimum: int, callback: Callback) -> data.Dataset:
    """Read and check what there is to learn from.

    Raises:
        DataError: see `ml.data.dataset`.
    """
    callback(Progress(Phase.READING))
    progress = follow(callback, Phase.READING)
    match source:
        case Roots(paths=paths):
            return data.read(paths, minimum=minimum, progress=progress)
        case Faces(people=people):
            return data.gather(people, minimum=minimum, progress=progress)


def prepare(source: Source, choice: Choice, cache: Path, callback: Callback) -> Material:
    """Read the photos, make their crops and split them.

    Raises:
        DataError, Unwritable: see `ml.data.crops.prepare`.
    """
    dataset = read(source, choice.minimum, callback)
    made = crops.prepare(dataset, cache, mode=source.mode, progress=follow(callback, Phase.CROPS))
    split = splits.split(made.dataset, seed=choice.seed, hold_out=choice.hold_out)
    return Material(made.dataset, split, made.images)


def retrain(
    recipe: Recipe,
    material: Material,
    origin: Origin,
    places: Places,
    callback: Callback,
) -> Made:
    """Train, or go on with a training that was interrupted, and write the version.

    Raises:
        DatasetError: the groups cannot be read.
        WeightsMissing, TrainingError, Unwritable, CannotResume: see `ml.training.trainer.train`.
        ExportDisagrees: the serving form does not compute what the Keras model computes.
        OSError: a folder cannot be written.
    """
    if origin.groups:  # what is wrong with them is better known now than at the end
        groups.read(origin.groups, material.labels)
    split = material.split
    examples = partial(Examples, material.images, split.classes)
    parts = Parts(examples(split.train), examples(split.validation))
    trained = train(recipe, parts, places.run, callback)
    begins_with = default.VERSION if ARCHITECTURES[recipe.architecture].packaged else None
    return write(trained, material, replace(origin, parent=begins_with), places, callback)
