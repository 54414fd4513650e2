"""The gallery in memory: several templates a person, exact search, and who is near whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Self

import numpy as np

from ml.types import Floats

AGREEMENT_RANGE = 0.3
"""A template that agrees with the person's others this much less than the best one does is left
out. Measured on people of the calibration set with strangers' photos put among theirs."""

AROUND = 20
"""How many people around an enrolled person are remembered: more than a decision looks at, so that
not every change of the gallery makes it necessary to search again."""
ENOUGH_AROUND = 15
"""How many of them must be left; with fewer they are searched for again."""
REMEMBERED = 10_000
"""Of how many enrolled people that is remembered at a time: some 20 MB."""

EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A person near a probe or near another person, and the cosine with that person's prototype."""

    person: int
    similarity: float


@dataclass(frozen=True, slots=True)
class _Around:
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


class Gallery:
    """Enrolled embeddings by template id, and one prototype for each person.

    A person's prototype is the mean of the templates that agree with each other, made length 1.
    Not safe for threads that change it while others search; the caller locks.
    """

    def __init__(self, embedding_size: int) -> None:
        self._size = embedding_size
        self._templates: dict[int, dict[int, tuple[Floats, float]]] = {}
        self._person_of: dict[int, int] = {}
        self._row_of: dict[int, int] = {}
        self._persons: list[int] = []
        self._prototypes: Floats = np.zeros((0, embedding_size), np.float32)
        self._stale: set[int] = set()
        self._around: dict[int, _Around] = {}

    @property
    def people(self) -> int:
        """How many people have at least one template."""
        return len(self._templates)

    def __contains__(self, person: int) -> bool:
        """Whether a person has a template."""
        return person in self._templates

    @property
    def templates(self) -> int:
        """How many templates there are."""
        return len(self._person_of)

    @property
    def prototypes(self) -> Floats:
        """What stands for each enrolled person, (P, D) float32 of length 1."""
        self._refresh()
        return self._prototypes

    def photos_of(self, person: int) -> int:
        """How many templates an enrolled person has."""
        return len(self._templates[person])

    def templates_of(self, person: int) -> Mapping[int, tuple[Floats, float]]:
        """Embedding, (D,), and quality, 0..1, of each template of an enrolled person."""
        return self._templates[person]

    @property
    def everybody(self) -> Set[int]:
        """The people who have a template."""
        return self._templates.keys()

    def add(self, template: int, person: int, embedding: Floats, quality: float = 1.0) -> None:
        """Add a template, (D,) float32 of length 1, or replace the one with the same id.

        `quality`, 0..1, says how much the photo counts among the person's others.
        """
        self.remove(template)
        self._templates.setdefault(person, {})[template] = (embedding, quality)
        self._person_of[template] = person
        self._stale.add(person)

    def remove(self, template: int) -> None:
        """Remove a template, and its person with the last one; an unknown id changes nothing."""
        person = self._person_of.pop(template, None)
        if person is None:
            return
        del self._templates[person][template]
        if not self._templates[person]:
            del self._templates[person]
        self._stale.add(person)

    def search(self, embedding: Floats, k: int = 5) -> list[Neighbour]:
        """The `k` people nearest to a probe, (D,) float32 of length 1, nearest first. Exact."""
        self._refresh()
        (nearest,) = self._nearest(embedding[None], k)
        return nearest

    def around(self, person: int) -> Sequence[Neighbour]:
        """The people nearest to an enrolled person, nearest first: at most `AROUND`, and no fewer
        than `ENOUGH_AROUND` where there are so many.

        Searched for once, and then brought up to date as the gallery changes.
        """
        self.remember([person])
        return self._around[person].near

    def remember(self, people: Sequence[int]) -> None:
        """Search for those around several enrolled people at once: it takes hardly longer than for
        one, since all prototypes are read from memory once."""
        self._refresh()
        unknown = [person for person in people if person not in self._around]
        if not unknown:
            return
        if len(self._around) + len(unknown) > REMEMBERED:
            self._around = {one: self._around[one] for one in people if one in self._around}
        own = self._prototypes[[self._row_of[person] for person in unknown]]
        for person, near in zip(unknown, self._nearest(own, AROUND + 2), strict=True):
            others = [one for one in near if one.person != person]
            self._around[person] = _Around.of(others, everybody=len(near) == self.people)

    def forget_around(self) -> None:
        """Let go of who is around whom: a change then costs nothing for people who are not asked
        about again."""
        self._around.clear()

    def prototype(self, person: int) -> Floats:
        """What stands for an enrolled person, (D,) float32 of length 1."""
        self._refresh()
        found: Floats = self._prototypes[self._row_of[person]]
        return found

    def evidence(self, person: int, embedding: Floats) -> tuple[int, ...]:
        """The templates of an enrolled person that are nearest to a probe, nearest first."""
        own = self._templates[person]
        nearest = sorted(own, key=lambda template: -float(own[template][0] @ embedding))
        return tuple(nearest[:EVIDENCE])

    def _nearest(self, embeddings: Floats, k: int) -> Iterator[list[Neighbour]]:
        k = min(k, len(self._prototypes))
        for similarities in embeddings @ self._prototypes.T:
            nearest = np.argpartition(-similarities, k - 1)[:k] if k else np.zeros(0, np.int64)
            nearest = nearest[np.argsort(-similarities[nearest], kind="stable")]
            yield [Neighbour(self._persons[row], _inside(similarities[row])) for row in nearest]

    def _refresh(self) -> None:
        """Bring the prototypes of changed people up to date."""
        if not self._stale:
            return
        stale, self._stale = self._stale, set()
        for person in stale - self._templates.keys():
            self._drop_row(person)
        new = [person for person in stale & self._templates.keys() if person not in self._row_of]
        if new:
            rows = np.zeros((len(new), self._size), np.float32)
            self._prototypes = np.concatenate([self._prototypes, rows])
            for person in sorted(new):
                self._row_of[person] = len(self._persons)
                self._persons.append(person)
        for person in stale & self._templates.keys():
            self._prototypes[self._row_of[person]] = prototype(self._templates[person])
        self._follow(stale)

    def _follow(self, changed: Set[int]) -> None:
        """Bring up to date who is around the remembered people: compare them with the changed."""
        for person in changed & self._around.keys():
            del self._around[person]
        if not self._around:
            return
        there = sorted(changed & self._templates.keys())
        remembered = self._prototypes[[self._row_of[person] for person in self._around]]
        similarities = remembered @ self._prototypes[[self._row_of[one] for one in there]].T
        for row, (person, around) in enumerate(list(self._around.items())):
            near = np.flatnonzero(similarities[row] >= around.floor)
            new = [Neighbour(there[one], _inside(similarities[row, one])) for one in near]
            after = around.after(changed, new)
            if after is None:
                del self._around[person]
            else:
                self._around[person] = after

    def _drop_row(self, person: int) -> None:
        """Remove a person's prototype; the last row takes its place."""
        row = self._row_of.pop(person, None)
        if row is None:
            return
        last = self._persons.pop()
        if last != person:
            self._persons[row] = last
            self._row_of[last] = row
            self._prototypes[row] = self._prototypes[len(self._persons)]
        self._prototypes = self._prototypes[: len(self._persons)]


