"""What whoever asked says of the answer. Reviewers see it; by itself it changes nothing."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from recognition.models import Opinion, Person, ProbeFace, User
from recognition.services.audit import record
from recognition.services.refusals import Refused

Says = Opinion.Says

DISAGREED = Q(
    Exists(Opinion.objects.filter(face=OuterRef("pk"), says__in=(Says.WRONG, Says.SOMEBODY_ELSE)))
)
"""Faces of whose answer whoever asked says that it is wrong."""


class OpinionRefused(Refused):
    """It makes no sense; `recognition.messages.review` has the sentence."""


def give(
    face: ProbeFace, asker: User, says: str, *, person: Person | None = None, name: str = ""
) -> Opinion:
    """Keep what somebody says of the answer to their own photo, in the place of what they said
    before. Of somebody else they say who: a person whom they see there, or any name.

    Raises:
        PermissionDenied: it is not their photo.
        OpinionRefused: it makes no sense.
    """
    _check_own(face, asker)
    somebody_else = says == Says.SOMEBODY_ELSE
    if says not in Says:
        raise OpinionRefused("no_opinion")
    if somebody_else and not (person or name):
        raise OpinionRefused("person_missing")
    whom = {"person": person, "name": "" if person else name} if somebody_else else {}
    said = {"says": says, "person": None, "name": "", "given_at": timezone.now(), **whom}
    with transaction.atomic():
        opinion, _ = Opinion.objects.update_or_create(said, face=face)
        record(asker, "face.opinion", face, says=says)
    return opinion


def take_back(face: ProbeFace, asker: User) -> None:
    _check_own(face, asker)
    Opinion.objects.filter(face=face).delete()


def _check_own(face: ProbeFace, asker: User) -> None:
    if face.identification.user_id != asker.pk:
        raise PermissionDenied
