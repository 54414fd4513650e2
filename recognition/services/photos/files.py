"""Stored files that belong to database rows, kept in step with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import FileField, Model
from django.db.models.fields.files import FieldFile
from django.db.models.signals import class_prepared, post_delete

from ml.files import alone_in

Write = Callable[[FieldFile, bytes], None]


@contextmanager
def new_files() -> Iterator[Write]:
    """Write files ahead of the rows that will name them; they go again if the block fails."""
    written: list[str] = []

    def write(field: FieldFile, data: bytes) -> None:
        field.save("", ContentFile(data), save=False)
        written.append(field.name or "")

    try:
        yield write
    except BaseException:
        delete(written)
        raise


def delete(names: Iterable[str]) -> None:
    for name in filter(None, names):
        with alone_in(Path(settings.DATA_DIR), together=True):
            default_storage.delete(name)


@contextmanager
def kept_meanwhile() -> Iterator[None]:
    """Whoever deletes a file, in whichever process, waits for the end of the block. The system
    takes the lock from a process that dies."""
    with alone_in(Path(settings.DATA_DIR)):
        yield


def delete_on_commit(names: Iterable[str]) -> None:
    """Delete a file once it is certain that no row names it any more."""
    transaction.on_commit(partial(delete, list(names)), robust=True)


def fields_of(model: type[Model] | Model) -> list[FileField]:
    """Those fields of a model that name stored files."""
    return [field for field in model._meta.concrete_fields if isinstance(field, FileField)]


def go_with_their_row(instance: Model, **_kwargs: Any) -> None:
    """Delete the files of a row however it is deleted, also along with its user or person."""
    delete_on_commit([getattr(instance, field.name).name or "" for field in fields_of(instance)])


def watch(sender: type[Model], **_kwargs: Any) -> None:
    """Watch models with files, and no others: rows that nobody watches Django deletes unread."""
    if fields_of(sender):
        post_delete.connect(go_with_their_row, sender=sender)


for known in apps.get_models():
    watch(known)
class_prepared.connect(watch)
