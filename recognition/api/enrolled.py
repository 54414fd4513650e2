"""Photos of people, by which they are recognised."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import File, Router, Status, UploadedFile

from recognition.api.auth import Request
from recognition.api.people import MAY_CHANGE, MAY_READ
from recognition.api.problems import Problem
from recognition.api.schemas import EnrolledPhotos, Enrolment, Enrolments
from recognition.api.waiting import Awaited, Seconds
from recognition.models import EnrolledFace, Person
from recognition.models import Enrolment as Row
from recognition.services.gallery import people as service
from recognition.services.privacy import erasure

router = Router(tags=["people"])


@router.get("/people/{int:pk}/photos", response=EnrolledPhotos, **MAY_READ)
def person_photos(request: Request, pk: int) -> Any:
    """All that are enrolled, the oldest first."""
    faces = get_object_or_404(Person, pk=pk).faces.order_by("pk")
    return {"items": [_photo(face) for face in faces]}


def _photo(face: EnrolledFace) -> dict[str, Any]:
    return {
        "id": face.pk,
        "path": face.filename,
        "quality": face.quality,
        "remark": face.objection,
        "from_review": face.from_review,
    }


@router.post("/people/{int:pk}/photos", response={202: Enrolments}, **MAY_CHANGE)
def add_photos(
    request: Request, pk: int, photos: Annotated[list[UploadedFile], File()], force: bool = False
) -> Any:
    """Have photos enrolled, one face in each; with `force` also those that look like somebody
    else. What came of one is to be read under its number."""
    person = get_object_or_404(Person, pk=pk)
    requested = service.request_enrolment(person, photos, request.user, force=force)
    refused_files = [{"path": one.filename, "error": one.code} for one in requested.refused]
    if not requested.accepted:
        raise Problem(422, requested.refused[0].code, refused=refused_files)
    items = [_enrolment(row) for row in requested.accepted]
    return Status(202, {"items": items, "refused": refused_files})


def _enrolment(row: Row) -> dict[str, Any]:
    return {
        "id": row.pk,
        "path": row.filename,
        "status": row.status,
        "error": row.error_code or None,
        "photo": row.face_id if row.status == "done" else None,
    }


@router.get("/enrolments/{uuid:pk}", response=Enrolment, **MAY_READ)
def enrolment(request: Request, pk: UUID, wait: Seconds = 0) -> Any:
    """What came of a photo."""
    rows = Row.objects.filter(pk=pk)
    get_object_or_404(rows)

    def said() -> dict[str, Any]:
        return _enrolment(rows.get())

    return Awaited(rows, Enrolment, said).now(request, wait)


@router.delete("/people/{int:pk}/photos/{int:photo}", response={204: None}, **MAY_CHANGE)
def remove_photo(request: Request, pk: int, photo: int) -> Any:
    """Take one photo out of the gallery."""
    erasure.remove_face(get_object_or_404(EnrolledFace, pk=photo, person=pk), request.user)
    return Status(204, None)
