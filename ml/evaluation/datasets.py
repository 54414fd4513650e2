"""Photos of known people on disk, as the evaluations read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np

from ml.errors import MLError
from ml.imaging import PHOTO_SUFFIXES
from ml.language import tell
from ml.leftovers import meant

FOLDS: Final = 10
MOST_PAIRS: Final = 3000
"""Of one person, and as many of two: so many pairs has LFW."""


class DatasetError(MLError):
    """The data cannot be evaluated; the message says in one sentence what is wrong with it."""

    code = "dataset_error"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos and whether they show the same person; `fold` counts from 0."""

    first: Path
    second: Path
    same: bool
    fold: int


def read_people(root: Path) -> dict[str, list[Path]]:
    """Read a folder that holds a folder per person: photos by person, both in order of name.

    Raises:
        DatasetError: there is no such folder, or no photo in it.
    """
    if not root.is_dir():
        raise DatasetError(tell("There is no folder %(folder)s.", folder=root))
    folders = (path for path in meant(root) if path.is_dir())
    people = {folder.name: list(_photos(folder)) for folder in folders}
    people = {name: photos for name, photos in people.items() if photos}
    if not people:
        raise DatasetError(
            tell(
                "%(folder)s holds no folders with photos; it takes one folder per person.",
                folder=root,
            )
        )
    return people


def _photos(folder: Path) -> Iterator[Path]:
    return (path for path in meant(folder) if path.suffix.lower() in PHOTO_SUFFIXES)


def read_pairs(path: Path, root: Path) -> list[Pair]:
    """Read a list of pairs in the format of LFW, http://vis-www.cs.umass.edu/lfw/README.txt.

    The first line has the number of folds and of pairs of either kind in each. A fold is that many
    lines `name number number` (two photos of one person), then that many lines `name number name
    number` (two people). Photo 7 of a person is `root/name/name_0007.jpg`.

    Raises:
        DatasetError: a file or a photo is missing, or a line is malformed (its number is told).
    """
    if not root.is_dir():
        raise DatasetError(tell("There is no folder %(folder)s.", folder=root))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            tell("The list of pairs %(file)s cannot be read: %(reason)s.", file=path, reason=error)
        ) from error
    folds, size = _header(path, lines)
    if len(lines) != 1 + folds * 2 * size:
        raise DatasetError(
            tell(
                "%(file)s, line %(line)d: the list ends here, but line 1 promises %(folds)d folds "
                "of 2 × %(size)d pairs.",
                file=path,
                line=len(lines),
                folds=folds,
                size=size,
            )
        )
    pairs = []
    for index, line in enumerate(lines[1:]):
        fold, place = divmod(index, 2 * size)
        try:
            first, second = _photos_of(line, root, same=place < size)
        except ValueError as error:
            raise DatasetError(
                tell(
                    "%(file)s, line %(line)d: %(reason)s.",
                    file=path,
                    line=index + 2,
                    reason=error,
                )
            ) from error
        pairs.append(Pair(first, second, place < size, fold))
    return pairs


def draw_pairs(people: Mapping[str, Sequence[Path]], *, seed: int = 0) -> list[Pair]:
    """Pairs of photos of known people, half of them of one person, in ten folds: 6,000 as in LFW,
    or as many as there are.

    Raises:
        DatasetError: there are too few people, or too few photos of one, to fill the folds.
    """
    rng = np.random.default_rng(seed)
    same = [two for photos in people.values() for two in combinations(photos, 2)]
    same = [same[number] for number in rng.permutation(len(same))[:MOST_PAIRS]]
    if len(people) < 2 or len(same) < FOLDS:
        raise DatasetError(
            tell(
                "There are too few people, or too few photos of them, to tell apart: people: "
                "%(people)d, pairs of photos of one of them: %(pairs)d.",
                people=len(people),
                pairs=len(same),
            )
        )
    names = sorted(people)
    different = [_of_two(people, names, rng) for _ in same]
    return [
        Pair(first, second, same=is_same, fold=number % FOLDS)
        for is_same, drawn in ((True, same), (False, different))
        for number, (first, second) in enumerate(drawn)
    ]


def _of_two(
    people: Mapping[str, Sequence[Path]], names: Sequence[str], rng: np.random.Generator
) -> tuple[Path, Path]:
    one, other = (people[names[at]] for at in rng.choice(len(names), 2, replace=False).tolist())
    return one[int(rng.integers(len(one)))], other[int(rng.integers(len(other)))]


def _header(path: Path, lines: list[str]) -> tuple[int, int]:
    try:
        folds, size = (int(number) for number in lines[0].split())
    except (IndexError, ValueError):
        folds, size = 0, 0
    if folds < 2 or size < 1:
        raise DatasetError(
            tell(
                "%(file)s, line 1: expected the number of folds (two or more) and of pairs per "
                "fold.",
                file=path,
            )
        )
    return folds, size


def _photos_of(line: str, root: Path, *, same: bool) -> tuple[Path, Path]:
    fields = line.split("\t") if "\t" in line else line.split()
    match fields:
        case [name, first, second] if same:
            names = [(name, first), (name, second)]
        case [name, first, other, second] if not same:
            names = [(name, first), (other, second)]
        case _:
            raise ValueError(
                tell("expected a name and two numbers, found “%(line)s”", line=line)
                if same
                else tell(
                    "expected a name, a number, a name and a number, found “%(line)s”", line=line
                )
            )
    photos = [root / name / f"{name}_{int(number):04d}.jpg" for name, number in names]
    for photo in photos:
        if not photo.is_file():
            raise ValueError(tell("there is no photo %(path)s", path=photo))
    return photos[0], photos[1]
