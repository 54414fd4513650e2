"""How much a request may bring, and what is said of one that brings more."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

MAX_BODY_BYTES = settings.MAX_PHOTOS_PER_UPLOAD * settings.MAX_PHOTO_BYTES + 2**20
TOO_LARGE = "facesite.too_large"
"""In the environment of a request whose body the web process has not taken."""


def refuse_large_bodies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a request with too large a body before a view asks for the fields of its form."""
    return lambda request: (_refuse if TOO_LARGE in request.META else get_response)(request)


def _refuse(request: HttpRequest) -> HttpResponse:
    limits = {
        "photos": settings.MAX_PHOTOS_PER_UPLOAD,
        "megabytes": settings.MAX_PHOTO_BYTES // 2**20,
    }
    with translation.override(translation.get_language_from_request(request)):
        return render(request, "413.html", limits, status=413)
