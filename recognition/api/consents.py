"""What people agreed to."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from recognition.api.auth import Request
from recognition.api.people import MAY_CHANGE, MAY_READ, MAY_REMOVE
from recognition.api.problems import Problem
from recognition.api.schemas import Consents, NewConsent
from recognition.forms.consent import AgreedForm
from recognition.models import Consent, Person, Purpose
from recognition.services.gallery import agreements
from recognition.services.gallery.agreements import Agreed

router = Router(tags=["people"])


@router.get("/people/{int:pk}/consents", response=Consents, **MAY_READ)
def consents(request: Request, pk: int) -> Any:
    """All that somebody agreed to, the last first, whether it still counts or not."""
    return _of(get_object_or_404(Person, pk=pk))


@router.post("/people/{int:pk}/consents", response={201: Consents}, **MAY_CHANGE)
def give_consent(request: Request, pk: int, new: NewConsent) -> Any:
    """Record what somebody agrees to now, by the text in use and for the usual term."""
    person = get_object_or_404(Person, pk=pk)
    agreements.give(Person.objects.filter(pk=pk), _agreed(new), request.user)
    return Status(201, _of(person))


@router.delete("/people/{int:pk}/consents/{purpose}", response={204: None}, **MAY_REMOVE)
def withdraw_consent(request: Request, pk: int, purpose: str) -> Any:
    """Somebody agrees no more. The record stays as a proof."""
    person = get_object_or_404(Person, pk=pk)
    if purpose not in Purpose or not agreements.withdraw(person, [Purpose(purpose)], request.user):
        raise Http404
    return Status(204, None)


def _agreed(new: NewConsent) -> Agreed:
    form = AgreedForm({**dict.fromkeys(new.purposes, True), "how": new.how})
    agreed = form.agreed() if form.is_valid() else None
    if agreed is None or len(agreed.purposes) != len(set(new.purposes)):
        message = "There is no such purpose, or no such way to agree."
        raise Problem(422, "invalid", errors=[{"field": "body", "message": message}])
    return agreed


def _of(person: Person) -> dict[str, Any]:
    return {"items": [_said(one) for one in person.consents.all()]}


def _said(one: Consent) -> dict[str, Any]:
    return {
        "purpose": one.purpose,
        "how": one.how,
        "given": one.given_at,
        "until": one.expires_at,
        "withdrawn": one.withdrawn_at,
        "counts": one.is_current,
    }
