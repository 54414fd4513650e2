from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.defaults import server_error

from facesite.bodies import NOT_NOW
from facesite.logs import WHY
from recognition.services.work import faults

A_MINUTE: Final = dt.timedelta(minutes=1)
A_MOMENT: Final = dt.timedelta(seconds=10)


def too_many(
    request: HttpRequest, sentence: str = "", after: dt.timedelta = A_MINUTE
) -> HttpResponse:
    """Too many requests, of any kind: when to come again."""
    response = render(request, "429.html", {"sentence": sentence}, status=429)
    return _come_again(response, after)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database, or another part of the place, does not answer."""
    with translation.override(translation.get_language_from_request(request)):
        return _come_again(render(request, "503.html", status=503), A_MOMENT)


def no_room(request: HttpRequest) -> HttpResponse:
    """The disk is full: what was sent is not stored."""
    with translation.override(translation.get_language_from_request(request)):
        return _come_again(render(request, "507.html", status=507), A_MINUTE)


def _come_again(response: HttpResponse, after: dt.timedelta) -> HttpResponse:
    response.headers["Retry-After"] = str(math.ceil(after.total_seconds()))
    return response


NOT_NOW_PAGES: Final = {503: unavailable, 507: no_room}


def answer_what_was_not_taken(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware for requests whose body the web process could not take."""

    def respond(request: HttpRequest) -> HttpResponse:
        answer = NOT_NOW_PAGES.get(request.META.get(NOT_NOW, 0), get_response)
        return answer(request)

    return respond


def went_wrong(request: HttpRequest) -> HttpResponse:
    """Django asks here while it handles an error that no view has. One that is understood is told
    in the line of its request; the others keep their traceback."""
    error = sys.exc_info()[1]
    code = faults.of_place(error)
    if not code:
        return server_error(request)
    request.META[WHY] = f"fails ({code}): {error}"
    response = no_room(request) if code == faults.FULL else unavailable(request)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
