"""How much a request may bring, and what is said of one that brings more.

Photos come from people who are logged in. What anybody else sends stays in memory: a stranger
never has a byte written to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.shortcuts import redirect, render
from django.utils import translation

MAX_BODY_BYTES = settings.MAX_PHOTOS_PER_UPLOAD * settings.MAX_PHOTO_BYTES + 2**20
STRANGERS_BYTES = 2**18
TOO_LARGE = "facesite.too_large"
"""In the environment of a request whose body the web process has not taken: what it may have."""
NOT_NOW = "facesite.not_now"
"""In that of one whose body it could not take: the status of its answer."""


def allowed(environ: Mapping[str, Any], opens: Callable[[Mapping[str, Any]], bool]) -> int:
    """The most bytes that this request may bring. Asks the database whose session it is of, and
    whether a token that a program sends `opens` anything."""
    close_old_connections()
    if opens(environ):
        return MAX_BODY_BYTES
    cookies = parse_cookie(environ.get("HTTP_COOKIE", ""))
    session = SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    return MAX_BODY_BYTES if SESSION_KEY in session else STRANGERS_BYTES


def refuse_large_bodies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a request with too large a body before a view asks for the fields of its form."""
    return lambda request: (_refuse if TOO_LARGE in request.META else get_response)(request)


def _refuse(request: HttpRequest) -> HttpResponse:
    if request.META[TOO_LARGE] == STRANGERS_BYTES:
        return redirect(settings.LOGIN_URL)
    limits = {
        "photos": settings.MAX_PHOTOS_PER_UPLOAD,
        "megabytes": settings.MAX_PHOTO_BYTES // 2**20,
    }
    with translation.override(translation.get_language_from_request(request)):
        return render(request, "413.html", limits, status=413)
