"""Who may see which photo and which people. Every page and every photo asks here."""

from __future__ import annotations

import datetime as dt
from enum import IntEnum
from functools import reduce
from itertools import product
from operator import or_

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from ml.types import Decision, names_given
from recognition.models import (
    Candidate,
    Comparison,
    EnrolledFace,
    Event,
    Identification,
    ProbeFace,
    Proposal,
    Trial,
    User,
    WebhookDelivery,
    WebhookSubscription,
)
from recognition.services import audit

SAME_OPENING = dt.timedelta(minutes=10)
SAME_LOOK = dt.timedelta(days=1)

NAMED = reduce(
    or_,
    (
        Q(face__decision=decision, face__rival__isnull=rival is None)
        & Q(rank__lt=names_given(decision, rival))
        for decision, rival in product(Decision, (None, 0))
    ),
)
"""Of all candidates those whom an answer names."""


class Others(IntEnum):
    """What an answer shows of people whom it does not name: runners-up and near misses."""

    NONE = 0
    NAMES = 1
    PHOTOS = 2


def others_shown(user: User) -> Others:
    """The most that one of the user's roles allows."""
    roles = {"user": True, "reviewer": user.is_reviewer, "operator": user.is_operator}
    return max(Others[settings.OTHERS_SHOWN[role].upper()] for role, held in roles.items() if held)


def may_look_up_people(user: User) -> bool:
    """Operators always: enrolling people is their work."""
    return user.is_operator or (user.is_reviewer and others_shown(user) >= Others.NAMES)


def may_look_at_portraits(user: User) -> bool:
    """Those of everybody who is enrolled."""
    return user.is_operator or (user.is_reviewer and others_shown(user) >= Others.PHOTOS)


def visible_identifications(user: User) -> QuerySet[Identification]:
    """The photos that a user asked about; everybody's for reviewers."""
    if user.is_reviewer:
        return Identification.objects.all()
    return Identification.objects.filter(user=user)


def viewers(photo: Identification) -> QuerySet[User]:
    """Everybody to whom `visible_identifications` has it."""
    reviewers = User.objects.with_perm("recognition.review_identifications")
    return reviewers | User.objects.filter(pk=photo.user_id, is_active=True)


def operators() -> QuerySet[User]:
    """Everybody who sees the gallery."""
    return User.objects.with_perm("recognition.manage_people")


def model_managers() -> QuerySet[User]:
    return User.objects.with_perm("recognition.manage_models")


def events_of(user: User) -> list[Event]:
    """Of what somebody may be told: what they could see on a page."""
    people = [Event.ENROLLED, Event.PHOTO_REMOVED, Event.REMOVED] if user.is_operator else []
    models = [Event.PROMOTED] if user.has_perm("recognition.manage_models") else []
    return [Event.ANSWERED, Event.REVIEWED, *people, *models]


def deletable_identifications(user: User) -> QuerySet[Identification]:
    """One's own photos; everybody's for reviewers and operators, who may be asked to."""
    if has_staff_role(user):
        return Identification.objects.all()
    return Identification.objects.filter(user=user)


def visible_probes(user: User) -> QuerySet[ProbeFace]:
    """The faces found in the photos that the user may see, and for operators those faces that
    reviewers proposed to them, as long as nobody has decided or they did: to enrol a face they have
    to see it, and nothing else of the photo."""
    if user.is_reviewer:
        return ProbeFace.objects.all()
    mine = Q(identification__user=user)
    return ProbeFace.objects.filter(mine | _proposed_to(user) if user.is_operator else mine)


def _proposed_to(user: User) -> Q:
    theirs = Q(outcome=Proposal.Outcome.ACCEPTED, decided_by=user)
    proposals = Proposal.objects.filter(theirs | Q(outcome=Proposal.Outcome.OPEN))
    return Q(Exists(proposals.filter(face=OuterRef("pk"))))


def nameable_probes(user: User) -> QuerySet[ProbeFace]:
    """The faces of which the user may say who they are, so that they are enrolled or proposed."""
    probes = visible_probes(user)
    return probes if has_staff_role(user) else probes.none()


def visible_crops(user: User) -> QuerySet[ProbeFace]:
    """The faces whose picture the user may see: operators those of strangers too, to name them."""
    strangers = ProbeFace.objects.filter(stranger__isnull=False)
    return visible_probes(user) | (strangers if user.is_operator else strangers.none())


def visible_comparisons(user: User) -> QuerySet[Comparison]:
    """One's own, and nobody else's: no reviewer judges them."""
    return Comparison.objects.filter(user=user)


def visible_trials(user: User) -> QuerySet[Trial]:
    """The trials that a user asked for, as long as they are an operator."""
    mine = Trial.objects.filter(requested_by=user)
    return mine if user.has_perm("recognition.manage_models") else mine.none()


def visible_webhooks(user: User) -> QuerySet[WebhookSubscription]:
    """One's own: where somebody wants to be told is nobody else's business."""
    return WebhookSubscription.objects.filter(owner=user)


def visible_deliveries(user: User) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(subscription__owner=user)


def has_staff_role(user: User) -> bool:
    return user.is_operator or user.is_reviewer


def may_see_portrait(user: User, face: EnrolledFace) -> bool:
    """Whether a user may: when it is evidence for somebody whom an answer shows them."""
    if may_look_at_portraits(user):
        return True
    shown = Q() if others_shown(user) >= Others.PHOTOS else NAMED
    evidence = Candidate.objects.filter(
        shown, face__in=visible_probes(user), person_id=face.person_id
    ).order_by("-pk")
    # SQLite cannot look into a JSON list, so the rows are read; the newest mostly settles it.
    return any(face.pk in faces for faces in evidence.values_list("evidence", flat=True).iterator())


def note_opening(user: User, identification: Identification) -> None:
    """Write to the audit log that somebody opened another person's photo.

    A page opening is one event, although the browser asks for the page, the photo and its faces:
    what the same person opens again within minutes is the same opening. The page and the full
    photo both come here, so that fetching the photo by its bare address is not a way around the
    log.
    """
    if identification.user_id != user.pk:
        audit.record_once(SAME_OPENING, user, "photo.opened", identification)


def note_faces(user: User, identification: Identification) -> None:
    """The same for the small crops of its faces, of which lists show dozens: once a day a photo."""
    if identification.user_id != user.pk:
        audit.record_once(
            SAME_LOOK, user, "faces.seen", identification, implied_by=("photo.opened",)
        )
