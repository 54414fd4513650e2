"""The recognition service of CompreFace, as docs/Rest-API-description.md of its release 1.2 has it,
so that its clients can ask here. A subject is a person by name. What differs is in docs/api.md.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import File, Query, Router, Status, UploadedFile

from ml.names import tidy
from recognition.api import schemas
from recognition.api.auth import MAY_ASK, Request
from recognition.api.people import MAY_CHANGE, MAY_READ, MAY_REMOVE, added, save_changes
from recognition.api.problems import Problem
from recognition.api.waiting import LONGEST, Awaited
from recognition.models import EnrolledFace, Enrolment, Identification, Person
from recognition.presenters import answers
from recognition.services.gallery import people as service
from recognition.services.identification import answering
from recognition.services.privacy import erasure

router = Router(tags=["compreface"])
Photo = Annotated[UploadedFile, File()]
Whole = Annotated[int, Query(ge=0, le=1000)]


@router.post(
    "/recognition/recognize",
    response={200: schemas.Recognized, 202: schemas.Recognized},
    **MAY_ASK,
)
def recognize_subjects(
    request: Request, file: Photo, limit: Whole = 0, prediction_count: Whole = 1
) -> Any:
    """Who is in a photo: for each face the likeliest people, as far as the role may see them."""
    submitted = answering.submit(request.user, [file])
    if not submitted.accepted:
        raise Problem(422, submitted.refused[0].code, submitted.refused[0].params)
    rows = Identification.objects.filter(pk=submitted.accepted[0].pk)

    def said() -> dict[str, Any]:
        faces = answers.photos(rows, request.user)[0]["faces"]
        return {"result": [_result(face, prediction_count) for face in faces[: limit or None]]}

    return Awaited(rows, schemas.Recognized, said).begun(request, LONGEST)


def _result(face: dict[str, Any], most: int) -> dict[str, Any]:
    x, y, width, height = map(round, face["box"])
    box = {"x_min": x, "y_min": y, "x_max": x + width, "y_max": y + height}
    likely = [one for one in face["candidates"] if one["person"]]
    subjects = [{"subject": one["person"], "similarity": one["probability"]} for one in likely]
    return {"box": box | {"probability": face["score"]}, "subjects": subjects[:most]}


@router.get("/recognition/subjects", response=schemas.Subjects, **MAY_READ)
def subjects(request: Request) -> Any:
    """The names of all people."""
    return {"subjects": Person.objects.order_by("name").values_list("name", flat=True)}


@router.post("/recognition/subjects", response={201: schemas.Subject}, **MAY_CHANGE)
def add_subject(request: Request, new: schemas.Subject) -> Any:
    """Add somebody, still without photos. Who is there already stays as they are."""
    return Status(201, {"subject": _there(request, new.subject).name})


def _there(request: Request, name: str) -> Person:
    """The person of that name, who is added if need be."""
    return _called(name).first() or added(request, {"name": name})


def _named(name: str) -> Person:
    if (found := _called(name).first()) is None:
        raise Http404
    return found


def _called(name: str) -> QuerySet[Person]:
    """Of several people of one name, the one who was there first comes first."""
    return Person.objects.filter(name=tidy(name)).order_by("pk")


@router.put("/recognition/subjects/{subject}", response=schemas.Updated, **MAY_CHANGE)
def rename_subject(request: Request, subject: str, new: schemas.Subject) -> Any:
    """Give somebody another name. This makes one person of no two."""
    save_changes(request, _named(subject), {"name": new.subject})
    return {"updated": True}


@router.delete("/recognition/subjects/{subject}", response=schemas.Subject, **MAY_REMOVE)
def remove_subject(request: Request, subject: str) -> Any:
    """Remove somebody with all that is stored to recognise them by, for good."""
    erasure.remove_person(_named(subject), request.user)
    return {"subject": subject}


@router.get("/recognition/faces", response=schemas.Examples, **MAY_READ)
def examples(
    request: Request,
    subject: str = "",
    page: Whole = 0,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Any:
    """Enrolled photos, of everybody or of one person."""
    rows = EnrolledFace.objects.select_related("person").order_by("pk")
    pages = Paginator(rows.filter(person__name=tidy(subject)) if subject else rows, size)
    return {
        "faces": [_example(face) for face in pages.get_page(page + 1)],
        "page_number": page,
        "page_size": size,
        "total_pages": pages.num_pages,
        "total_elements": pages.count,
    }


def _example(face: EnrolledFace) -> dict[str, str]:
    return {"image_id": str(face.pk), "subject": face.person.name}


@router.post(
    "/recognition/faces", response={200: schemas.Example, 202: schemas.Example}, **MAY_CHANGE
)
def add_example(request: Request, subject: str, file: Photo) -> Any:
    """Have a photo of somebody enrolled, who is added if need be. One that is refused has no
    `image_id`, and a `code` that says why."""
    rows = Enrolment.objects.filter(pk=_requested(request, subject, file).pk)

    def said() -> dict[str, Any]:
        row = rows.get()
        enrolled = str(row.face_id) if row.status == "done" else ""
        return {"image_id": enrolled, "subject": subject, "code": row.error_code or None}

    return Awaited(rows, schemas.Example, said).begun(request, LONGEST)


@transaction.atomic
def _requested(request: Request, subject: str, file: UploadedFile) -> Enrolment:
    """Nobody is added whose photo is not taken."""
    asked = service.request_enrolment(_there(request, subject), [file], request.user)
    if not asked.accepted:
        raise Problem(422, asked.refused[0].code, asked.refused[0].params)
    return asked.accepted[0]


@router.delete("/recognition/faces/{int:image}", response=schemas.Example, **MAY_CHANGE)
def remove_example(request: Request, image: int) -> Any:
    """Take one photo out of the gallery."""
    face = get_object_or_404(EnrolledFace.objects.select_related("person"), pk=image)
    gone = _example(face)
    erasure.remove_face(face, request.user)
    return gone


@router.delete(
    "/recognition/faces", response={200: schemas.Removed, 404: schemas.Problem}, **MAY_CHANGE
)
def remove_examples(request: Request, subject: str) -> Any:
    """Take all photos of somebody out of the gallery. The person stays."""
    faces = list(_named(subject).faces.select_related("person"))
    for face in faces:
        erasure.remove_face(face, request.user)
    return {"deleted": len(faces)}
