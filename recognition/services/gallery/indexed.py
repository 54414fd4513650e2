"""A gallery that lies in PostgreSQL, see `vectors`: whom its index finds is compared exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from ml.around import Neighbour, neighbours
from ml.gallery import Gallery
from ml.rows import Templates
from ml.types import Floats
from recognition.models import EnrolledFace, ModelVersion, Template
from recognition.services.gallery import vectors

WIDE: Final = 200
"""Among so many the index looks for the nearest: it misses fewer of them than among the usual 40.
See docs/scaling.md, *The gallery in PostgreSQL*."""
KEPT: Final = 50_000
"""So many of those who were found a process keeps at the most, some 40 MB."""

_NEAREST: Final = """
    SELECT at, near.* FROM unnest(%s::vector[]) WITH ORDINALITY AS probe (vector, at), LATERAL (
        SELECT person_id, photos, vector_send({table}.vector) FROM {table} WHERE until > %s
        ORDER BY {table}.vector <#> probe.vector LIMIT %s
    ) near
"""


class _Found(NamedTuple):
    photos: int
    prototype: Floats


class Indexed:
    """The people of the table of a version, as they are when they are asked for.

    Who was found once stays known: a decision goes on with them whoever removes them meanwhile, and
    whoever stores it looks once more who is there.
    """

    def __init__(self, version: ModelVersion) -> None:
        self._version, self._table = version, vectors.name(version.pk)
        self._left: set[int] = set()
        self._found: dict[int, _Found] = {}
        columns = "count(*), coalesce(sum(photos), 0)::int, min(until)"
        ((self.people, self.templates, self.until),) = self._rows(columns)

    @property
    def everybody(self) -> Set[int]:
        return {person for (person,) in self._rows("person_id")} - self._left

    def __contains__(self, person: int) -> bool:
        return person not in self._left and person in self._known([person])

    def owner(self, template: int) -> int | None:
        owner = EnrolledFace.objects.filter(pk=template).values_list("person", flat=True).first()
        return owner if owner is not None and owner in self else None

    def leave(self, person: int) -> None:
        self.people -= 1
        self.templates -= self.photos_of(person)
        self._left.add(person)

    def photos_of(self, person: int) -> int:
        return self._known([person])[person].photos

    def templates_of(self, person: int) -> Templates:
        """Nothing of somebody who has been removed a moment ago."""
        own = Template.objects.filter(model_version=self._version, face__person=person)
        rows = own.order_by("face").values_list("face", "embedding", "face__quality")
        return {face: (np.frombuffer(made, "<f4"), quality) for face, made, quality in rows}

    def prototypes_of(self, people: Sequence[int]) -> Floats:
        found = np.zeros((len(people), self._version.embedding_size), np.float32)
        known = self._known(people)
        for at, person in enumerate(people):
            if person in known:
                found[at] = known[person].prototype
        return found

    def some_prototypes(self, most: int) -> Floats:
        some = "person_id <> ALL(%s) LIMIT %s"
        rows = self._rows("vector_send(vector)", some, [*self._left], most)
        size = self._version.embedding_size
        return np.array([_vector(row) for (row,) in rows], np.float32).reshape(-1, size)

    def search(self, embeddings: Floats, k: int) -> Iterator[list[Neighbour]]:
        found = self._near(embeddings, k + len(self._left))
        for probe, near in zip(embeddings, found, strict=True):
            people = [person for person in near if person not in self._left]
            rows = np.array([near[person].prototype for person in people], np.float32)
            similarities = rows.reshape(-1, len(probe)) @ probe
            best = np.lexsort((people, -similarities))[:k]
            yield neighbours([people[row] for row in best], similarities[best])
            self._keep(near)

    def _near(self, embeddings: Floats, k: int) -> list[dict[int, _Found]]:
        """As the index finds them. Rows that are gone, of which it still knows, may leave it with
        too few: then all are looked at."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL hnsw.ef_search = {min(max(WIDE, k), 1000)}")
            found = self._ask(embeddings, k)
            if any(len(near) < min(k, self.people) for near in found):
                cursor.execute("SET LOCAL enable_indexscan = off")
                found = self._ask(embeddings, k)
        return found

    def _ask(self, embeddings: Floats, most: int) -> list[dict[int, _Found]]:
        asked = list(map(vectors.text, embeddings))
        found: list[dict[int, _Found]] = [{} for _ in asked]
        with connection.cursor() as cursor:
            statement = _NEAREST.format(table=self._table)
            cursor.execute(statement, [asked, timezone.now(), most])
            for at, person, photos, vector in cursor:
                found[at - 1][person] = _Found(photos, _vector(vector))
        return found

    def _keep(self, found: Mapping[int, _Found]) -> None:
        """And let go of those who were found first, if there are too many."""
        self._found |= found
        while len(self._found) > KEPT:
            del self._found[next(iter(self._found))]

    def _known(self, people: Sequence[int]) -> Mapping[int, _Found]:
        """Whoever is there of these."""
        unknown = [person for person in people if person not in self._found]
        if unknown:
            columns = "person_id, photos, vector_send(vector)"
            rows = self._rows(columns, "person_id = ANY(%s)", unknown)
            self._keep({person: _Found(photos, _vector(sent)) for person, photos, sent in rows})
        return self._found

    def _rows(self, columns: str, where: str = "true", *values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {self._table} WHERE until > %s AND {where}",  # noqa: S608
                [timezone.now(), *values],
            )
            return list(cursor.fetchall())


def _vector(sent: bytes) -> Floats:
    """Of how pgvector sends one: two numbers, of which the first is its size, and then its own."""
    return np.frombuffer(sent, ">f4", offset=4).astype(np.float32)


class _Asked(NamedTuple):
    """A gallery of a version, as of a revision."""

    version: int
    revision: int
    people: Indexed
    gallery: Gallery

    def holds(self, version: int, revision: int) -> bool:
        """Whether nobody has come or gone since, nor has anybody's time passed."""
        until = self.people.until
        as_it_was = (self.version, self.revision) == (version, revision)
        return as_it_was and (until is None or until > timezone.now())


_asked: list[_Asked] = []


def gallery(version: ModelVersion) -> Gallery | None:
    """That of a version which has a table that can be asked, for one thread at a time. Who is
    around whom is remembered until the gallery changes."""
    revision = vectors.whole(version) if vectors.wanted() else None
    if revision is None:
        return None
    if not any(one.holds(version.pk, revision) for one in _asked):
        people = Indexed(version)
        asked = Gallery(version.embedding_size, people)
        _asked[:] = [_Asked(version.pk, revision, people, asked)]
    return _asked[0].gallery
