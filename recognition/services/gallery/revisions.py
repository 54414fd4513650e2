"""The number that grows with every change of the gallery, and that lets only one change it at a
time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import transaction
from django.db.models import F

from recognition.models import GalleryRevision

_ROW: Final = 1  # the only one


def last() -> int:
    """That of the last change, or of the one that this transaction makes."""
    return GalleryRevision.objects.values_list("revision", flat=True).first() or 0


def begin() -> int:
    """That of a change, which begins: whoever begins another waits until this one is committed."""
    row = GalleryRevision.objects.filter(pk=_ROW)
    if not row.update(revision=F("revision") + 1):
        GalleryRevision.objects.get_or_create(pk=_ROW)
        row.update(revision=F("revision") + 1)
    return row.values_list("revision", flat=True).get()


@contextmanager
def standing_still() -> Iterator[None]:
    """A transaction in which nobody else changes the gallery, and which does not either."""
    with transaction.atomic():
        list(GalleryRevision.objects.select_for_update().filter(pk=_ROW))
        yield
