"""Does a model version know the people it was made for? On photos in a folder for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from ml import artifact
from ml.artifact import LABELS, read_labels
from ml.data import crops, splits
from ml.data import dataset as data
from ml.data.dataset import Dataset, Ints
from ml.data.splits import FILE as SPLIT
from ml.data.splits import SavedSplit, load_split
from ml.evaluation import closed_set
from ml.evaluation.closed_set import PARTS, ClosedSet
from ml.evaluation.datasets import DatasetError
from ml.inference import engine as engines
from ml.types import AnswersBy, Image
from recognition.management.terminal import progress_bar

BATCH = 64
NOBODY = -1


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

    One that was trained is asked about the photos of its own split; any other about photos split
    with `seed` as they would be for a training. What answers by gallery takes them for the nearest
    prototype of training photos.

    Raises:
        DatasetError, DataError, Unwritable: the photos cannot be used, or their crops not be kept.
        ArtifactError: the version cannot be loaded.
    """
    answers_by = artifact.check(directory).answers_by
    engine = engines.load(settings.ENGINE, directory)
    if (directory / LABELS).is_file():
        return _on_own_split(directory, engine, answers_by, root, mode)
    made = _crops(root, mode, data.MINIMUM)
    split = splits.split(made.dataset, seed=seed, hold_out=0)
    rows = {part: getattr(split, part) for part in PARTS}
    photos = closed_set.Photos(split.labels, split.classes, rows, partial(_batches, made.images))
    return Measured(closed_set.measure(engine, answers_by, photos), 0)


def _on_own_split(
    directory: Path, engine: engines.Engine, answers_by: AnswersBy, root: Path, mode: crops.Mode
) -> Measured:
    labels, split = read_labels(directory / LABELS), load_split(directory / SPLIT)
    made = _crops(root, mode, min(data.MINIMUM, _smallest_class(split)))
    found = {part: _found(made.dataset, split, part) for part in PARTS}
    wanted, there = (sum(map(len, parts)) for parts in (split.parts.values(), found.values()))
    if not there:
        raise DatasetError(
            _("None of the photos that %(version)s was trained on is in %(folder)s.")
            % {"version": directory.name, "folder": root}
        )
    classes = np.full(len(made.images), NOBODY)
    for part in found.values():
        classes[list(part)] = list(part.values())
    if answers_by == "gallery" and len(set(found["train"].values())) < len(labels):
        raise DatasetError(
            _("Of somebody whom %(version)s knows, no training photo is in %(folder)s.")
            % {"version": directory.name, "folder": root}
        )
    rows = {part: np.array(list(own), np.int64) for part, own in found.items()}
    photos = closed_set.Photos(labels, classes, rows, partial(_batches, made.images))
    return Measured(closed_set.measure(engine, answers_by, photos), wanted - there)


def _crops(root: Path, mode: crops.Mode, minimum: int) -> crops.Crops:
    with progress_bar(_("photos")) as progress:
        dataset = data.read([root], minimum=minimum, progress=progress)
    with progress_bar(_("crops")) as progress:
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


def _batches(images: Image, rows: Ints) -> Iterator[Image]:
    with progress_bar(_("faces")) as progress:
        for start in range(0, len(rows), BATCH):
            yield np.array(images[rows[start : start + BATCH]])
            progress(min(start + BATCH, len(rows)), len(rows))
