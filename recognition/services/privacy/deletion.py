"""Deleting uploaded photos, with all that was found in them and answered about them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from recognition.models import DeletionReason, Identification, Person, User, having
from recognition.models.identification import said_to_be
from recognition.services import access
from recognition.services.audit import record
from recognition.services.identification import quotas


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
        gone = list(may_go.filter(pk__in=photos.values("pk")).select_for_update())
        if reason not in DeletionReason and any(row.user_id != actor.pk for row in gone):
            raise ReasonMissing
        _delete(gone)
        note(gone, actor, reason)
    return len(gone)


def showing(person: Person) -> QuerySet[Identification]:
    """The photos of which somebody said that this person is in them."""
    return Identification.objects.filter(having(said_to_be(person)))


def delete_showing(person: Person) -> list[Identification]:
    """Delete them. Part of the erasure of the person, which has to `note` them as its last step."""
    gone = list(showing(person).select_for_update())
    _delete(gone)
    return gone


def note(gone: list[Identification], actor: User | None, reason: str) -> None:
    """Write down what was deleted, and why if it was somebody else's."""
    for row in gone:
        own = actor is not None and row.user_id == actor.pk
        of_others = {} if own else {"reason": reason, "user": row.user_id}
        lately = quotas.counts(row.created_at)
        record(actor, "photo.deleted", row, lately=lately, **of_others)


def delete_expired(photos: QuerySet[Identification], term: str) -> int:
    """Delete photos that have been kept for as long as they may be; returns how many."""
    with transaction.atomic():
        gone = list(photos.select_for_update())
        _delete(gone)
        for row in gone:
            record(None, "photo.expired", row, term=term)
    return len(gone)


def _delete(photos: list[Identification]) -> None:
    """With their faces and, once that is certain, their files. `photos` keep their ids."""
    Identification.objects.filter(pk__in=[photo.pk for photo in photos]).delete()
