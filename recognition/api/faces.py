"""What reviewers say of the faces of answers."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router

from recognition.api.auth import Request, needs
from recognition.api.schemas import NewVerdict, Verdict
from recognition.forms.review import VerdictForm
from recognition.models import Scope
from recognition.services import access
from recognition.services.review import queue, verdicts

router = Router(tags=["faces"])
MAY_REVIEW = needs(Scope.REVIEW, permission="recognition.review_identifications")


@router.post("/faces/{int:pk}/verdict", response=Verdict, **MAY_REVIEW)
def judge(request: Request, pk: int, said: NewVerdict) -> Any:
    """Say whether an answer is right. A face that another reviewer looks at is theirs for five
    minutes."""
    face = get_object_or_404(access.visible_probes(request.user), pk=pk)
    sent = {"verdict": said.verdict, "true_person": said.person}
    verdict, whom = VerdictForm(sent, user=request.user, face=face).said()
    queue.hold(pk, request.user)
    judged = verdicts.judge(pk, request.user, verdict, whom)
    return {
        "face": pk,
        "verdict": judged.review,
        "person": judged.true_person_id,
        "reviewed": judged.reviewed_at,
    }