def _inside(similarity: np.float32) -> float:
    """Rounding lets two vectors of length 1 reach a product a little over 1."""
    return min(1.0, max(-1.0, float(similarity)))


def prototype(templates: dict[int, tuple[Floats, float]]) -> Floats:
    """The direction in which a person's templates agree, (D,) float32, length 1.

    `templates` maps ids to embedding, (D,) float32 of length 1, and quality, 0..1.

    A template counts by its quality and by its agreement: the median similarity to the person's
    other templates, against that of the one that agrees best. One wrong or bad photo among several
    good ones then counts for nothing, while two alone have only each other to go by.
    """
    ordered = [templates[template] for template in sorted(templates)]
    embeddings = np.stack([embedding for embedding, _ in ordered])
    weights = np.array([max(quality, 0.01) for _, quality in ordered], np.float32)
    if len(embeddings) > 2:
        others = ~np.eye(len(embeddings), dtype=bool)
        similarities = (embeddings @ embeddings.T)[others].reshape(len(embeddings), -1)
        agreement = np.median(similarities, axis=1)
        weights *= (1 - (agreement.max() - agreement) / AGREEMENT_RANGE).clip(0, 1)
    prototype = weights @ embeddings
    unit: Floats = (prototype / np.linalg.norm(prototype)).astype(np.float32)
    return unit
