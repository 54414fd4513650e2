from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from recognition.forms.deletion import ChosenPhotos, ReasonForm
from recognition.messages.privacy import deleted
from recognition.models import EnrolledFace, Identification
from recognition.services import access
from recognition.services.privacy.deletion import delete_photos
from recognition.views.requests import Request, form_methods


@form_methods
def photo_delete(request: Request, pk: UUID) -> HttpResponse:
    """One photo: one's own, or anybody's for those who review or operate."""
    photos = access.deletable_identifications(request.user).filter(pk=pk)
    if not photos.exists():
        raise Http404
    return _delete(request, photos, Form())


@form_methods
def photos_delete(request: Request) -> HttpResponse:
    """Several of one's own."""
    form = ChosenPhotos(request.POST or request.GET, user=request.user)
    photos = form.photos()
    if not photos.exists():
        messages.info(request, _("No photo was chosen."))
        return redirect("history")
    return _delete(request, photos, form)


def _delete(request: Request, photos: QuerySet[Identification], chosen: Form) -> HttpResponse:
    """Ask first, then delete. `chosen` says again which they are."""
    reason = _reason(request, photos)
    if request.method == "POST" and (reason is None or reason.is_valid()):
        why = reason.cleaned_data["reason"] if reason else ""
        messages.success(request, deleted(delete_photos(photos, request.user, why)))
        return redirect("history")
    count = photos.count()
    context = {
        "count": count,
        "one": photos.first() if count == 1 else None,
        "enrolled": EnrolledFace.objects.filter(probe__identification__in=photos).count(),
        "chosen": chosen,
        "reason": reason,
    }
    status = 422 if reason and reason.errors else 200
    return render(request, "identification/confirm_delete.html", context, status=status)


def _reason(request: Request, photos: QuerySet[Identification]) -> ReasonForm | None:
    """Asked for where somebody else's are among them."""
    if not photos.exclude(user=request.user).exists():
        return None
    return ReasonForm(request.POST if request.method == "POST" else None)
