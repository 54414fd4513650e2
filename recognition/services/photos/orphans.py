"""Files that no row names: a process that is killed between writing a file and its row leaves them.

Pictures of faces must not stay on the disk because a worker was killed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db.models import Model
from django.utils import timezone

from facesite.storage import kept
from recognition.services.photos import files

OLD: Final = dt.timedelta(days=1)
"""Whoever wrote a younger file may still be about to store its row."""
BATCH: Final = 500

Owner = tuple[type[Model], str]
"""A model, and a field of it that names stored files."""


def owners() -> dict[str, list[Owner]]:
    """Whose files lie in which folder, by where a field puts them."""
    found: dict[str, list[Owner]] = defaultdict(list)
    for model in apps.get_models():
        for field in files.fields_of(model):
            folder = field.generate_filename(model(), "").partition("/")[0]
            found[folder].append((model, field.name))
    return found


def remove() -> int:
    """Delete old files that no row names; returns how many those were."""
    orphans = found()
    files.delete(orphans)
    return len(orphans)


def found() -> list[str]:
    """The names of old files that no row has."""
    return [name for folder, names in owners().items() for name in _orphans(folder, names)]


def _orphans(folder: str, owners: list[Owner]) -> Iterator[str]:
    """Lists the files first and then reads the rows: what is written in between is too young."""
    names = kept().names(folder)
    for start in range(0, len(names), BATCH):
        batch = set(names[start : start + BATCH])
        for model, field in owners:
            rows = model._default_manager.filter(**{f"{field}__in": batch})
            batch -= set(rows.values_list(field, flat=True))
        yield from filter(_is_old, batch)


def _is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - OLD
    except FileNotFoundError:  # its row went a moment ago, and it with it
        return False
