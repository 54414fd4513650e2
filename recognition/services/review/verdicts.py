"""What people say about the site's answers."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from recognition.models import Person, ProbeFace, User
from recognition.services.audit import record
from recognition.services.gallery import reviewed
from recognition.services.refusals import Refused

Verdict = ProbeFace.Review


class VerdictRefused(Refused):
    """The verdict makes no sense for this face; `recognition.messages.review` has the sentence."""


def review(
    face: ProbeFace, reviewer: User, verdict: str, true_person: Person | None = None
) -> ProbeFace:
    """Keep a verdict about a face with its reviewer and time. A later verdict replaces it; the
    audit log keeps them all. What an earlier one brought into the gallery goes out again.

    Raises:
        PermissionDenied: the reviewer may not review.
        VerdictRefused: the verdict makes no sense for this face.
    """
    if not reviewer.is_reviewer:
        raise PermissionDenied
    with transaction.atomic():
        face = ProbeFace.objects.select_for_update().get(pk=face.pk)
        _check(face, verdict, true_person)
        before = face.true_person_id
        face.review = verdict
        face.true_person = face.person if verdict == Verdict.RIGHT else true_person
        face.reviewer, face.reviewed_at = reviewer, timezone.now()
        face.save(update_fields=("review", "true_person", "reviewer", "reviewed_at"))
        if before is not None and before != face.true_person_id:
            reviewed.take_out(reviewer, [face])
        record(reviewer, "face.reviewed", face, verdict=verdict, true_person=face.true_person_id)
    return face


def _check(face: ProbeFace, verdict: str, true_person: Person | None) -> None:
    if verdict not in Verdict.values or verdict == Verdict.NONE:
        raise VerdictRefused("no_verdict")
    if verdict == Verdict.RIGHT and face.person_id is None:
        raise VerdictRefused("nobody_named")
    if verdict != Verdict.SOMEBODY_ELSE:
        if true_person is not None:
            raise VerdictRefused("person_unused")
    elif true_person is None:
        raise VerdictRefused("person_missing")
    elif true_person.pk == face.person_id:
        raise VerdictRefused("same_person")
