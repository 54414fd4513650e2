"""Photos: ask who is in them, and read what was answered."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import File, Header, Query, Router, Schema, Status, UploadedFile

from recognition.api import quota
from recognition.api.auth import MAY_ASK, MAY_READ, Request, needs
from recognition.api.paging import MOST, page
from recognition.api.problems import Problem, of_form
from recognition.api.schemas import Photo, Photos, Upload
from recognition.api.schemas import Problem as Refusal
from recognition.api.waiting import Awaited, Seconds
from recognition.forms.history import HistoryFilter
from recognition.models import Identification, Scope
from recognition.presenters import answers
from recognition.services import access
from recognition.services.identification import idempotency
from recognition.services.privacy import deletion
from recognition.services.work.retrying import retry

router = Router(tags=["identifications"])
IdempotencyKey = Annotated[str, Header("", alias="Idempotency-Key", max_length=100)]


@router.post("/identifications", response={200: Upload, 202: Upload}, **MAY_ASK)
def identify(
    request: Request,
    response: HttpResponse,
    photos: Annotated[list[UploadedFile], File()],
    wait: Seconds = 0,
    idempotency_key: IdempotencyKey = "",
) -> Any:
    """Ask who is in photos, at most twenty at a time. With `wait` the answer is held back until all
    of them are answered, for so many seconds at most."""
    _check_number(photos)
    received = idempotency.submit(request.user, photos, idempotency_key)
    rows = _of_upload(request, received.batch)
    if not rows.exists():
        first = received.refused[0]["error"]
        raise Problem(422, first, refused=received.refused)
    response["Location"] = reverse("api:upload", args=(received.batch,))
    quota.tell(response, request.user)
    return _upload(request, received, rows, wait)


def _check_number(photos: list[UploadedFile]) -> None:
    if len(photos) > settings.MAX_PHOTOS_PER_UPLOAD:
        message = f"At most {settings.MAX_PHOTOS_PER_UPLOAD} photos at a time."
        raise Problem(422, "invalid", errors=[{"field": "file.photos", "message": message}])


def _of_upload(request: Request, batch: UUID) -> QuerySet[Identification]:
    own = Identification.objects.filter(user=request.user, batch=batch)
    return own.order_by("created_at", "pk")


def _upload(
    request: Request,
    received: idempotency.Received,
    rows: QuerySet[Identification],
    seconds: float,
) -> Status[Any]:
    def said() -> dict[str, Any]:
        photos = answers.photos(rows, request.user)
        return {"batch": received.batch, "photos": photos, "refused": received.refused}

    return Awaited(rows, Upload, said).begun(request, seconds)


@router.get("/uploads/{uuid:batch}", response=Upload, url_name="upload", **MAY_READ)
def upload(request: Request, batch: UUID, wait: Seconds = 0) -> Any:
    """The photos of one upload of one's own."""
    rows = _of_upload(request, batch)
    if not rows.exists():
        raise Http404

    def said() -> dict[str, Any]:
        return {"batch": batch, "photos": answers.photos(rows, request.user)}

    return Awaited(rows, Upload, said).now(request, wait)


class Narrowing(Schema):
    """Which of one's photos, as the page of the history has it."""

    search: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    outcome: str = ""
    batch: UUID | None = None


@router.get("/identifications", response=Photos, **MAY_READ)
def identifications(
    request: Request,
    narrowing: Query[Narrowing],
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 25,
) -> Any:
    """One's own photos, the newest first. `outcome` is match, ambiguous, unknown, unclear, no_face,
    unusable or waiting; `search` is for names and files."""
    own = Identification.objects.filter(user=request.user)
    if narrowing.batch:
        own = own.filter(batch=narrowing.batch)
    rows, following = page(_narrowed(own, narrowing), "-created_at", cursor, limit)
    return {"items": answers.photos(rows, request.user), "next": following}


def _narrowed(rows: QuerySet[Identification], narrowing: Narrowing) -> QuerySet[Identification]:
    form = HistoryFilter(narrowing.dict())
    if form.is_valid():
        return form.apply(rows)
    raise of_form(form, "query")


@router.get("/identifications/{uuid:pk}", response=Photo, url_name="identification", **MAY_READ)
def identification(request: Request, pk: UUID, wait: Seconds = 0) -> Any:
    """One photo and its answer; reviewers read everybody's."""
    rows = access.visible_identifications(request.user).filter(pk=pk)
    access.note_opening(request.user, get_object_or_404(rows))

    def said() -> dict[str, Any]:
        return next(iter(answers.photos(rows, request.user)), {})

    return Awaited(rows, Photo, said).now(request, wait)


@router.delete("/identifications/{uuid:pk}", response={204: None}, **needs(Scope.IDENTIFY))
def delete_identification(request: Request, pk: UUID) -> Any:
    """Delete one of one's own photos, with its faces and answer."""
    own = Identification.objects.filter(user=request.user, pk=pk)
    if not deletion.delete_photos(own, request.user):
        raise Http404
    return Status(204, None)


@router.post(
    "/identifications/{uuid:pk}/retry", response={202: Photo, 409: Refusal}, **needs(Scope.IDENTIFY)
)
def retry_identification(request: Request, pk: UUID) -> Any:
    """Try one of one's own photos again that failed."""
    own = Identification.objects.filter(user=request.user, pk=pk)
    if not own.exists():
        raise Http404
    if not retry(own):
        raise Problem(409, "not_failed")
    return Status(202, answers.photos(own, request.user)[0])
