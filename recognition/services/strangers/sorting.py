"""What people say of strangers without naming them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from django.core.exceptions import PermissionDenied
from django.db import transaction

from recognition.models import ProbeFace, Stranger, User
from recognition.services import access
from recognition.services.audit import record
from recognition.services.refusals import Refused


class StrangerRefused(Refused):
    """What was asked for cannot be done; `recognition.messages.strangers` has the sentence."""


def locked(stranger: Stranger, actor: User) -> Stranger:
    """The row, as long as it has no name, for a transaction of somebody who may decide about it.

    Raises:
        PermissionDenied: the actor is neither reviewer nor operator.
        StrangerRefused: `gone`, or `named` meanwhile.
    """
    if not access.has_staff_role(actor):
        raise PermissionDenied
    row = Stranger.objects.select_for_update().filter(pk=stranger.pk).first()
    if row is None:
        raise StrangerRefused("gone")
    if row.person_id is not None:
        raise StrangerRefused("named")
    return row


def part(stranger: Stranger, faces: Collection[ProbeFace], actor: User) -> Stranger:
    """Make some of the faces another stranger; neither of the two is put to another one again.

    Raises:
        StrangerRefused: `none_ticked` or `all_ticked`, or see `locked`.
    """
    with transaction.atomic():
        row = locked(stranger, actor)
        theirs = row.faces.filter(pk__in=[face.pk for face in faces])
        count = theirs.count()
        if count in {0, row.faces.count()}:
            raise StrangerRefused("all_ticked" if count else "none_ticked")
        other = Stranger.objects.create(settled=True, ignored=row.ignored)
        theirs.update(stranger=other)
        _settle(row)
        record(actor, "stranger.parted", row, faces=count, other=other.pk)
    return other


def ignore(stranger: Stranger, actor: User, *, ignored: bool) -> None:
    """Show a stranger no more, whichever faces join later; or show them again."""
    with transaction.atomic():
        row = locked(stranger, actor)
        row.ignored = ignored
        _settle(row)
        record(actor, "stranger.ignored" if ignored else "stranger.noticed", row)


def _settle(row: Stranger) -> None:
    row.settled = True
    row.save(update_fields=("settled", "ignored"))


def forget(stranger: Stranger, actor: User) -> int:
    """Delete a stranger, and overwrite the embeddings of the faces, so that nobody can compare them
    again; returns how many. Photos, crops and answers stay with whoever asked, for their time."""
    with transaction.atomic():
        row = locked(stranger, actor)
        keys = list(row.faces.values_list("pk", "identification__model_version__embedding_size"))
        for size in {size for _, size in keys}:
            of_that_size = [key for key, own in keys if own == size]
            nobody = np.zeros(size, "<f4").tobytes()
            ProbeFace.objects.filter(pk__in=of_that_size).update(embedding=nobody)
        gone = Stranger(pk=row.pk)
        row.delete()
        record(actor, "stranger.forgotten", gone, faces=len(keys))
    return len(keys)
