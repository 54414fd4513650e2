"""Bringing what is stored of faces under the key that the settings name, or out of all keys. May be
done while the site runs, be killed at any moment, and be started again."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.db import connection, transaction

from facesite import sealing
from facesite.storage import kept
from ml.threads import Progress
from recognition.models import VectorTable
from recognition.models.fields import SealedField
from recognition.services.audit import record
from recognition.services.gallery import snapshots, vectors
from recognition.services.photos import files, orphans

log = logging.getLogger(__name__)

BATCH: Final = 500
Column = tuple[str, str, bytes]
"""A table, a column of it that is sealed, and what it is sealed with."""


@dataclass
class Rotated:
    """How many files and embeddings, or secrets, were not as the settings say and are now, and how
    many are `lost`: no key opens them, or they were changed."""

    files: int = 0
    embeddings: int = 0
    lost: int = 0


def rotate(progress: Progress) -> Rotated:
    snapshots.drop()  # which are in the clear
    vectors.drop(VectorTable.objects.all())  # likewise
    rotated, names = Rotated(), list(_names())
    total = len(names) + sum(map(_count, _columns()))
    done = 0
    for name in names:
        rotated.files += _rotate_file(name, rotated)
        progress(done := done + 1, total)
    for column in _columns():
        for batch in _batches(column):
            with transaction.atomic():
                for pk, data in batch:
                    rotated.embeddings += _rotate_embedding(column, pk, data, rotated)
            progress(done := done + len(batch), max(done, total))
    record(None, "keys.rotated", None, files=rotated.files, embeddings=rotated.embeddings)
    return rotated


def _turned(data: bytes, about: bytes, rotated: Rotated) -> bytes | None:
    """As it should be stored; None if it is so, or cannot be opened."""
    if sealing.is_as_it_should_be(data):
        return None
    try:
        return sealing.seal(sealing.unseal(data, about), about)
    except sealing.SealBroken as broken:
        log.error("%s.", broken)
        rotated.lost += 1
        return None


def _names() -> Iterator[str]:
    """Of all stored files."""
    for folder in orphans.owners():
        yield from kept().names(folder)


def _rotate_file(name: str, rotated: Rotated) -> bool:
    """A new file in the place of the old one, which a backup may still be reading. One that is
    deleted meanwhile does not come back: whoever deletes waits."""
    with suppress(FileNotFoundError):
        turned = _turned(kept().raw(name), name.encode(), rotated)
        if turned is not None:
            with files.kept_meanwhile():
                kept().raw(name)
                kept().put(name, io.BytesIO(turned))
            return True
    return False


def _columns() -> list[Column]:
    return [
        (model._meta.db_table, str(field.column), field.about)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]


def _count(column: Column) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {column[0]}")  # noqa: S608  (our own tables)
        return int(cursor.fetchone()[0])


def _batches(column: Column) -> Iterator[list[tuple[int, bytes]]]:
    """What is sealed, as it is stored, with the numbers of its rows."""
    table, name, _ = column
    query = f"SELECT id, {name} FROM {table} WHERE id > %s ORDER BY id LIMIT %s"  # noqa: S608
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query, [last, BATCH])
            rows = [(pk, bytes(data)) for pk, data in cursor.fetchall()]
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _rotate_embedding(column: Column, pk: int, data: bytes, rotated: Rotated) -> bool:
    """Nobody else changes one, but its row may go meanwhile."""
    table, name, about = column
    turned = _turned(data, about, rotated)
    if turned is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {name} = %s WHERE id = %s", [turned, pk])  # noqa: S608
        return bool(cursor.rowcount)
