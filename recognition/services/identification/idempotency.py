"""An upload that a program may send again when it does not know whether it has arrived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import IdempotencyKey, User
from recognition.services.identification import answering
from recognition.services.refusals import Refused

KEPT: Final = dt.timedelta(days=1)
GIVEN_UP_AFTER: Final = dt.timedelta(minutes=2)
"""Whoever has stored nothing by then has died over it."""

Files = Sequence["UploadedFile[bytes]"]


@dataclass(frozen=True)
class Received:
    """The number of an upload, and which of its files were not taken, each with its code."""

    batch: UUID
    refused: list[dict[str, Any]]


def submit(user: User, files: Files, key: str = "") -> Received:
    """`answering.submit`, which with the same key is done once: whoever asks again gets what was
    received then.

    Raises:
        TooManyPhotos: the user has had their share.
        Refused: `other_upload`, the key is that of other files; `in_progress`, these are being
            stored at this moment.
    """
    if not key:
        return _received(answering.submit(user, files))
    over().delete()
    digest = _digest(files)
    row, new = IdempotencyKey.objects.get_or_create(user=user, key=key, defaults={"digest": digest})
    if row.digest != digest:
        raise Refused("other_upload")
    if row.refused is not None:
        return Received(row.batch, row.refused)
    if not new and not _take_over(row):
        raise Refused("in_progress")
    return _store(row, files)


def _store(row: IdempotencyKey, files: Files) -> Received:
    try:
        received = _received(answering.submit(row.user, files, row.batch))
    except BaseException:
        row.delete()  # nothing was stored: the same may be sent again
        raise
    row.refused = received.refused
    row.save(update_fields=["refused"])
    return received


def _received(submission: answering.Submission) -> Received:
    refused = [{"path": one.filename, "error": one.code} for one in submission.refused]
    return Received(submission.batch, refused)


def _take_over(row: IdempotencyKey) -> bool:
    now = timezone.now()
    left = IdempotencyKey.objects.filter(
        pk=row.pk, refused=None, created_at__lt=now - GIVEN_UP_AFTER
    )
    return bool(left.update(created_at=now))


def over() -> QuerySet[IdempotencyKey]:
    """Those that are not known any more. They have names of files."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT)


def _digest(files: Files) -> str:
    """Of names and bytes, and not of the request: its parts have other borders each time."""
    digest = sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.size}\0".encode())
        for chunk in file.chunks():
            digest.update(chunk)
    return digest.hexdigest()
