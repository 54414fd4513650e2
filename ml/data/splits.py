"""Who and what is kept from a network while it learns, so that it can be asked about it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.dataset import Dataset, Ints, Photo
from ml.errors import ArtifactDamaged, ArtifactMissing
from ml.files import read_json
from ml.types import Image

SHARE = 0.1
"""Of a class's photos to validate with, and as many to test with; the paper's 80/10/10."""
HOLD_OUT = 0.2
"""The share of the people who are held out unless somebody says otherwise."""
FEWEST_HELD_OUT = 5
"""People who are held out at the least, if any are: of fewer the gate says nothing."""
ENOUGH_HELD_OUT = 10
"""People who are held out where there are so many: docs/training.md has what fewer can tell."""
MOST_HELD_OUT = 1 / 3
"""The share up to which that goes. Who asks for more gets more."""
PARTS = ("train", "validation", "test")
FILE = "split.json"
"""Of a model version: the list of files that it was trained on."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which photo of a dataset, by its index in `Dataset.photos`, is for what.

    `labels` are the classes, and `classes` (N,) has the class of every photo, -1 for those of
    people who are held out: `held_out` by name, `held_out_photos` (M,) their photos,
    `held_out_owners` (M,) whose each is, as an index in `held_out`.
    """

    seed: int
    labels: tuple[str, ...]
    classes: Ints
    train: Ints
    validation: Ints
    test: Ints
    held_out: tuple[str, ...]
    held_out_photos: Ints
    held_out_owners: Ints

    def save(self, path: Path, dataset: Dataset, pixels: Mapping[str, str] | None = None) -> None:
        """Write the file list with hashes, as JSON that `load_split` reads; `pixels` are those of
        `Material`."""
        files = [[_file(photo), photo.sha256] for photo in dataset.photos]
        parts = {
            part: [[*files[row], int(self.classes[row])] for row in getattr(self, part)]
            for part in PARTS
        }
        held_out: dict[str, list[list[str]]] = {label: [] for label in self.held_out}
        for row, owner in zip(self.held_out_photos, self.held_out_owners, strict=True):
            held_out[self.held_out[owner]].append(files[row])
        counts = {part: len(photos) for part, photos in parts.items()}
        counts |= {"classes": len(self.labels), "held_out_people": len(held_out)}
        counts |= {"held_out": len(self.held_out_photos)}
        values = {"seed": self.seed, "counts": counts, **parts, "held_out": held_out}
        values["pixels"] = dict(pixels or {})
        path.write_text(json.dumps(values, ensure_ascii=False) + "\n", encoding="utf-8")


def _file(photo: Photo) -> str:
    """The path of a photo within its root, which lies elsewhere on the next machine."""
    return f"{photo.path.parent.name}/{photo.path.name}"


@dataclass(frozen=True)
class SavedSplit:
    """The split that a model version was trained on, by the SHA-256 of photos.

    `parts` maps train, validation and test to the class of each of their photos; `held_out` has
    the photos of each person whom the version has never seen. `pixels` has the SHA-256 of what was
    cut out of each photo: the same face comes in as another file where it comes another way. Those
    that an earlier facesite wrote have none.
    """

    seed: int
    parts: Mapping[str, Mapping[str, int]]
    held_out: Mapping[str, tuple[str, ...]]
    pixels: Mapping[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> frozenset[str]:
        """All photos of people who are a class, in whatever part."""
        return frozenset(photo for part in self.parts.values() for photo in part)

    @property
    def learned(self) -> frozenset[str]:
        """The same, by their files and by their pixels."""
        return self._with_pixels(self.seen)

    @property
    def judged(self) -> frozenset[str]:
        """The photos of people whom it was measured on, by their files and by their pixels."""
        return self._with_pixels(photo for photos in self.held_out.values() for photo in photos)

    def _with_pixels(self, photos: Iterable[str]) -> frozenset[str]:
        files = frozenset(photos)
        return files | {self.pixels[photo] for photo in files & self.pixels.keys()}


def split(dataset: Dataset, *, seed: int, hold_out: float = HOLD_OUT) -> Split:
    """Hold out a share of the people, and divide the photos of everybody else 80/10/10.

    Everything is chosen by hashes of the seed with a label or a photo's hash. So nothing depends on
    the order of files, and most stays where it was when people and photos come and go.

    `ENOUGH_HELD_OUT` people are held out at least, or a third of all if that is fewer; nobody, if
    the share is 0 or a third are fewer than `FEWEST_HELD_OUT`. Of a share above a third they are
    `FEWEST_HELD_OUT` at least, as long as two classes are left.

    Raises:
        ValueError: the share is not in 0..1, or somebody has fewer than three photos.
    """
    if not 0 <= hold_out < 1:
        raise ValueError(f"The share of people to hold out is 0 or more and below 1: {hold_out}.")
    if dataset.minimum < len(PARTS):
        raise ValueError(f"A class takes three photos or more, not {dataset.minimum}.")
    people = [identity.label for identity in dataset.identities]
    out = _held_out(people, seed, hold_out)
    labels, held_out = _numbered(people, out)
    parts = _parts(dataset, out, seed)
    held_out_photos = np.flatnonzero((held_out >= 0)[dataset.owners])
    return Split(
        seed=seed,
        labels=tuple(person for person in people if person not in out),
        classes=labels[dataset.owners],
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        held_out=tuple(person for person in people if person in out),
        held_out_photos=held_out_photos,
        held_out_owners=held_out[dataset.owners[held_out_photos]],
    )


def _held_out(people: Sequence[str], seed: int, share: float) -> frozenset[str]:
    wanted = round(share * len(people))
    if share > MOST_HELD_OUT:
        wanted = max(wanted, FEWEST_HELD_OUT)
    else:
        wanted = max(wanted, min(ENOUGH_HELD_OUT, int(MOST_HELD_OUT * len(people))))
    if not share or wanted < FEWEST_HELD_OUT or len(people) - wanted < 2:
        return frozenset()
    return frozenset(_drawn(people, seed)[:wanted])


def _numbered(people: Sequence[str], out: Container[str]) -> tuple[Ints, Ints]:
    """Each person's number among the classes and among the held out; -1 where they are not."""
    away = np.array([person in out for person in people])
    return np.where(away, -1, np.cumsum(~away) - 1), np.where(away, np.cumsum(away) - 1, -1)


