"""Faces that reviewers propose to enrol, and what operators make of that."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import Person, ProbeFace, Proposal, User
from recognition.services.audit import record

Outcome = Proposal.Outcome


def waiting() -> QuerySet[Proposal]:
    """Those that nobody has decided, the oldest first."""
    rows = Proposal.objects.filter(outcome=Outcome.OPEN).order_by("created_at", "pk")
    return rows.select_related("person", "proposed_by", "face")


def propose(face: ProbeFace, whom: Person, actor: User) -> Proposal:
    """Propose a face for the gallery, as a person or, unsaved, as somebody new. A later proposal
    of the same face takes the place of one that nobody has decided."""
    if not actor.is_reviewer:
        raise PermissionDenied
    person, name = (whom, "") if whom.pk else (None, whom.name)
    said: dict[str, Any] = {"person": person, "name": name, "proposed_by": actor}
    with transaction.atomic():
        said["created_at"] = timezone.now()
        row, _ = Proposal.objects.update_or_create(said, face=face, outcome=Outcome.OPEN)
        record(actor, "face.proposed", face, person=row.person_id)
    return row


def accept(face: ProbeFace, person: Person, actor: User) -> None:
    """Note who it is enrolled as, if it was proposed: perhaps somebody else than was proposed."""
    _decide(face.proposals.filter(outcome=Outcome.OPEN), actor, Outcome.ACCEPTED, person=person)


def decline(proposal: Proposal, actor: User) -> None:
    """Do not enrol it. Whoever proposed it may take it back so."""
    if not actor.is_operator and proposal.proposed_by_id != actor.pk:
        raise PermissionDenied
    with transaction.atomic():
        row = Proposal.objects.filter(pk=proposal.pk, outcome=Outcome.OPEN)
        if _decide(row, actor, Outcome.DECLINED):
            record(actor, "face.proposal_declined", proposal.face, person=proposal.person_id)


def withdraw(face: ProbeFace, reviewer: User) -> None:
    """Take back what a reviewer proposed of a face."""
    for proposal in face.proposals.filter(outcome=Outcome.OPEN, proposed_by=reviewer):
        decline(proposal, reviewer)


def _decide(rows: QuerySet[Proposal], actor: User, outcome: Outcome, **said: Any) -> int:
    decided = {"outcome": outcome, "decided_by": actor, "decided_at": timezone.now()}
    return rows.update(name="", **decided, **said)
