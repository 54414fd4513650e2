"""A stranger whom somebody knows: who it is, from then on and for the answers that there are."""

from __future__ import annotations

from typing import Final

import numpy as np
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from ml.clustering import best_few
from ml.enrolment import MINIMUM_FOR_ENROLMENT
from recognition.models import Person, ProbeFace, Stranger, User
from recognition.services.audit import record
from recognition.services.gallery import people, reviewed
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.strangers.gathering import NAMELESS
from recognition.services.strangers.sorting import StrangerRefused, locked

ENROLLED: Final = 5
"""Faces of a stranger that are enrolled: more of them say little more."""


def name(stranger: Stranger, whom: Person, actor: User, agreed: Agreed | None = None) -> int:
    """Say who a stranger is, somebody enrolled or new, and have a worker enrol the best few faces,
    by the checks of any enrolment; returns how many. The answers stay as they were given, and tell
    it beside.

    Raises:
        PermissionDenied: the actor is no operator.
        StrangerRefused: it is gone, or named; or the person has `no_consent`. Nothing is changed.
    """
    if not actor.is_operator:
        raise PermissionDenied
    with transaction.atomic():
        row = locked(stranger, actor)
        try:
            person = people.to_enrol(whom, agreed, actor)
        except EnrolmentRefused as refused:
            raise StrangerRefused(refused.code) from refused
        row.person, row.named_by, row.named_at = person, actor, timezone.now()
        row.save(update_fields=("person", "named_by", "named_at"))
        asked = reviewed.request_faces(((face, person) for face in _best(row)), actor)
        record(actor, "stranger.named", row, person=person.pk, faces=len(asked))
    return len(asked)


def take_back(stranger: Stranger, actor: User) -> None:
    """Say no more who a stranger is, and take out of the gallery what that brought in.

    Raises:
        PermissionDenied: the actor is no operator.
    """
    if not actor.is_operator:
        raise PermissionDenied
    with transaction.atomic():
        row = Stranger.objects.select_for_update().get(pk=stranger.pk)
        person, row.person, row.settled = row.person_id, None, True
        row.named_by = row.named_at = None
        row.save(update_fields=("person", "settled", "named_by", "named_at"))
        reviewed.take_out(actor, row.faces.all())
        record(actor, "stranger.unnamed", row, person=person)


def _best(stranger: Stranger) -> list[ProbeFace]:
    faces = list(
        stranger.faces.filter(NAMELESS, quality__gte=MINIMUM_FOR_ENROLMENT, enrolled=None)
        .select_related("identification")
        .order_by("pk")
    )
    if not faces:
        return []
    embeddings = np.stack([np.frombuffer(face.embedding, "<f4") for face in faces])
    qualities = np.array([face.quality for face in faces], np.float32)
    return [faces[at] for at in best_few(embeddings, qualities, ENROLLED)]
