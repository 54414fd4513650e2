"""Files that no row names: a process that is killed between writing a file and its row leaves them.

Pictures of faces must not stay on the disk because a worker was killed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Model
from django.utils import timezone

from recognition.models import EnrolledFace, Enrolment, Identification, ProbeFace, Trial
from recognition.services.photos import files

OLD: Final = dt.timedelta(days=1)
"""Whoever wrote a younger file may still be about to store its row."""
EVERY: Final = dt.timedelta(days=1)
BATCH: Final = 500

Owners = tuple[tuple[type[Model], str], ...]
OWNERS: Final[Mapping[str, Owners]] = {
    "originals": ((Identification, "original"), (Enrolment, "original"), (Trial, "original")),
    "photos": ((Identification, "photo"), (Trial, "photo")),
    "crops": ((ProbeFace, "crop"), (EnrolledFace, "crop")),
    "portraits": ((EnrolledFace, "portrait"),),
}
"""Whose files lie in which folder, and the field that names them."""


def remove_when_due() -> None:
    """Once a day at most, however many workers ask."""
    last = Path(settings.DATA_DIR) / "orphans-removed"
    now = timezone.now().timestamp()
    if not last.is_file() or last.stat().st_mtime < now - EVERY.total_seconds():
        last.touch()
        remove()


def remove() -> int:
    """Delete old files that no row names; returns how many those were."""
    orphans = [name for folder, owners in OWNERS.items() for name in _orphans(folder, owners)]
    files.delete(orphans)
    return len(orphans)


def _orphans(folder: str, owners: Owners) -> Iterator[str]:
    """The files first, then the rows: whatever is written in between is young."""
    if not default_storage.exists(folder):
        return
    _, names = default_storage.listdir(folder)
    for start in range(0, len(names), BATCH):
        batch = {f"{folder}/{name}" for name in names[start : start + BATCH]}
        for model, field in owners:
            rows = model._default_manager.filter(**{f"{field}__in": batch})
            batch -= set(rows.values_list(field, flat=True))
        yield from filter(_is_old, batch)


def _is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - OLD
    except FileNotFoundError:  # its row went a moment ago, and it with it
        return False
