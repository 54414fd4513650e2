"""The people of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from django.db.models import Count
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from recognition.api.auth import Request, needs
from recognition.api.paging import MOST, page
from recognition.api.problems import Problem
from recognition.api.schemas import NewPerson, People, Person
from recognition.forms.people import PersonForm
from recognition.models import Person as Row
from recognition.models import Scope
from recognition.services.gallery import people as service

router = Router(tags=["people"])
MANAGES = "recognition.manage_people"
MAY_READ = needs(Scope.PEOPLE, Scope.READ, permission=MANAGES)


@router.get("/people", response=People, **MAY_READ)
def people(
    request: Request,
    search: str = "",
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 25,
) -> Any:
    """All of them by name, or those whose name or external id has these words in it."""
    rows, following = page(service.found(search), "name", cursor, limit)
    counted = rows.annotate(photos=Count("faces"))
    return {"items": [_said(row) for row in counted], "next": following}


def _said(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "external_id": row.external_id,
        "hidden": row.hidden_at is not None,
        "created": row.created_at,
        "photos": row.photos,
    }


def _one(pk: int) -> dict[str, Any]:
    return _said(get_object_or_404(Row.objects.annotate(photos=Count("faces")), pk=pk))


@router.get("/people/{int:pk}", response=Person, **MAY_READ)
def person(request: Request, pk: int) -> Any:
    """One of them."""
    return _one(pk)


@router.post("/people", response={201: Person}, **needs(Scope.PEOPLE, permission=MANAGES))
def add_person(request: Request, whom: NewPerson) -> Any:
    """Add somebody, still without photos."""
    form = PersonForm(whom.dict())
    if not form.is_valid():
        raise Problem(422, "invalid", errors=list(_wrong(form)))
    asked = form.cleaned_data
    try:
        added = service.add_person(asked["name"], request.user, external_id=asked["external_id"])
    except service.NameTaken as error:  # by somebody who was faster
        errors = [{"field": "body.name", "message": "This name is taken."}]
        raise Problem(422, "invalid", errors=errors) from error
    return Status(201, _one(added.pk))


def _wrong(form: PersonForm) -> Iterator[dict[str, str]]:
    for name, said in form.errors.items():
        yield {"field": f"body.{name}", "message": " ".join(map(str, said))}
