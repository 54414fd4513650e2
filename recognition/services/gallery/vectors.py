"""A vector for each person in PostgreSQL, under an index of pgvector: what workers ask that hold
no gallery in memory.

There is a table for the version in service. A process of its own makes it, which takes minutes for
a million people and keeps nobody waiting; until then, and without `GALLERY_BACKEND=pgvector`, the
gallery in memory answers. From then on every change of the gallery is a change of the table in the
same transaction, and whoever is removed leaves it by a foreign key. Backups have no such table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, Literal

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from ml.prototypes import prototype
from ml.types import Floats
from recognition.models import GalleryChange, ModelVersion, VectorTable
from recognition.services import consent
from recognition.services.gallery import reading, revisions, snapshots
from recognition.services.versions import registry
from recognition.services.work import processes

EXTENSION: Final = "CREATE EXTENSION IF NOT EXISTS vector"
_BATCH: Final = 1000
_PREFIX: Final = "recognition_vectors_"
_BUILDING: Final = 0x5EC7  # of a lock that one process of all machines has
Row = tuple[int, int, Any, str]
"""A person, how many templates they have, until when they may be named, and their prototype."""


def name(version: int) -> str:
    """That of the table of the version of this number."""
    return f"{_PREFIX}{version}"


def names() -> list[str]:
    """Those of all tables that are there."""
    there: list[str] = connection.introspection.table_names()
    return [table for table in there if table.startswith(_PREFIX)]


def text(vector: Floats) -> str:
    """A vector as pgvector reads it."""
    return f"[{','.join(map(repr, vector.tolist()))}]"


def wanted() -> bool:
    on: bool = settings.GALLERY_BACKEND == "pgvector"
    return on


def whole(version: ModelVersion) -> int | None:
    """The revision as of which a table has everybody, if that is the gallery's; else None."""
    tables = VectorTable.objects.filter(model_version=version, key=snapshots.key(version))
    return _up_to_date(tables).values_list("revision", flat=True).first()


def made(version: ModelVersion) -> bool:
    """Whether it has a table that can be asked. Somebody may have dropped it by hand."""
    return whole(version) is not None and name(version.pk) in names()


def lacking() -> Literal["extension", "table"] | None:
    """What the gallery of the version in service needs to be in PostgreSQL, and is not there."""
    version = registry.active()
    if version is None or not wanted():
        return None
    if _execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'") is None:
        return "extension"
    return None if made(version) else "table"


def go_along(revision: int) -> None:
    """Have tables that were up to date be so as of a change that begins."""
    if wanted():
        VectorTable.objects.filter(revision=revision - 1).update(revision=revision)


def put_right(people: Collection[int]) -> None:
    """Have people in the tables as they are now, at the end of that change."""
    if wanted() and people:
        for table in _up_to_date(VectorTable.objects.select_related("model_version")):
            _replace(table.model_version, people)


def launch_when_due() -> None:
    """Start `manage.py index_gallery` if the version in service has no table that can be asked; let
    go of all where none is wanted any more."""
    version = registry.active()
    if not wanted():
        drop(VectorTable.objects.all())
    elif version and not made(version):
        processes.start("index_gallery", "--quiet")


def build() -> int | None:
    """Make the table of the version in service, if it has none that can be asked; returns how many
    people are in it. None if there is nothing to do, or another process is at it."""
    version = registry.active()
    if version is None or not wanted():
        return None
    with _alone() as alone:
        if not alone or made(version):
            return None
        as_of = _fill(version)
        _execute(f"CREATE INDEX ON {name(version.pk)} USING hnsw (vector vector_ip_ops)")
        _catch_up(version, as_of)
        drop(VectorTable.objects.exclude(pk=version.pk))
        return int(_execute(f"SELECT count(*) FROM {name(version.pk)}")[0])  # noqa: S608


def drop(tables: QuerySet[VectorTable]) -> None:
    """Leave nothing of tables, finished or not."""
    for table in tables:
        with transaction.atomic():
            _execute(f"DROP TABLE IF EXISTS {name(table.pk)}")
            table.delete()


def _up_to_date(tables: QuerySet[VectorTable]) -> QuerySet[VectorTable]:
    return tables.filter(revision=revisions.last())


def _fill(version: ModelVersion) -> int:
    """Everybody as of the revision that is returned, or a later one. Nobody has to wait for it."""
    with transaction.atomic():
        as_of, key = revisions.last(), snapshots.key(version)
        VectorTable.objects.update_or_create(
            model_version=version, defaults={"key": key, "revision": None}
        )
        _execute(EXTENSION)
        _execute(f"DROP TABLE IF EXISTS {name(version.pk)}")
        _execute(
            f"CREATE TABLE {name(version.pk)} (person_id bigint NOT NULL, photos integer NOT NULL, "
            f"until timestamptz NOT NULL, vector vector({version.embedding_size}) NOT NULL, "
            "PRIMARY KEY (person_id) INCLUDE (photos, until))"  # which alone counts them
        )
        _store(version, _rows(version))
    return as_of


def _catch_up(version: ModelVersion, as_of: int) -> None:
    """Only now does a foreign key tie it to the people, or erasures would have waited."""
    with revisions.standing_still():
        changed = GalleryChange.objects.filter(revision__gt=as_of).distinct()
        _execute(
            f"DELETE FROM {name(version.pk)} "  # noqa: S608
            "WHERE person_id NOT IN (SELECT id FROM recognition_person)"
        )
        _execute(
            f"ALTER TABLE {name(version.pk)} ADD FOREIGN KEY (person_id) "
            "REFERENCES recognition_person ON DELETE CASCADE"
        )
        _replace(version, set(changed.values_list("person_id", flat=True)))
        VectorTable.objects.filter(pk=version.pk).update(revision=revisions.last())
    _execute(f"ANALYZE {name(version.pk)}")


def _replace(version: ModelVersion, people: Collection[int]) -> None:
    _execute(f"DELETE FROM {name(version.pk)} WHERE person_id = ANY(%s)", list(people))  # noqa: S608
    _store(version, _rows(version, people))


def _rows(version: ModelVersion, people: Collection[int] | None = None) -> Iterator[Row]:
    """Of everybody who may be named, or of those of these."""
    for person, own in reading.by_person(version, people):
        templates = {one.face: (np.frombuffer(one.embedding, "<f4"), one.quality) for one in own}
        yield person, len(own), own[0].until or consent.FOREVER, text(prototype(templates))


def _store(version: ModelVersion, rows: Iterable[Row]) -> None:
    """Read and written by turns, as both need the connection."""
    left = iter(rows)
    while some := list(islice(left, _BATCH)):
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {name(version.pk)} FROM STDIN") as copy,
        ):
            for row in some:
                copy.write_row(row)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else of any machine is in the block."""
    (mine,) = _execute("SELECT pg_try_advisory_lock(%s)", _BUILDING)
    try:
        yield mine
    finally:
        if mine:
            _execute("SELECT pg_advisory_unlock(%s)", _BUILDING)


def _execute(statement: str, *values: Any) -> Any:
    """The first row of what comes back, if anything does."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchone() if cursor.description else None
