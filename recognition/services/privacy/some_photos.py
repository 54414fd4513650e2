"""Some of one's photos with their answers, to take along: as an archive, or as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from recognition.models import Identification, ProbeFace, User
from recognition.services.audit import record
from recognition.services.identification import reading
from recognition.services.privacy import own_data, zipped

COLUMNS: Final = (
    *("file", "asked", "status", "reason", "face", "decision", "person", "probability"),
    *("x", "y", "width", "height", "quality", "review", "found"),
)
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it Excel takes UTF-8 for an older alphabet."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a table's program would take for the beginning of a calculation."""

Row = dict[str, Any]


def archive(photos: QuerySet[Identification], user: User) -> Iterator[bytes]:
    """A ZIP of them, piece by piece; that it was asked for is in the log."""
    found = reading.in_batches(_asked_for(photos, user), reading.with_everything)
    return zipped.pieces(part for photo in found for part in own_data.photo_members(photo, user))


def table(photos: QuerySet[Identification], user: User) -> Iterator[str]:
    """A CSV with a line for each face, piece by piece; likewise."""
    return _lines(reading.in_batches(_asked_for(photos, user), reading.with_names))


def _asked_for(photos: QuerySet[Identification], user: User) -> list[UUID]:
    ids = list(photos.order_by("-created_at", "-pk").values_list("pk", flat=True))
    record(user, "history.exported", user, photos=len(ids))
    return ids


def _lines(photos: Iterator[Identification]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + _written([dict(zip(COLUMNS, COLUMNS, strict=True))])
    for photo in photos:
        yield _written(_rows(photo))


def _written(rows: Iterable[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _rows(photo: Identification) -> Iterator[Row]:
    """One for each face, or one for a photo without any."""
    about = {
        "file": photo.filename,
        "asked": photo.created_at.isoformat(),
        "status": photo.status,
        "reason": photo.error_code,
    }
    faces = photo.faces.all()
    yield from (about | _face(face) for face in faces) if faces else (about,)


def _face(face: ProbeFace) -> Row:
    return {
        "face": face.index + 1,
        "decision": face.decision,
        "person": " / ".join(candidate.person.name for candidate in face.named),
        "probability": face.probability if face.named else None,
        "x": face.x,
        "y": face.y,
        "width": face.width,
        "height": face.height,
        "quality": face.quality,
        "review": face.review,
        "found": face.found and face.found.name,
    }
