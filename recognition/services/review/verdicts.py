"""What people say about the site's answers."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from recognition.models import AuditEvent, Person, ProbeFace, User
from recognition.services.audit import record
from recognition.services.events import emitting
from recognition.services.gallery import reviewed
from recognition.services.refusals import Refused
from recognition.services.review import proposals, queue

Verdict = ProbeFace.Review
REVIEWED: Final = "face.reviewed"
UNDONE: Final = "face.review_undone"
_SAID: Final = ("review", "true_person", "reviewer", "reviewed_at", "held_by", "held_until")


class VerdictRefused(Refused):
    """The verdict makes no sense for this face; `recognition.messages.review` has the sentence."""


def judge(face: int, reviewer: User, verdict: str, true_person: Person | None = None) -> ProbeFace:
    """The same as `review`, of a face that the reviewer holds: nobody has judged it since it was
    shown.

    Raises:
        PermissionDenied, VerdictRefused: as `review` does, or somebody else has taken it over.
    """
    with transaction.atomic():
        held = ProbeFace.objects.select_for_update().filter(pk=face, held_by=reviewer).first()
        if held is None:
            raise VerdictRefused("not_held")
        return review(held, reviewer, verdict, true_person)


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
        before, whom = _said(face), face.true_person_id
        face.review = verdict
        face.true_person = face.person if verdict == Verdict.RIGHT else true_person
        face.reviewer, face.reviewed_at = reviewer, timezone.now()
        face.held_by = face.held_until = None
        face.save(update_fields=_SAID)
        if _taken_out(face, whom, reviewer):
            before["taken_out"] = True
        said = {"verdict": verdict, "true_person": face.true_person_id}
        emitting.reviewed(face)
        record(reviewer, REVIEWED, face, **said, **before)
    return face


def _said(face: ProbeFace) -> dict[str, Any]:
    """What has been said of it so far, as the log keeps it."""
    if face.reviewed_at is None:
        return {}
    at = face.reviewed_at.isoformat()
    return {"before": [face.review, face.true_person_id, face.reviewer_id, at]}


def _taken_out(face: ProbeFace, whom: int | None, reviewer: User) -> bool:
    """Whether it was enrolled as somebody who it no longer is, and is not any more."""
    changed = whom is not None and whom != face.true_person_id
    return changed and reviewed.take_out(reviewer, [face]) > 0


def undo(face: ProbeFace, reviewer: User) -> ProbeFace:
    """Take back the reviewer's own last verdict: the face is as it was before, and theirs to look
    at. What the verdict brought into the gallery goes out; what it took out is enrolled again, if
    the checks of enrolment still find nothing against it.

    Raises:
        VerdictRefused: nothing of theirs is the last word on it, or somebody else looks at it.
    """
    with transaction.atomic():
        face = ProbeFace.objects.select_for_update().get(pk=face.pk)
        last = _last_word(face)
        if last is None or last.action != REVIEWED or last.actor_id != reviewer.pk:
            raise VerdictRefused("nothing_to_undo")
        if not queue.hold(face.pk, reviewer):
            raise VerdictRefused("not_held")
        whom = face.true_person_id
        _restore(face, *last.details.get("before", (Verdict.NONE, None, None, "")))
        _taken_out(face, whom, reviewer)
        proposals.withdraw(face, reviewer)
        if "taken_out" in last.details:
            reviewed.request_faces([(face, face.true_person)], reviewer)
        emitting.reviewed(face)
        record(reviewer, UNDONE, face, undone=last.number)
    return face


def _last_word(face: ProbeFace) -> AuditEvent | None:
    said = AuditEvent.objects.filter(subject_type="probeface", subject_id=str(face.pk))
    return said.filter(action__in=(REVIEWED, UNDONE)).first()


def _restore(
    face: ProbeFace, verdict: str, whom: int | None, reviewer: int | None, at: str
) -> None:
    """Whoever has been removed since stays away."""
    face.review, face.reviewed_at = verdict, parse_datetime(at) if at else None
    face.true_person = Person.objects.filter(pk=whom or 0).first()
    face.reviewer = User.objects.filter(pk=reviewer or 0).first()
    face.save(update_fields=("review", "true_person", "reviewer", "reviewed_at"))


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
