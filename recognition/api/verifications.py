"""Two photos: do they show one person?"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import File, Router, Status, UploadedFile

from recognition.api import quota
from recognition.api.auth import MAY_ASK, MAY_READ, Request, needs
from recognition.api.problems import Problem
from recognition.api.schemas import Verification
from recognition.api.waiting import Awaited, Seconds
from recognition.models import Comparison, Scope
from recognition.presenters.comparison import as_json
from recognition.services import access
from recognition.services.identification import comparing

router = Router(tags=["verifications"])


@router.post("/verifications", response={200: Verification, 202: Verification}, **MAY_ASK)
def verify(
    request: Request,
    response: HttpResponse,
    photos: Annotated[list[UploadedFile], File()],
    wait: Seconds = 0,
) -> Any:
    """Ask whether two photos are of one person. Nobody of the gallery is looked for."""
    row = _submit(request, photos)
    response["Location"] = reverse("api:verification", args=(row.pk,))
    quota.tell(response, request.user)
    return _awaited(request, row).begun(request, wait)


def _submit(request: Request, photos: list[UploadedFile]) -> Comparison:
    if len(photos) != comparing.PHOTOS:
        message = f"There are two photos to compare, and not {len(photos)}."
        raise Problem(422, "invalid", errors=[{"field": "file.photos", "message": message}])
    try:
        return comparing.submit(request.user, *photos)
    except comparing.PhotoRefused as refused:
        path = refused.params["filename"]
        raise Problem(422, refused.code, refused.params, path=path) from refused


def _awaited(request: Request, row: Comparison) -> Awaited:
    rows = access.visible_comparisons(request.user).filter(pk=row.pk)

    def said() -> dict[str, Any]:
        return as_json(rows.select_related("model_version").get())

    return Awaited(rows, Verification, said)


@router.get("/verifications/{uuid:pk}", response=Verification, url_name="verification", **MAY_READ)
def verification(request: Request, pk: UUID, wait: Seconds = 0) -> Any:
    """What came of it."""
    row = get_object_or_404(access.visible_comparisons(request.user), pk=pk)
    return _awaited(request, row).now(request, wait)


@router.delete("/verifications/{uuid:pk}", response={204: None}, **needs(Scope.IDENTIFY))
def delete_verification(request: Request, pk: UUID) -> Any:
    """Delete it with both photos."""
    row = get_object_or_404(access.visible_comparisons(request.user), pk=pk)
    comparing.delete(row, request.user)
    return Status(204, None)
