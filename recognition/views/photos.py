from __future__ import annotations

from typing import cast
from uuid import UUID

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from recognition.models import EnrolledFace, User
from recognition.services import access
from recognition.views import samples

KEPT_BY_NOBODY = "private, no-store"
KEPT_BRIEFLY = "private, max-age=300"
"""The faces of one's own photos, which lists show by the dozen."""
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


@require_safe
def photo(request: HttpRequest, kind: str, key: UUID | int) -> HttpResponseBase:
    """The only way to a stored picture: whoever may not see it learns nothing about it."""
    user = cast(User, request.user)
    match kind:
        case "identification":
            return _serve(request, _uploaded(user, key))
        case "probe":
            probes = access.visible_probes(user).select_related("identification")
            face = get_object_or_404(probes, pk=key)
            own = face.identification.user_id == user.pk
            access.note_faces(user, face.identification)
            return _serve(request, face.crop, KEPT_BRIEFLY if own else KEPT_BY_NOBODY)
        case "enrolled":
            return _serve(request, _portrait(user, key))
        case "trial":
            return _serve(request, get_object_or_404(access.visible_trials(user), pk=key).photo)
    raise Http404


@require_safe
def sample_photo(request: HttpRequest, name: str) -> HttpResponseBase:
    path = samples.path(name)
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/jpeg")
    response["Cache-Control"] = KEPT_BRIEFLY
    return response


def _uploaded(user: User, key: UUID | int) -> FieldFile:
    identification = get_object_or_404(access.visible_identifications(user), pk=key)
    access.note_opening(user, identification)
    return identification.photo


def _portrait(user: User, key: UUID | int) -> FieldFile:
    face = get_object_or_404(EnrolledFace, pk=key)
    if not access.may_see_portrait(user, face):
        raise Http404
    return face.portrait


def _serve(request: HttpRequest, file: FieldFile, kept: str = KEPT_BY_NOBODY) -> HttpResponseBase:
    """Stored pictures never change and have unique names, so the name is the entity tag."""
    if not file:
        raise Http404
    etag = quote_etag(str(file.name))
    response = get_conditional_response(request, etag=etag) or _stream(file)
    response["ETag"] = etag
    response["Cache-Control"] = kept
    return response


def _stream(file: FieldFile) -> FileResponse:
    content_type = CONTENT_TYPES[str(file.name).rpartition(".")[2]]
    try:
        return FileResponse(file.open("rb"), content_type=content_type)
    except FileNotFoundError as error:
        raise Http404 from error
