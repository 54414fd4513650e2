"""People and their templates as arrays that nobody changes: in memory, or in files that all
processes of a machine map into theirs, so that there is one copy for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt

from ml.nearest import PART, Ints, Mask
from ml.prototypes import prototypes
from ml.types import Doubles, Floats

Templates = Mapping[int, tuple[Floats, float]]
"""Embedding, (D,) float32 of length 1, and quality, 0..1, of templates by their ids."""
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Rows:
    """P people in the order of their numbers, and T templates in that of their people.

    The templates of person `people[n]` are those from `first[n]` to `first[n + 1]`, their ids
    ascending. `prototypes`, (P, D), and `embeddings`, (T, D), are float32 of length 1;
    `by_template` is the order in which the ids of all templates ascend.
    """

    people: Ints
    first: Ints
    prototypes: Floats
    templates: Ints
    embeddings: Floats
    qualities: Doubles
    by_template: Ints

    @classmethod
    def of(cls, people: Ints, templates: Ints, embeddings: Floats, qualities: Doubles) -> Self:
        """Of templates, (T,), in the order of `people`, (T,), whose they are, and of their ids."""
        numbers, starts = np.unique(people, return_index=True)
        first = np.append(starts, len(people))
        made = _prototypes(first, embeddings, qualities)
        return cls(numbers, first, made, templates, embeddings, qualities, np.argsort(templates))

    @classmethod
    def none(cls, size: int) -> Self:
        """Of nobody, with embeddings of so many numbers."""
        ids, vectors = np.zeros(0, np.int64), np.zeros((0, size), np.float32)
        return cls.of(ids, ids, vectors, np.zeros(0))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` has written; files that are read as they are asked for.

        Raises:
            OSError, ValueError: they are not there, or not whole.
        """
        files = (np.load(_file(folder, one.name), mmap_mode="r") for one in fields(cls))
        return cls(*map(np.asarray, files))  # which are the same, and quicker to look up in

    def save(self, folder: Path) -> None:
        """Write them into an empty folder."""
        for one in fields(self):
            np.save(_file(folder, one.name), getattr(self, one.name))

    @property
    def bytes(self) -> int:
        """How many bytes all of it takes."""
        return sum(getattr(self, one.name).nbytes for one in fields(self))

    def people_at(self, people: Sequence[int]) -> Ints:
        """The row of each of these people; -1 of whoever is not there."""
        return _found(self.people, np.asarray(people, np.int64))

    def owner(self, template: int) -> int | None:
        """The row of the person to whom a template belongs."""
        at = _found(self.templates, np.array([template]), self.by_template)[0]
        return None if at < 0 else int(np.searchsorted(self.first, at, "right")) - 1

    def photos(self, row: int) -> int:
        """How many templates a person has."""
        return int(self.first[row + 1] - self.first[row])

    def templates_of(self, row: int) -> Templates:
        """Embedding and quality of each template of a person, copied."""
        own = slice(self.first[row], self.first[row + 1])
        embeddings = zip(np.array(self.embeddings[own]), self.qualities[own].tolist(), strict=True)
        return dict(zip(self.templates[own].tolist(), embeddings, strict=True))

    def joined(self, without: Mask, others: Self) -> Self:
        """These people but for some, (P,), and others."""
        people = _Join.of(self.people, ~without, others.people)
        photos = people.join(np.diff(self.first), np.diff(others.first))
        owners = np.repeat(self.people, np.diff(self.first))
        stay = np.repeat(~without, np.diff(self.first))
        rows = _Join.of(owners, stay, np.repeat(others.people, np.diff(others.first)))
        templates = rows.join(self.templates, others.templates)
        return type(self)(
            people.join(self.people, others.people),
            np.append(0, np.cumsum(photos)),
            people.join(self.prototypes, others.prototypes),
            templates,
            rows.join(self.embeddings, others.embeddings),
            rows.join(self.qualities, others.qualities),
            np.argsort(templates),
        )


class _Join(NamedTuple):
    """Which of the rows of one array stay, where these go, and where all those of another."""

    stay: Ints
    there: Ints
    others: Ints

    @classmethod
    def of(cls, keys: Ints, stay: Mask, others: Ints) -> Self:
        """So that the keys ascend, equal ones in their order."""
        rows = np.flatnonzero(stay)
        order = np.argsort(np.append(keys[rows], others), kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return cls(rows, place[: len(rows)], place[len(rows) :])

    def join(self, before: npt.NDArray[T], others: npt.NDArray[T]) -> npt.NDArray[T]:
        """Some rows at a time, so that nothing large is held twice."""
        rows = len(self.there) + len(self.others)
        joined = np.empty((rows, *before.shape[1:]), before.dtype)
        for start in range(0, len(self.stay), PART):
            part = slice(start, start + PART)
            joined[self.there[part]] = before[self.stay[part]]
        joined[self.others] = others
        return joined


def overwrite(folder: Path, templates: Iterable[int]) -> None:
    """Leave nothing of these templates in what was saved, nor of the prototypes they are part of.

    Whoever has it mapped sees nothing of them either, from now on.
    """
    saved, wanted = Rows.load(folder), np.fromiter(templates, np.int64)
    at = _found(saved.templates, wanted, saved.by_template)
    at = at[at >= 0]
    _blank(_file(folder, "embeddings"), at)
    _blank(_file(folder, "prototypes"), np.searchsorted(saved.first, at, "right") - 1)


def _blank(file: Path, rows: Ints) -> None:
    if len(rows):
        vectors = np.load(file, mmap_mode="r+")
        vectors[rows] = 0
        vectors.flush()


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"


def _found(among: Ints, wanted: Ints, order: Ints | None = None) -> Ints:
    """Where each of the wanted is, if it is, and else -1; `order` is that in which they ascend."""
    at = np.searchsorted(among, wanted, sorter=order).clip(max=max(len(among) - 1, 0))
    if not len(among):
        return np.full(len(wanted), -1)
    at = at if order is None else order[at]
    return np.where(among[at] == wanted, at, -1)


def _prototypes(first: Ints, embeddings: Floats, qualities: Doubles) -> Floats:
    """Of all who have so many templates at once, some at a time."""
    made = np.zeros((len(first) - 1, embeddings.shape[1]), np.float32)
    photos = np.diff(first)
    for many in np.unique(photos):
        theirs = np.flatnonzero(photos == many)
        for some in np.array_split(theirs, len(theirs) * many // 50_000 + 1):
            own = first[some][:, None] + np.arange(many)
            made[some] = prototypes(embeddings[own], qualities[own])
    return made
