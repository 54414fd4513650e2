"""Photos and their answers as programs read them: the JSON of `manage.py identify`, with what a
stored photo has beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from recognition.models import Identification, User
from recognition.services import access
from recognition.services.identification import reading
from recognition.services.identification.answer import Face

Json = dict[str, Any]


def photos(rows: QuerySet[Identification], user: User) -> list[Json]:
    """Those rows in their order, with as much of their answers as the user may see; a constant
    number of queries."""
    found = list(reading.with_everything(rows))
    faces = [face for row in found for face in row.faces.all()]
    pages = reading.of_faces(faces, access.others_shown(user))
    by_photo: dict[Any, list[reading.FacePage]] = {row.pk: [] for row in found}
    for page in pages:
        by_photo[page.face.identification_id].append(page)
    return [_photo(row, by_photo[row.pk]) for row in found]


def _photo(row: Identification, faces: Sequence[reading.FacePage]) -> Json:
    return {
        "id": row.pk,
        "batch": row.batch,
        "path": row.filename,
        "status": row.status,
        "error": row.error_code or None,
        "created": row.created_at,
        "finished": row.finished_at,
        "model": row.model_version.name if row.model_version else None,
        "gallery": {"people": row.gallery_people, "templates": row.gallery_templates},
        "width": row.width,
        "height": row.height,
        "turned": row.turned,
        "parts": row.parts,
        "cut_short": row.cut_short,
        "faces": [_face(page) for page in faces],
    }


def _face(page: reading.FacePage) -> Json:
    names = {near.candidate.person_id: near.candidate.person.name for near in page.likenesses}
    return {
        "id": page.face.pk,
        **Face.of_page(page).as_json(names.get),
        "review": page.face.review or None,
        "found": page.face.found and page.face.found.name,
    }
