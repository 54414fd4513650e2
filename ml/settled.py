"""Those people of a gallery who have not changed for a while: nearly everybody. Where they are kept
is told by `Settled` alone, which all else goes by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Protocol

import numpy as np

from ml.around import Neighbour, neighbours
from ml.nearest import Ints, nearest
from ml.rows import Rows, Templates
from ml.types import Floats


class Settled(Protocol):
    """What a gallery asks of them. Whoever changes leaves and does not come back."""

    @property
    def people(self) -> int:
        """How many have not left."""

    @property
    def templates(self) -> int:
        """How many templates these have."""

    @property
    def everybody(self) -> Set[int]:
        """Who has not left."""

    def __contains__(self, person: int) -> bool:
        """Whether somebody is here and has not left."""

    def owner(self, template: int) -> int | None:
        """Whose a template is, of those who have not left."""

    def leave(self, person: int) -> None:
        """Have somebody who is here not found any more."""

    def photos_of(self, person: int) -> int:
        """How many templates somebody who is here has."""

    def templates_of(self, person: int) -> Templates:
        """Embedding, (D,), and quality, 0..1, of each template of somebody who is here."""

    def prototypes_of(self, people: Sequence[int]) -> Floats:
        """What stands for these, (P, D) float32 of length 1; zeros for whoever is not here."""

    def some_prototypes(self, most: int) -> Floats:
        """What stands for so many at the most, (P, D) float32 of length 1."""

    def search(self, embeddings: Floats, k: int) -> Iterable[list[Neighbour]]:
        """For each probe, (B, D) float32 of length 1, the `k` nearest, nearest first."""


class InRows:
    """They lie in arrays and are searched exactly."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._left = np.zeros(len(rows.people), np.bool_)
        self.people = len(rows.people)
        self.templates = len(rows.templates)

    @property
    def gone(self) -> int:
        """How many templates those have who left."""
        return len(self._rows.templates) - self.templates

    @property
    def everybody(self) -> Set[int]:
        """In a set of the caller's own."""
        return set(self._rows.people[~self._left].tolist())

    def __contains__(self, person: int) -> bool:
        return self._row(person) >= 0

    def owner(self, template: int) -> int | None:
        """Found by all templates in their order."""
        row = self._rows.owner(template)
        return None if row is None or self._left[row] else int(self._rows.people[row])

    def leave(self, person: int) -> None:
        """The row stays and counts no more."""
        row = self._row(person)
        self._left[row] = True
        self.people -= 1
        self.templates -= self._rows.photos(row)

    def photos_of(self, person: int) -> int:
        """By where the next person's begin."""
        return self._rows.photos(self._row(person))

    def templates_of(self, person: int) -> Templates:
        """Copied."""
        return self._rows.templates_of(self._row(person))

    def prototypes_of(self, people: Sequence[int]) -> Floats:
        """Copied."""
        rows = self._rows.people_at(people)
        found = np.zeros((len(people), self._rows.prototypes.shape[1]), np.float32)
        found[rows >= 0] = self._rows.prototypes[rows[rows >= 0]]
        return found

    def some_prototypes(self, most: int) -> Floats:
        """Those of the lowest numbers."""
        some: Floats = self._rows.prototypes[np.flatnonzero(~self._left)[:most]]
        return some

    def search(self, embeddings: Floats, k: int) -> Iterator[list[Neighbour]]:
        """By one product with all of them."""
        found = nearest(self._rows.prototypes, embeddings, k, self._left)
        return (neighbours(self._rows.people[rows], near) for rows, near in found)

    def joined(self, others: Rows) -> Rows:
        """Those who have not left, and others."""
        return self._rows.joined(self._left, others)

    def _row(self, person: int) -> int:
        """Where a person is in the rows; -1 of whoever is not, or has left."""
        rows: Ints = self._rows.people_at([person])
        return -1 if rows[0] < 0 or self._left[rows[0]] else int(rows[0])
