"""What goes for all answers to programs, whatever part of the site they come from."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag

from facesite.waiting import LATER
from recognition.api import document
from recognition.api.auth import of_program
from recognition.api.problems import instead_of_page, of_status, problem

Respond = Callable[[HttpRequest], HttpResponse]

SENT = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Accept-Language"
READ = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After"


def for_programs(get_response: Respond) -> Respond:
    """Problems instead of pages, HEAD as a GET without a body, OPTIONS without a token, ETags, and
    pages from elsewhere where a setting lets them in."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not of_program(request):
            return get_response(request)
        if request.method == "OPTIONS":
            return _for_elsewhere(request, _options(request))
        asked, request.method = request.method, _read_instead(request.method)
        response = instead_of_page(request, get_response(request))
        response = _for_elsewhere(request, _unless_known(request, response))
        return _without_body(response) if asked == "HEAD" else response

    return respond


def _read_instead(method: str | None) -> str | None:
    return "GET" if method == "HEAD" else method


def _without_body(response: HttpResponse) -> HttpResponse:
    length = len(response.content)
    response.content = b""
    response.headers["Content-Length"] = str(length)
    return response


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Nothing, if the program says that it has this answer already."""
    if request.method != "GET" or response.status_code != 200 or LATER in request.META:
        return response
    set_response_etag(response)
    known = get_conditional_response(request, response.headers.get("ETag"), response=response)
    return known if isinstance(known, HttpResponse) else response


def _options(request: HttpRequest) -> HttpResponse:
    try:
        route = resolve(request.path_info).route
    except Http404:
        return problem(request, of_status(404))
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    methods = [method.upper() for method in document.paths().get(path, {"get": {}})]
    heads = ["HEAD"] if "GET" in methods else []
    allow = ", ".join(sorted([*methods, *heads, "OPTIONS"]))
    return HttpResponse(status=204, headers={"Allow": allow})


def _for_elsewhere(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Pages of other sites may ask with a token, never with a session."""
    if not settings.API_ORIGINS:
        return response
    patch_vary_headers(response, ["Origin"])
    origin = request.headers.get("Origin", "")
    if origin in settings.API_ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = READ
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = SENT
            response.headers["Access-Control-Max-Age"] = "3600"
    return response
