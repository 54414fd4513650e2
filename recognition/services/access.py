"""Who may see which photo. Every page and every photo asks here."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet
from django.utils import timezone

from recognition.models import (
    AuditEvent,
    Candidate,
    EnrolledFace,
    Identification,
    ProbeFace,
    Trial,
    User,
)
from recognition.services import audit

SAME_OPENING = dt.timedelta(minutes=10)


def visible_identifications(user: User) -> QuerySet[Identification]:
    """The photos that a user asked about; everybody's for reviewers."""
    if user.is_reviewer:
        return Identification.objects.all()
    return Identification.objects.filter(user=user)


def visible_probes(user: User) -> QuerySet[ProbeFace]:
    """The faces found in the photos that the user may see."""
    mine = Q() if user.is_reviewer else Q(identification__user=user)
    return ProbeFace.objects.filter(mine)


def visible_trials(user: User) -> QuerySet[Trial]:
    """The trials that a user asked for, as long as they are an operator."""
    mine = Trial.objects.filter(requested_by=user)
    return mine if user.has_perm("recognition.manage_models") else mine.none()


def has_staff_role(user: User) -> bool:
    return user.is_operator or user.is_reviewer


def may_see_portrait(user: User, face: EnrolledFace) -> bool:
    """Whether a user may: operators and reviewers always, others when it is evidence in an answer
    of theirs."""
    if has_staff_role(user):
        return True
    evidence = Candidate.objects.filter(
        face__identification__user=user, person_id=face.person_id
    ).order_by("-pk")
    # SQLite cannot look into a JSON list, so the rows are read; the newest mostly settles it.
    return any(face.pk in faces for faces in evidence.values_list("evidence", flat=True).iterator())


def note_opening(user: User, identification: Identification) -> None:
    """Write to the audit log that somebody opened another person's photo.

    A page opening is one event, although the browser asks for the page, the photo and its faces:
    what the same person opens again within minutes is the same opening. The page and the full
    photo both come here, so that fetching the photo by its bare address is not a way around the
    log; the small face crops do not, since lists show dozens of them.
    """
    if identification.user_id == user.pk or _noted(user, identification):
        return
    audit.record(user, "photo.opened", identification)


def _noted(user: User, identification: Identification) -> bool:
    return AuditEvent.objects.filter(
        actor=user,
        action="photo.opened",
        subject_id=str(identification.pk),
        created_at__gte=timezone.now() - SAME_OPENING,
    ).exists()
