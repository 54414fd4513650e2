"""The people of a gallery whose templates have come or changed since its rows were made."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from ml.prototypes import prototype
from ml.rows import Rows, Templates
from ml.types import Floats


class Recent:
    """Templates by person, and one prototype for each, which can be changed one by one.

    `people` and `prototypes` have the same order.
    """

    def __init__(self, embedding_size: int) -> None:
        self.people: list[int] = []
        self._room: Floats = np.zeros((0, embedding_size), np.float32)
        self._templates: dict[int, dict[int, tuple[Floats, float]]] = {}
        self._owners: dict[int, int] = {}
        self._rows: dict[int, int] = {}
        self._stale: set[int] = set()

    def __len__(self) -> int:
        """How many templates there are."""
        return len(self._owners)

    def __contains__(self, person: int) -> bool:
        return person in self._templates

    @property
    def prototypes(self) -> Floats:
        """Those of all who are here, (P, D) float32 of length 1, as of the last `refresh`."""
        return self._room[: len(self.people)]

    @property
    def everybody(self) -> Set[int]:
        """Whoever has a template."""
        return self._templates.keys()

    def templates_of(self, person: int) -> Templates:
        """Those of somebody who is here."""
        return self._templates[person]

    def prototype(self, person: int) -> Floats:
        """That of somebody who is here, as of the last `refresh`."""
        found: Floats = self.prototypes[self._rows[person]]
        return found

    def in_rows(self) -> Rows:
        """All of them, as of the last `refresh`."""
        each = [
            (person, template, embedding, quality)
            for person in sorted(self._templates)
            for template, (embedding, quality) in sorted(self._templates[person].items())
        ]
        if not each:
            return Rows.none(self.prototypes.shape[1])
        people, templates, embeddings, qualities = zip(*each, strict=True)
        return Rows.of(
            np.array(people), np.array(templates), np.stack(embeddings), np.array(qualities)
        )

    def take(self, person: int, templates: Templates) -> None:
        """Have somebody here with these templates, beside what there is of them."""
        self._templates.setdefault(person, {}).update(templates)
        self._owners |= dict.fromkeys(templates, person)
        self._stale.add(person)

    def drop(self, template: int) -> None:
        """Remove a template, and its person with the last one; an unknown id changes nothing."""
        person = self._owners.pop(template, None)
        if person is None:
            return
        del self._templates[person][template]
        if not self._templates[person]:
            del self._templates[person]
        self._stale.add(person)

    def refresh(self) -> Set[int]:
        """Bring the prototypes up to date; returns who has changed or is gone."""
        if not self._stale:
            return frozenset()
        stale, self._stale = self._stale, set()
        for person in stale - self._templates.keys():
            self._drop_row(person)
        there = stale & self._templates.keys()
        self._add_rows(sorted(there - self._rows.keys()))
        for person in there:
            self.prototypes[self._rows[person]] = prototype(self._templates[person])
        return stale

    def _add_rows(self, people: list[int]) -> None:
        """Where there is no room for them, there will be for as many again."""
        needed = len(self.people) + len(people)
        if needed > len(self._room):
            more = np.zeros((2 * needed - len(self._room), self._room.shape[1]), np.float32)
            self._room = np.concatenate([self._room, more])
        self._rows |= {person: row for row, person in enumerate(people, len(self.people))}
        self.people += people

    def _drop_row(self, person: int) -> None:
        """Remove a person's prototype; the last row takes its place."""
        row = self._rows.pop(person, None)
        if row is None:
            return
        last = self.people.pop()
        if last != person:
            self.people[row] = last
            self._rows[last] = row
            self._room[row] = self._room[len(self.people)]
