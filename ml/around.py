"""Who is near whom in a gallery, and how that is kept up to date as the gallery changes."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Self

from ml.nearest import Ints
from ml.types import Floats

AROUND = 20
"""How many people around an enrolled person are remembered: more than a decision looks at, so that
not every change of the gallery makes it necessary to search again."""
ENOUGH_AROUND = 15
"""How many of them must be left; with fewer they are searched for again."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A person near a probe or near another person, and the cosine with that person's prototype."""

    person: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Around:
    """Who is around a person, nearest first: everybody whose similarity is above `floor`."""

    near: tuple[Neighbour, ...]
    floor: float

    @classmethod
    def of(cls, others: Sequence[Neighbour], *, everybody: bool) -> Self:
        """`others` come nearest first; `everybody` says that nobody else is in the gallery."""
        if everybody and len(others) <= AROUND:
            return cls(tuple(others), -1.0)
        return cls(tuple(others[:AROUND]), others[AROUND - 1].similarity)

    def after(self, changed: Set[int], new: Sequence[Neighbour]) -> Self | None:
        """The same once people have `changed` or left; `new` are those of them who are above the
        floor now. None when too few are left to be sure of the nearest."""
        kept = [one for one in self.near if one.person not in changed]
        if len(kept) == len(self.near) and not new:
            return self
        kept = sorted([*kept, *new], key=lambda one: -one.similarity)
        if len(kept) > AROUND:
            return self.of(kept, everybody=False)
        enough = self.floor == -1.0 or len(kept) >= ENOUGH_AROUND
        return type(self)(tuple(kept), self.floor) if enough else None


def neighbours(people: Sequence[int] | Ints, similarities: Floats) -> list[Neighbour]:
    """People and the products of their vectors with another, in the same order. Rounding lets two
    vectors of length 1 reach a product a little over 1."""
    inside = (min(1.0, max(-1.0, one)) for one in similarities.tolist())
    return list(map(Neighbour, map(int, people), inside))