def _parts(dataset: Dataset, out: Container[str], seed: int) -> dict[str, Ints]:
    """The photos of each part, by index, in the order of the dataset."""
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    start = 0
    for identity in dataset.identities:
        rows = {photo.sha256: start + place for place, photo in enumerate(identity.photos)}
        start += len(rows)
        if identity.label not in out:
            drawn = [rows[photo] for photo in _drawn(rows, seed)]
            few = max(1, round(SHARE * len(drawn)))
            parts["test"] += drawn[:few]
            parts["validation"] += drawn[few : 2 * few]
            parts["train"] += drawn[2 * few :]
    return {part: np.array(sorted(rows), np.int64) for part, rows in parts.items()}


def _drawn(names: Iterable[str], seed: int) -> list[str]:
    """In an order that is random, but hardly changes when a name is added or goes."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())


def load_split(path: Path) -> SavedSplit:
    """Read what `Split.save` wrote.

    Raises:
        ArtifactMissing: there is no such file.
        ArtifactDamaged: it is no split.
    """
    with _readable(path) as values:
        return SavedSplit(
            seed=values["seed"],
            parts={part: {sha: number for _, sha, number in values[part]} for part in PARTS},
            held_out={
                label: tuple(sha for _, sha in files) for label, files in values["held_out"].items()
            },
            pixels=dict(values.get("pixels", {})),
        )


@contextmanager
def _readable(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise ArtifactMissing(f"{path} is missing.", path)
    try:
        yield read_json(path)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactDamaged(f"{path} is no split: {error}", path) from error


def training_files(path: Path) -> dict[int, dict[str, str]]:
    """The photos of each class that a version has learned from: file, within its root, and SHA-256.

    Raises:
        ArtifactMissing: there is no such file.
        ArtifactDamaged: it is no split.
    """
    files: dict[int, dict[str, str]] = {}
    with _readable(path) as values:
        for name, sha, number in values["train"]:
            files.setdefault(number, {})[name] = sha
    return files


@dataclass(frozen=True)
class Material:
    """What a network learns from: `images` are the crops of `dataset.photos` in their order,
    uint8 RGB (N, 112, 112, 3)."""

    dataset: Dataset
    split: Split
    images: Image

    @cached_property
    def pixels(self) -> dict[str, str]:
        """The SHA-256 of the crop of each photo, by that of its file."""
        hashed = (hashlib.sha256(crop.tobytes()).hexdigest() for crop in self.images)
        return dict(zip((photo.sha256 for photo in self.dataset.photos), hashed, strict=True))

    @property
    def labels(self) -> set[str]:
        """Everybody in the data, also those with too few photos to be of use."""
        people = {identity.label for identity in self.dataset.identities}
        return people | {label for label, _ in self.dataset.left_out}
