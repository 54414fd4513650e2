from __future__ import annotations

from typing import cast
from uuid import UUID

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from recognition.models import EnrolledFace, Identification, ImportFile, User
from recognition.services import access
from recognition.services.photos import thumbnails
from recognition.views import samples

KEPT_BY_NOBODY = "private, no-store"
KEPT_BRIEFLY = "private, max-age=300"
"""The faces of one's own photos and small pictures of them, which lists show by the dozen."""
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


@require_safe
def photo(request: HttpRequest, kind: str, key: UUID | int) -> HttpResponseBase:
    """The only way to a stored picture: whoever may not see it learns nothing about it."""
    user = cast(User, request.user)
    match kind:
        case "identification":
            uploaded = _uploaded(user, key)
            return _serve(request, uploaded.photo, _kept(request, uploaded.user_id == user.pk))
        case "probe":
            probes = access.visible_crops(user).select_related("identification")
            face = get_object_or_404(probes, pk=key)
            own = face.identification.user_id == user.pk
            access.note_faces(user, face.identification)
            return _serve(request, face.crop, KEPT_BRIEFLY if own else KEPT_BY_NOBODY)
        case "enrolled":
            return _serve(request, _portrait(user, key))
        case "trial":
            return _serve(request, get_object_or_404(access.visible_trials(user), pk=key).photo)
        case "first" | "second":
            row = get_object_or_404(access.visible_comparisons(user), pk=key)
            return _serve(request, row.first_photo if kind == "first" else row.second_photo)
        case "import":
            files = ImportFile.objects.filter(batch__requested_by=user)
            return _serve(request, get_object_or_404(files, pk=key).preview)
    raise Http404


@require_safe
def sample_photo(request: HttpRequest, name: str) -> HttpResponseBase:
    path = samples.path(name)
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/jpeg")
    response["Cache-Control"] = KEPT_BRIEFLY
    return response


def _uploaded(user: User, key: UUID | int) -> Identification:
    identification = get_object_or_404(access.visible_identifications(user), pk=key)
    access.note_opening(user, identification)
    return identification


def _kept(request: HttpRequest, own: bool) -> str:
    """A whole photo by nobody, a small picture of one's own briefly."""
    return KEPT_BRIEFLY if own and _side(request) else KEPT_BY_NOBODY


def _portrait(user: User, key: UUID | int) -> FieldFile:
    face = get_object_or_404(EnrolledFace, pk=key)
    if not access.may_see_portrait(user, face):
        raise Http404
    return face.portrait


def _serve(request: HttpRequest, file: FieldFile, kept: str = KEPT_BY_NOBODY) -> HttpResponseBase:
    """Stored pictures never change and have unique names, so the name is the entity tag."""
    if not file:
        raise Http404
    side = _side(request)
    etag = quote_etag(f"{file.name}{side or ''}")
    response = get_conditional_response(request, etag=etag) or _picture(file, side)
    response["ETag"] = etag
    response["Cache-Control"] = kept
    return response


def _side(request: HttpRequest) -> int:
    """The longer side that a place in a list asks for; 0 for the picture as it is stored."""
    asked = request.GET.get("side", "")
    return int(asked) if asked in map(str, thumbnails.SIDES) else 0


def _picture(file: FieldFile, side: int) -> HttpResponseBase:
    try:
        if side:
            return HttpResponse(thumbnails.smaller(file, side), content_type="image/jpeg")
        return FileResponse(file.open("rb"), content_type=_content_type(file))
    except FileNotFoundError as error:
        raise Http404 from error


def _content_type(file: FieldFile) -> str:
    return CONTENT_TYPES[str(file.name).rpartition(".")[2]]
