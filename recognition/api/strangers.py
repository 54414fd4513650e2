"""People whom the site has seen more than once and cannot name."""

from __future__ import annotations

from typing import Annotated, Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from ninja import Query, Router

from recognition.api.auth import Request, needs
from recognition.api.paging import MOST, page
from recognition.api.people import MAY_CHANGE
from recognition.api.problems import of_form
from recognition.api.schemas import Named, Strangers, Whom
from recognition.forms.strangers import WhoForm
from recognition.models import Scope
from recognition.models import Stranger as Row
from recognition.services import access
from recognition.services.strangers import naming, reading

router = Router(tags=["strangers"])


@router.get("/strangers", response=Strangers, **needs(Scope.PEOPLE, Scope.REVIEW, Scope.READ))
def strangers(
    request: Request, cursor: str = "", limit: Annotated[int, Query(ge=1, le=MOST)] = 25
) -> Any:
    """All of them, whoever turned up last first."""
    if not access.has_staff_role(request.user):
        raise PermissionDenied
    rows, following = page(reading.nameless(), "-id", cursor, limit)
    shown = reading.counted().filter(pk__in=rows.values("pk")).order_by("-pk")
    return {"items": [_said(seen) for seen in reading.of(shown)], "next": following}


def _said(seen: reading.Seen) -> dict[str, Any]:
    row: Any = seen.stranger
    return {
        "id": row.pk,
        "photos": row.photos,
        "first": row.first,
        "last": row.last,
        "faces": [face.pk for face in seen.faces],
        "asked_by": seen.askers,
    }


@router.post("/strangers/{int:pk}/name", response=Named, **MAY_CHANGE)
def name_stranger(request: Request, pk: int, whom: Whom) -> Any:
    """Say who it is. The best few faces are enrolled, and answers that were given tell it."""
    row = get_object_or_404(Row, pk=pk)
    form = WhoForm(whom.dict())
    if not form.is_valid():
        raise of_form(form, "body")
    faces = naming.name(row, form.whom(), request.user)
    row.refresh_from_db()
    return {"person": row.person_id, "faces": faces}
