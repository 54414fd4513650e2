from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.identification import CompareForm, FacesForm
from recognition.messages.photos import photo_error, too_many_photos
from recognition.models import Comparison
from recognition.presenters.comparison import ComparisonPage
from recognition.presenters.progress import Progress
from recognition.services import access
from recognition.services.identification import comparing
from recognition.services.identification.quotas import TooManyPhotos
from recognition.views.errors import too_many
from recognition.views.identification import may_upload
from recognition.views.news import held_until_news
from recognition.views.requests import Request, form_methods

SHOWN = 10
"""Of one's comparisons, the newest."""


@may_upload
@form_methods
def compare(request: Request) -> HttpResponse:
    """Two photos: do they show one person?"""
    if request.method != "POST":
        return _form_page(request, CompareForm())
    form = CompareForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        row = comparing.submit(request.user, *form.cleaned_data["photos"])
    except TooManyPhotos as limit:
        return too_many(request, too_many_photos(limit.code, limit.params), limit.params["after"])
    except comparing.PhotoRefused as refused:
        form.add_error("photos", _refusal(refused))
        return _form_page(request, form, status=422)
    return redirect("comparison", row.pk)


def _refusal(refused: comparing.PhotoRefused) -> str:
    return f"{refused.params['filename']}: {photo_error(refused.code, refused.params)}"


def _form_page(request: Request, form: CompareForm, status: int = 200) -> HttpResponse:
    rows = access.visible_comparisons(request.user)[:SHOWN]
    return render(request, "comparison/form.html", {"form": form, "rows": rows}, status=status)


def _own(request: Request, pk: UUID) -> QuerySet[Comparison]:
    return access.visible_comparisons(request.user).filter(pk=pk)


@require_safe
@held_until_news(_own)
def comparison(request: Request, pk: UUID) -> HttpResponse:
    """The answer, for the faces that the address names."""
    row = get_object_or_404(_own(request, pk))
    form = FacesForm(request.GET)
    chosen = (form.cleaned_data["first"], form.cleaned_data["second"]) if form.is_valid() else ()
    context = {"item": ComparisonPage(row, *chosen), "row": row, "progress": Progress([row])}
    page = "comparison/_comparison.html" if request.htmx else "comparison/comparison.html"
    return render(request, page, context)


@require_POST
def comparison_delete(request: Request, pk: UUID) -> HttpResponse:
    comparing.delete(get_object_or_404(_own(request, pk)), request.user)
    messages.success(request, _("The comparison and its photos were deleted."))
    return redirect("compare")
