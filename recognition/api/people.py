"""The people of the gallery."""

from __future__ import annotations

from typing import Annotated, Any, Final

from django.db.models import Count
from django.forms.models import model_to_dict
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from recognition.api.auth import Request, needs
from recognition.api.paging import MOST, page
from recognition.api.problems import Problem, of_form
from recognition.api.schemas import ChangedPerson, MergedPerson, NewPerson, People, Person
from recognition.forms.people import EditForm, PersonForm
from recognition.models import Person as Row
from recognition.models import Scope
from recognition.services.gallery import merging
from recognition.services.gallery import people as service
from recognition.services.privacy import erasure

router = Router(tags=["people"])
MANAGES = "recognition.manage_people"
MAY_READ = needs(Scope.PEOPLE, Scope.READ, permission=MANAGES)
MAY_CHANGE = needs(Scope.PEOPLE, permission=MANAGES)
MAY_REMOVE = needs(Scope.PEOPLE, permission=MANAGES, for_good=True)
TAKEN: Final = [{"field": "body.name", "message": "This name is taken."}]


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


@router.post("/people", response={201: Person}, **MAY_CHANGE)
def add_person(request: Request, whom: NewPerson) -> Any:
    """Add somebody, still without photos."""
    return Status(201, _one(added(request, whom.dict()).pk))


def added(request: Request, said: dict[str, str]) -> Row:
    """Somebody new, by the rules of the page."""
    form = PersonForm(said)
    if not form.is_valid():
        raise of_form(form, "body")
    asked = form.cleaned_data
    try:
        return service.add_person(asked["name"], request.user, external_id=asked["external_id"])
    except service.NameTaken as error:  # by somebody who was faster
        raise Problem(422, "invalid", errors=TAKEN) from error


@router.patch("/people/{int:pk}", response=Person, **MAY_CHANGE)
def change_person(request: Request, pk: int, change: ChangedPerson) -> Any:
    """Change what is given, and leave the rest. Who is `hidden` is never named in an answer."""
    row = get_object_or_404(Row, pk=pk)
    said = change.dict(exclude_none=True)
    hidden = said.pop("hidden", None)
    if said:
        save_changes(request, row, said)
    if hidden is not None:
        service.hide(row, request.user, hidden=hidden)
    return _one(pk)


def save_changes(request: Request, row: Row, said: dict[str, str]) -> None:
    """Of the fields of a person those that are given, by the rules of the page."""
    form = EditForm(model_to_dict(row, EditForm.Meta.fields) | said, instance=row)
    if not form.is_valid():
        raise of_form(form, "body")
    try:
        service.change_person(form.instance, request.user, form.changed_data)
    except service.NameTaken as error:
        raise Problem(422, "invalid", errors=TAKEN) from error


@router.post("/people/{int:pk}/merge", response=Person, **MAY_CHANGE)
def merge_person(request: Request, pk: int, merge: MergedPerson) -> Any:
    """Make one person of two entries: this one goes, with all its photos, into the other."""
    gone, into = (get_object_or_404(Row, pk=one) for one in (pk, merge.into))
    merging.merge(gone, into, request.user)
    return _one(merge.into)


@router.delete("/people/{int:pk}", response={204: None}, **MAY_REMOVE)
def remove_person(request: Request, pk: int) -> Any:
    """Remove somebody with all that is stored to recognise them by, for good."""
    erasure.remove_person(get_object_or_404(Row, pk=pk), request.user)
    return Status(204, None)
