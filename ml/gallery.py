"""The gallery in memory: several templates a person, exact search, and how alike its people are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.types import Floats

AGREEMENT_RANGE = 0.3
"""A template that agrees with the person's others this much less than the best one does is left
out. Measured on people of the calibration set with strangers' photos put among theirs."""

COHORT_PROBES = 1000
COHORT_DRIFT = 0.01
"""The cohort is measured anew once this share of the people has changed since the last time."""

EVIDENCE = 3
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A person near a probe: cosine with the person's prototype, and the nearest templates."""

    person: int
    similarity: float
    templates: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """How near the gallery's own people come to each other.

    Enrolled faces of `people` people were searched for among everybody else, as strangers would
    be; `mean` and `sd` are those of the best similarity that each of them found.
    """

    people: int
    mean: float
    sd: float


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
        self._cohort: Cohort | None = None
        self._changed_since_cohort = 0

    @property
    def people(self) -> int:
        """How many people have at least one template."""
        return len(self._templates)

    @property
    def templates(self) -> int:
        """How many templates there are."""
        return len(self._person_of)

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
        similarities = self._prototypes @ embedding
        k = min(k, len(similarities))
        nearest = np.argpartition(-similarities, k - 1)[:k] if k else np.zeros(0, np.int64)
        nearest = nearest[np.argsort(-similarities[nearest], kind="stable")]
        return [self._neighbour(int(row), float(similarities[row]), embedding) for row in nearest]

    def cohort(self) -> Cohort:
        """How alike the gallery's people are; `people` is 0 while there are fewer than two."""
        self._refresh()
        drifted = self._changed_since_cohort > COHORT_DRIFT * self.people
        if self._cohort is None or drifted:
            self._cohort = self._measure_cohort()
            self._changed_since_cohort = 0
        return self._cohort

    def _neighbour(self, row: int, similarity: float, embedding: Floats) -> Neighbour:
        person = self._persons[row]
        own = self._templates[person]
        nearest = sorted(own, key=lambda template: -float(own[template][0] @ embedding))
        # Rounding lets two vectors of length 1 reach a product a little over 1.
        similarity = min(1.0, max(-1.0, similarity))
        return Neighbour(person, similarity, tuple(nearest[:EVIDENCE]))

    def _refresh(self) -> None:
        """Bring the prototypes of changed people up to date."""
        if not self._stale:
            return
        stale, self._stale = self._stale, set()
        self._changed_since_cohort += len(stale)
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

    def _measure_cohort(self) -> Cohort:
        if self.people < 2:
            return Cohort(0, 0.0, 0.0)
        probes, rows = self._cohort_probes()
        similarities = probes @ self._prototypes.T
        similarities[np.arange(len(rows)), rows] = -1.0
        best = similarities.max(axis=1)
        return Cohort(len(set(rows.tolist())), float(best.mean()), float(best.std()))

    def _cohort_probes(self) -> tuple[Floats, Ids]:
        """Enrolled embeddings to search for, and the row of the person each belongs to.

        Photos of as many different people as possible, since photos of one person repeat each
        other; the same ones for the same gallery, since an answer should not depend on chance.
        """
        people = sorted(self._templates)
        people = people[:: max(1, len(people) // COHORT_PROBES)][:COHORT_PROBES]
        share = max(1, COHORT_PROBES // len(people))
        chosen = [
            (self._templates[person][template][0], self._row_of[person])
            for person in people
            for template in sorted(self._templates[person])[:share]
        ]
        return np.stack([probe for probe, _ in chosen]), np.array([row for _, row in chosen])


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
        similarities = embeddings @ embeddings.T
        np.fill_diagonal(similarities, np.nan)
        agreement = np.nanmedian(similarities, axis=1)
        weights *= (1 - (agreement.max() - agreement) / AGREEMENT_RANGE).clip(0, 1)
    prototype = weights @ embeddings
    unit: Floats = (prototype / np.linalg.norm(prototype)).astype(np.float32)
    return unit
