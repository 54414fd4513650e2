"""Does a model version know the people it was made for? On photos in a folder for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from ml import artifact
from ml.artifact import LABELS, read_labels
from ml.data import crops, splits
from ml.data import dataset as data
from ml.data.dataset import Dataset, Ints
from ml.data.splits import FILE as SPLIT
from ml.data.splits import SavedSplit, load_split
from ml.evaluation import closed_set
from ml.evaluation.closed_set import PARTS, Answers, ClosedSet
from ml.evaluation.datasets import DatasetError
from ml.evaluation.samples import Embeddings
from ml.inference import engine as engines
from ml.types import Image
from recognition.management.terminal import progress_bar

BATCH = 64


@dataclass(frozen=True)
class Measured:
    """The answers, how many photos each part has, and how many of the version's own split are not
    in the folder."""

    answers: ClosedSet
    missing: int

    def summary(self) -> dict[str, Any]:
        return self.answers.summary()


def measure(directory: Path, root: Path, mode: crops.Mode, seed: int) -> Measured:
    """Ask the version in `directory` about the photos in `root`.

    A version with a head of its own is asked about the photos of its own split; any other takes
    them for the nearest prototype of training photos, split with `seed` as they would be for a
    training.

    Raises:
        DatasetError, DataError, Unwritable: the photos cannot be used, or their crops not be kept.
        ArtifactError: the version cannot be loaded.
    """
    artifact.check(directory)
    engine = engines.load(settings.ENGINE, directory)
    if (directory / LABELS).is_file():
        return _by_head(directory, engine, root, mode)
    return Measured(_by_prototypes(engine, _crops(root, mode, data.MINIMUM), seed), 0)


def _by_head(directory: Path, engine: engines.Engine, root: Path, mode: crops.Mode) -> Measured:
    labels, split = read_labels(directory / LABELS), load_split(directory / SPLIT)
    made = _crops(root, mode, min(data.MINIMUM, _smallest_class(split)))
    found = {part: _found(made.dataset, split, part) for part in PARTS}
    wanted, there = (sum(map(len, parts)) for parts in (split.parts.values(), found.values()))
    if not there:
        raise DatasetError(f"None of the photos that {directory.name} was trained on is in {root}.")
    answers = {
        part: Answers.collect(
            map(engine.classify, _batches(made.images, np.array(list(classes)), part)),
            np.array(list(classes.values())),
        )
        for part, classes in found.items()
        if classes
    }
    return Measured(ClosedSet(labels, answers), wanted - there)


def _crops(root: Path, mode: crops.Mode, minimum: int) -> crops.Crops:
    with progress_bar("photos") as progress:
        dataset = data.read([root], minimum=minimum, progress=progress)
    with progress_bar("crops") as progress:
        folder = settings.DATA_DIR / "cache" / "crops"
        return crops.prepare(dataset, folder, mode=mode, progress=progress)


def _smallest_class(split: SavedSplit) -> int:
    """The fewest photos of a class: a split may have been made when a person needed fewer."""
    classes = [number for part in split.parts.values() for number in part.values()]
    return int(np.bincount(classes).min())


def _found(dataset: Dataset, split: SavedSplit, part: str) -> dict[int, int]:
    """The photos of a part that are there, by their row, and the class of each."""
    classes = split.parts[part]
    return {
        row: classes[photo.sha256]
        for row, photo in enumerate(dataset.photos)
        if photo.sha256 in classes
    }


def _by_prototypes(engine: engines.Engine, made: crops.Crops, seed: int) -> ClosedSet:
    split = splits.split(made.dataset, seed=seed, hold_out=0)
    everything = np.arange(len(made.images))
    embeddings = Embeddings.of(engine.embed, _batches(made.images, everything, "faces"))
    rows = {part: getattr(split, part) for part in PARTS}
    return closed_set.by_prototypes(split.labels, embeddings, split.classes, rows)


def _batches(images: Image, rows: Ints, what: str) -> Iterator[Image]:
    with progress_bar(what) as progress:
        for start in range(0, len(rows), BATCH):
            yield np.array(images[rows[start : start + BATCH]])
            progress(min(start + BATCH, len(rows)), len(rows))
