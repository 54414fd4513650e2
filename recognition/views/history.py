from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from recognition.forms.history import HistoryFilter
from recognition.models import Identification
from recognition.services.identification import reading
from recognition.views.requests import Request

PAGE = 25


@require_safe
def history(request: Request) -> HttpResponse:
    """One's own identifications, newest first; everybody's are the reviewers' pages."""
    form = HistoryFilter(request.GET or None, user=request.user)
    own = reading.with_names(Identification.objects.filter(user=request.user))
    found = form.apply(own) if form.is_bound else own
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "filtered": form.is_bound and form.has_changed()}
    return render(request, "identification/history.html", context)
