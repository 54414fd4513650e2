"""Uploaded photos become rows that wait for a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from facesite import space
from recognition.models.work import PhotoWork
from recognition.services.photos import uploads
from recognition.services.photos.files import new_files
from recognition.services.work import queue

Row = TypeVar("Row", bound=PhotoWork)


def _everybody(_photos: int) -> None:
    """No limit."""


def accept(
    files: Sequence[UploadedFile[bytes]],
    new_row: Callable[[str], Row],
    admit: Callable[[int], None] = _everybody,
) -> tuple[list[Row], list[uploads.Refused]]:
    """Store photos, each as the original of a new row of that file name, for a worker to take.

    What is no photo by its header is refused. `admit` is told how many are left, and nothing is
    stored if it raises.

    Raises:
        DiskFull: there is no room for them.
    """
    if not space.is_there(sum(file.size or 0 for file in files)):
        raise space.DiskFull
    with new_files() as write:
        rows, refused = uploads.store(files, new_row, write)
        if rows:
            model = type(rows[0])
            with transaction.atomic():
                admit(len(rows))
                model._default_manager.bulk_create(rows)
                queue.enqueue_on_commit(model, [row.pk for row in rows])
    return rows, refused
