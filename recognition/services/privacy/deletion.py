"""Deleting uploaded photos, with all that was found in them and answered about them."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import DeletionReason, Identification, User
from recognition.services import access
from recognition.services.audit import record

NOTED_AS_LATE: Final = dt.timedelta(hours=1)
"""A photo that was asked about within this time still counts towards what its user may ask."""


class ReasonMissing(Exception):
    """Somebody else's photo goes for one of `DeletionReason`."""


def delete_photos(photos: QuerySet[Identification], actor: User, reason: str = "") -> int:
    """Delete those of these photos that `actor` may delete; returns how many. Whoever works on one
    meanwhile finds it gone and stores nothing. What a reviewer's verdict brought into the gallery
    stays there: it is of the person, and goes with them.

    Raises:
        ReasonMissing: somebody else's are among them; nothing is deleted.
    """
    with transaction.atomic():
        may_go = access.deletable_identifications(actor)
        gone = _locked(may_go.filter(pk__in=photos.values("pk")))
        if reason not in DeletionReason and any(row.user_id != actor.pk for row in gone):
            raise ReasonMissing
        _delete_locked(gone)
        for row in gone:
            of_others = {} if row.user_id == actor.pk else {"reason": reason, "user": row.user_id}
            lately = row.created_at > timezone.now() - NOTED_AS_LATE
            record(actor, "photo.deleted", row, lately=lately, **of_others)
    return len(gone)


def delete_expired(photos: QuerySet[Identification], term: str) -> int:
    """Delete photos that have been kept for as long as they may be; returns how many."""
    with transaction.atomic():
        gone = _locked(photos)
        _delete_locked(gone)
        for row in gone:
            record(None, "photo.expired", row, term=term)
    return len(gone)


def _locked(photos: QuerySet[Identification]) -> list[Identification]:
    return list(photos.select_for_update())


def _delete_locked(photos: list[Identification]) -> None:
    """With their faces and, once that is certain, their files. `photos` keep their ids."""
    Identification.objects.filter(pk__in=[photo.pk for photo in photos]).delete()
