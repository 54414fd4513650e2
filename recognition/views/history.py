from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from recognition.forms.deletion import ChosenPhotos
from recognition.forms.history import HistoryFilter
from recognition.models import Identification
from recognition.services.identification import reading
from recognition.services.privacy import some_photos
from recognition.views.requests import Request, downloaded

PAGE = 25
MOST = 100 * PAGE
"""Photos that a filter shows: to count all that it finds, each would have to be looked at."""


@require_safe
def history(request: Request) -> HttpResponse:
    """One's own identifications, newest first; everybody's are the reviewers' pages."""
    form = HistoryFilter(request.GET or None)
    own = Identification.objects.filter(user=request.user)
    found = form.apply(own) if form.is_bound else own
    filtered = form.is_bound and form.has_changed()
    # Numbers alone come from the index, however many pages are before this one. What a filter
    # finds is looked for once, and not a second time to be counted.
    numbers = found.values_list("pk", flat=True)
    pages = Paginator(list(numbers[:MOST]) if filtered else numbers, PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": list(reading.in_batches(list(page), reading.with_names)),
        "perhaps_more": filtered and pages.count == MOST,
        "filtered": filtered,
    }
    return render(request, "identification/history.html", context)


@require_safe
def history_zip(request: Request) -> HttpResponseBase:
    """Photos and answers, those that were ticked or all that a filter finds."""
    photos = _chosen(request)
    if not photos.exists():
        return _none_chosen(request)
    pieces = some_photos.archive(photos, request.user)
    return downloaded(StreamingHttpResponse(pieces), "facesite-photos.zip")


@require_safe
def history_csv(request: Request) -> HttpResponseBase:
    """The answers alone, as a table."""
    photos = _chosen(request)
    if not photos.exists():
        return _none_chosen(request)
    lines = some_photos.table(photos, request.user)
    return downloaded(StreamingHttpResponse(lines, content_type="text/csv"), "facesite-answers.csv")


def _chosen(request: Request) -> QuerySet[Identification]:
    return HistoryFilter(request.GET).apply(ChosenPhotos(request.GET, user=request.user).photos())


def _none_chosen(request: Request) -> HttpResponse:
    messages.info(request, _("No photo was chosen."))
    return redirect("history")
