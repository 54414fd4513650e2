"""The gallery: several templates a person, exact search, and who is near whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import numpy as np

from ml.around import AROUND, Around, Neighbour, neighbours
from ml.nearest import nearest
from ml.recent import Recent
from ml.rows import Rows, Templates
from ml.settled import InRows, Settled
from ml.types import Floats

REMEMBERED = 10_000
"""Of how many enrolled people it is remembered at a time who is around: some 20 MB."""

EVIDENCE = 3


class Gallery:
    """Enrolled embeddings by template id, and one prototype for each person.

    A person's prototype is the mean of the templates that agree with each other, made length 1.
    Most people are `settled`; whoever changes is moved to those who are recent. Not safe for
    threads that change it while others search; the caller locks.
    """

    def __init__(self, embedding_size: int, settled: Settled | None = None) -> None:
        self.settled: Settled = settled or InRows(Rows.none(embedding_size))
        self._recent = Recent(embedding_size)
        self._around: dict[int, Around] = {}

    @property
    def people(self) -> int:
        """How many people have at least one template."""
        return self.settled.people + len(self._recent.everybody)

    @property
    def templates(self) -> int:
        """How many templates there are."""
        return self.settled.templates + len(self._recent)

    @property
    def recent(self) -> int:
        """How many templates those have who are not settled."""
        return len(self._recent)

    @property
    def everybody(self) -> Set[int]:
        """The people who have a template."""
        return self.settled.everybody | self._recent.everybody

    def __contains__(self, person: int) -> bool:
        """Whether a person has a template."""
        return person in self._recent or person in self.settled

    def photos_of(self, person: int) -> int:
        """How many templates an enrolled person has."""
        if person in self._recent:
            return len(self._recent.templates_of(person))
        return self.settled.photos_of(person)

    def templates_of(self, person: int) -> Templates:
        """Embedding, (D,), and quality, 0..1, of each template of an enrolled person."""
        if person in self._recent:
            return self._recent.templates_of(person)
        return self.settled.templates_of(person)

    def add(self, template: int, person: int, embedding: Floats, quality: float = 1.0) -> None:
        """Add a template, (D,) float32 of length 1, or replace the one with the same id.

        `quality`, 0..1, says how much the photo counts among the person's others.
        """
        self.remove(template)
        if person in self.settled:
            self._leave(person)
        self._recent.take(person, {template: (embedding, quality)})

    def remove(self, template: int) -> None:
        """Remove a template, and its person with the last one; an unknown id changes nothing."""
        owner = self.settled.owner(template)
        if owner is not None:
            self._leave(owner)
        self._recent.drop(template)

    def search(self, embedding: Floats, k: int = 5) -> list[Neighbour]:
        """The `k` people nearest to a probe, (D,) float32 of length 1, nearest first."""
        (found,) = self.search_all(embedding[None], k)
        return found

    def search_all(self, embeddings: Floats, k: int = 5) -> list[list[Neighbour]]:
        """The same for several probes, (B, D): it takes hardly longer than for one, since all
        prototypes are read from memory once."""
        self._refresh()
        near = zip(self.settled.search(embeddings, k), self._near(embeddings, k), strict=True)
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
            self._around[person] = Around.of(others, everybody=len(near) < AROUND + 2)

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
        settled = self.settled.some_prototypes(most)
        return np.concatenate([settled, self._recent.prototypes])[:most]

    def evidence(self, person: int, embedding: Floats) -> tuple[int, ...]:
        """The templates of an enrolled person that are nearest to a probe, nearest first."""
        own = self.templates_of(person)
        near = sorted(own, key=lambda template: -float(own[template][0] @ embedding))
        return tuple(near[:EVIDENCE])

    def recent_in_rows(self) -> Rows:
        """Who has changed, in rows."""
        self._refresh()
        return self._recent.in_rows()

    def _leave(self, person: int) -> None:
        """Have somebody who was settled among those who are recent."""
        self._recent.take(person, self.settled.templates_of(person))
        self.settled.leave(person)

    def _near(self, embeddings: Floats, k: int) -> Iterator[list[Neighbour]]:
        """The same of those who are recent."""
        recent = self._recent
        found = nearest(recent.prototypes, embeddings, k, np.zeros(len(recent.people), np.bool_))
        for rows, similarities in found:
            yield neighbours([recent.people[row] for row in rows.tolist()], similarities)

    def _prototypes_of(self, people: Sequence[int]) -> Floats:
        found = self.settled.prototypes_of(people)
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
            new = neighbours([there[one] for one in near], similarities[row, near])
            after = around.after(changed, new)
            if after is None:
                del self._around[person]
            else:
                self._around[person] = after


def _merged(some: list[Neighbour], others: list[Neighbour]) -> list[Neighbour]:
    """Nearest first, as they come."""
    if not (some and others):
        return some or others
    return sorted(some + others, key=lambda one: -one.similarity)
