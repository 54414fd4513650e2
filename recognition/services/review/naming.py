"""“This is …”: any face of an answer becomes an enrolled photo of somebody.

A reviewer says whose face it is, an operator enrols it. Who is both does both at once; a reviewer
alone proposes it to the operators; an operator alone enrols faces of their own photos, and those
that were proposed.
"""

from __future__ import annotations

from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from recognition.models import Enrolment, Person, ProbeFace, Proposal, User
from recognition.models.identification import CONFIRMED
from recognition.services.gallery import people, reviewed
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.review import proposals, verdicts
from recognition.services.review.verdicts import Verdict

CONTRADICTING: Final = (*CONFIRMED, Verdict.NOT_A_FACE)
"""Verdicts by which a face is not just anybody's."""


def say(
    face: ProbeFace,
    whom: Person,
    actor: User,
    *,
    agreed: Agreed | None = None,
    force: bool = False,
) -> Enrolment | Proposal:
    """Have a face enrolled as somebody, or propose it, as the actor's roles are; an unsaved `whom`
    is somebody new. `agreed` is recorded first, and with `force` it comes in although it looks like
    somebody else.

    Raises:
        PermissionDenied: the actor may do neither.
        EnrolmentRefused: it cannot be enrolled, whoever says so; nothing is stored.
        NameTaken: the new person is there already.
    """
    _check_quality(face)
    with transaction.atomic():
        if not actor.is_operator:
            _judge(face, whom, actor)
            return proposals.propose(face, whom, actor)
        person = people.to_enrol(whom, agreed, actor)
        from_review = _said_by_reviewer(face, person, actor)
        whose, by = [(face, person)], {"from_review": from_review, "force": force}
        (row,) = reviewed.request_faces(whose, actor, **by)
        proposals.accept(face, person, actor)
    return row


def judge(
    face: ProbeFace, reviewer: User, verdict: str, whom: Person | None, *, enrol: bool
) -> None:
    """Judge a face that the reviewer holds, and with `enrol` add it to the photos of whom it is.
    Both or neither.

    Raises:
        PermissionDenied, VerdictRefused: as `verdicts.judge` does.
        EnrolmentRefused: as `say` does.
    """
    with transaction.atomic():
        judged = verdicts.judge(face.pk, reviewer, verdict, whom)
        if enrol and judged.true_person:
            say(judged, judged.true_person, reviewer)


def take_back(face: ProbeFace, actor: User) -> int:
    """Take a face out of the gallery again; returns how many enrolled photos that were."""
    if not actor.is_operator:
        raise PermissionDenied
    return reviewed.take_out(actor, [face])


def _check_quality(face: ProbeFace) -> None:
    if not face.good_enough:
        raise EnrolmentRefused(next(iter(face.quality_reasons), "low_quality"))


def _said_by_reviewer(face: ProbeFace, person: Person, actor: User) -> bool:
    """Whether a reviewer says that this is the person; the actor says so, being one."""
    if actor.is_reviewer:
        _judge(face, person, actor)
        return True
    same = face.review in CONFIRMED and face.true_person_id == person.pk
    if not same and face.review in CONTRADICTING:
        raise EnrolmentRefused("reviewed_otherwise")
    return same


def _judge(face: ProbeFace, whom: Person, reviewer: User) -> None:
    """The verdict that a reviewer gives by saying who it is, if it is not given yet."""
    if whom.pk is None:
        verdict = Verdict.NOT_IN_GALLERY
    else:
        verdict = Verdict.RIGHT if face.person_id == whom.pk else Verdict.SOMEBODY_ELSE
    if (face.review, face.true_person_id) != (verdict, whom.pk):
        verdicts.review(face, reviewer, verdict, whom if verdict == Verdict.SOMEBODY_ELSE else None)
