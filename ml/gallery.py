"""The gallery: several templates a person, exact search, and who is near whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np

from ml.around import AROUND, Around, Neighbour
from ml.nearest import Ints, nearest
from ml.recent import Recent
from ml.rows import Rows, Templates
from ml.types import Floats

REMEMBERED = 10_000
"""Of how many enrolled people it is remembered at a time who is around: some 20 MB."""

EVIDENCE = 3


class Gallery:
    """Enrolled embeddings by template id, and one prototype for each person.

    A person's prototype is the mean of the templates that agree with each other, made length 1.
    Most people are in `rows`, which nobody changes; whoever changes is moved to those who are
    recent. Not safe for threads that change it while others search; the caller locks.
    """

    def __init__(self, embedding_size: int, rows: Rows | None = None) -> None:
        self._rows = rows or Rows.none(embedding_size)
        self._left = np.zeros(len(self._rows.people), np.bool_)
        self._people_in_rows = len(self._rows.people)
        self._templates_in_rows = len(self._rows.templates)
        self._recent = Recent(embedding_size)
        self._around: dict[int, Around] = {}

    @property
    def people(self) -> int:
        """How many people have at least one template."""
        return self._people_in_rows + len(self._recent.everybody)

    @property
    def templates(self) -> int:
        """How many templates there are."""
        return self._templates_in_rows + len(self._recent)

    @property
    def changed(self) -> int:
        """How many templates are in no rows, or in these alone."""
        return len(self._recent) + len(self._rows.templates) - self._templates_in_rows

    @property
    def everybody(self) -> Set[int]:
        """The people who have a template."""
        return {*self._rows.people[~self._left].tolist(), *self._recent.everybody}

    def __contains__(self, person: int) -> bool:
        """Whether a person has a template."""
        return person in self._recent or self._row(person) >= 0

    def photos_of(self, person: int) -> int:
        """How many templates an enrolled person has."""
        if person in self._recent:
            return len(self._recent.templates_of(person))
        return self._rows.photos(self._row(person))

    def templates_of(self, person: int) -> Templates:
        """Embedding, (D,), and quality, 0..1, of each template of an enrolled person."""
        if person in self._recent:
            return self._recent.templates_of(person)
        return self._rows.templates_of(self._row(person))

    def add(self, template: int, person: int, embedding: Floats, quality: float = 1.0) -> None:
        """Add a template, (D,) float32 of length 1, or replace the one with the same id.

        `quality`, 0..1, says how much the photo counts among the person's others.
        """
        self.remove(template)
        self._leave(self._row(person))
        self._recent.take(person, {template: (embedding, quality)})

    def remove(self, template: int) -> None:
        """Remove a template, and its person with the last one; an unknown id changes nothing."""
        row = self._rows.owner(template)
        self._leave(-1 if row is None or self._left[row] else row)
        self._recent.drop(template)

    def search(self, embedding: Floats, k: int = 5) -> list[Neighbour]:
        """The `k` people nearest to a probe, (D,) float32 of length 1, nearest first. Exact."""
        (found,) = self.search_all(embedding[None], k)
        return found

    def search_all(self, embeddings: Floats, k: int = 5) -> list[list[Neighbour]]:
        """The same for several probes, (B, D): it takes hardly longer than for one, since all
        prototypes are read from memory once."""
        self._refresh()
        rows, recent = self._rows, self._recent
        none_left = np.zeros(len(recent.people), np.bool_)
        near = zip(
            _near(rows.people, nearest(rows.prototypes, embeddings, k, self._left)),
            _near(recent.people, nearest(recent.prototypes, embeddings, k, none_left)),
            strict=True,
        )
        return [_merged(some, others)[:k] for some, others in near]

    def around(self, person: int) -> Sequence[Neighbour]:
        """The people nearest to an enrolled person, nearest first: at most `AROUND`, and no fewer
        than `ENOUGH_AROUND` where there are so many.

        Searched for once, and then brought up to date as the gallery changes.
        """
        self.remember([person])
        return self._around[person].near

    def remember(self, people: Sequence[int]) -> None:
        """Search for those around several enrolled people at once."""
        self._refresh()
        unknown = [person for person in people if person not in self._around]
        if not unknown:
            return
        if len(self._around) + len(unknown) > REMEMBERED:
            self._around = {one: self._around[one] for one in people if one in self._around}
        found = self.search_all(self._prototypes_of(unknown), AROUND + 2)
        for person, near in zip(unknown, found, strict=True):
            others = [one for one in near if one.person != person]
            self._around[person] = Around.of(others, everybody=len(near) == self.people)

    def forget_around(self) -> None:
        """Let go of who is around whom: a change then costs nothing for people who are not asked
        about again."""
        self._around.clear()

    def prototype(self, person: int) -> Floats:
        """What stands for an enrolled person, (D,) float32 of length 1."""
        self._refresh()
        found: Floats = self._prototypes_of([person])[0]
        return found

    def some_prototypes(self, most: int) -> Floats:
        """What stands for so many people at the most, (P, D) float32 of length 1."""
        self._refresh()
        rows = np.flatnonzero(~self._left)[:most]
        return np.concatenate([self._rows.prototypes[rows], self._recent.prototypes])[:most]

    def evidence(self, person: int, embedding: Floats) -> tuple[int, ...]:
        """The templates of an enrolled person that are nearest to a probe, nearest first."""
        own = self.templates_of(person)
        near = sorted(own, key=lambda template: -float(own[template][0] @ embedding))
        return tuple(near[:EVIDENCE])

    def in_rows(self) -> Rows:
        """Everybody, in rows that can take the place of those before and of what has changed."""
        self._refresh()
        return self._rows.joined(self._left, self._recent.in_rows())

    def _row(self, person: int) -> int:
        """Where a person is in the rows; -1 of whoever is not, or no longer."""
        row = int(self._rows.people_at([person])[0])
        return -1 if row < 0 or self._left[row] else row

    def _leave(self, row: int) -> None:
        """Have the person of a row among those who are recent."""
        if row >= 0:
            self._left[row] = True
            self._people_in_rows -= 1
            self._templates_in_rows -= self._rows.photos(row)
            self._recent.take(int(self._rows.people[row]), self._rows.templates_of(row))

    def _prototypes_of(self, people: Sequence[int]) -> Floats:
        rows = self._rows.people_at(people)
        found = np.zeros((len(people), self._recent.prototypes.shape[1]), np.float32)
        found[rows >= 0] = self._rows.prototypes[rows[rows >= 0]]
        for at, person in enumerate(people):
            if person in self._recent:
                found[at] = self._recent.prototype(person)
        return found

    def _refresh(self) -> None:
        """Bring prototypes up to date, and who is around the remembered people: compare them with
        the changed."""
        changed = self._recent.refresh()
        for person in changed & self._around.keys():
            del self._around[person]
        if not changed or not self._around:
            return
        there = sorted(changed & self._recent.everybody)
        similarities = self._prototypes_of([*self._around]) @ self._prototypes_of(there).T
        for row, (person, around) in enumerate(list(self._around.items())):
            near = np.flatnonzero(similarities[row] >= around.floor)
            new = _neighbours([there[one] for one in near], similarities[row, near])
            after = around.after(changed, new)
            if after is None:
                del self._around[person]
            else:
                self._around[person] = after


def _near(
    people: Sequence[int] | Ints, found: Iterable[tuple[Ints, Floats]]
) -> Iterator[list[Neighbour]]:
    for rows, similarities in found:
        yield _neighbours([int(people[row]) for row in rows.tolist()], similarities)


def _neighbours(people: Sequence[int], similarities: Floats) -> list[Neighbour]:
    """Rounding lets two vectors of length 1 reach a product a little over 1."""
    inside = (min(1.0, max(-1.0, one)) for one in similarities.tolist())
    return list(map(Neighbour, people, inside))


def _merged(some: list[Neighbour], others: list[Neighbour]) -> list[Neighbour]:
    """Nearest first, as they come."""
    if not (some and others):
        return some or others
    return sorted(some + others, key=lambda one: -one.similarity)
