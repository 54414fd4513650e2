from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.identification import UploadForm
from recognition.messages.photos import photo_error, too_many_photos
from recognition.models import Identification, Person
from recognition.presenters.progress import Progress
from recognition.services import access
from recognition.services.identification import answering as identifications
from recognition.services.identification import reading
from recognition.services.identification.quotas import TooManyPhotos
from recognition.services.work.retrying import retry
from recognition.views import samples
from recognition.views.errors import too_many
from recognition.views.news import held_until_news
from recognition.views.requests import Request, form_methods, tell_refused

may_upload = permission_required("recognition.add_identification", raise_exception=True)


@may_upload
@form_methods
def upload(request: Request) -> HttpResponse:
    if request.method != "POST":
        return _upload_page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, status=422)
    return _submit(request, form.cleaned_data["photos"])


@may_upload
@require_POST
def sample(request: Request, name: str) -> HttpResponse:
    """Try the site with one of its own photos."""
    file = samples.path(name)
    if file is None:
        raise Http404
    return _submit(request, [samples.as_upload(file, name)])


def _upload_page(request: Request, form: UploadForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "samples": samples.available(),
        "nobody_enrolled": not Person.objects.filter(faces__isnull=False).exists(),
    }
    return render(request, "identification/upload.html", context, status=status)


def _submit(request: Request, photos: Sequence[UploadedFile[Any]]) -> HttpResponse:
    try:
        submission = identifications.submit(request.user, photos)
    except TooManyPhotos as limit:
        sentence = too_many_photos(limit.code, limit.params)
        return too_many(request, sentence, limit.params["after"])
    tell_refused(request, submission.refused, photo_error)
    if not submission.accepted:
        return redirect("upload")
    return redirect("batch", submission.batch)


def _of_batch(request: Request, batch: UUID) -> QuerySet[Identification]:
    return Identification.objects.filter(user=request.user, batch=batch)


@require_safe
@held_until_news(_of_batch)
def batch(request: Request, batch: UUID) -> HttpResponse:
    """The photos of one upload, for whoever uploaded them."""
    own = _of_batch(request, batch).order_by("created_at", "pk")
    rows = list(_as_shown(request, own))
    if not rows:
        raise Http404
    return _answers(request, "identification/batch.html", rows)


def _visible(request: Request, pk: UUID) -> QuerySet[Identification]:
    return access.visible_identifications(request.user).filter(pk=pk)


@require_safe
@held_until_news(_visible)
def identification(request: Request, pk: UUID) -> HttpResponse:
    """One photo and its answer."""
    row = get_object_or_404(_as_shown(request, _visible(request, pk)))
    access.note_opening(request.user, row)
    return _answers(request, "identification/identification.html", [row])


@require_POST
def identification_retry(request: Request, pk: UUID) -> HttpResponse:
    """Try one's own photo again that failed."""
    own = Identification.objects.filter(user=request.user, pk=pk)
    if not own.exists():
        raise Http404
    retry(own)
    return redirect("identification", pk)


def _as_shown(request: Request, photos: QuerySet[Identification]) -> QuerySet[Identification]:
    """With all that whoever asks is shown of them."""
    return reading.with_everything(photos, naming=access.has_staff_role(request.user))


def _answers(request: Request, page: str, rows: list[Identification]) -> HttpResponse:
    """The page, or only its part that fills in by itself when that part asks for news."""
    others = access.others_shown(request.user)
    context = {
        "rows": rows,
        "progress": Progress(rows),
        "answer": reading.of(rows[0], others) if len(rows) == 1 else None,
    }
    return render(request, "identification/_answers.html" if request.htmx else page, context)
