from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangosMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRefresh

from facesite import counting, logs, request_ids
from recognition.api.auth import of_program
from recognition.api.problems import of_status, problem

log = logging.getLogger("facesite.requests")

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_COMMON = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_STRICT = f"default-src 'self'; {_COMMON}"
# The admin's pages carry inline scripts and styles, and Alpine evaluates its attributes.
_ADMIN = f"default-src 'self' 'unsafe-inline' 'unsafe-eval'; {_COMMON}"


_PERMISSIONS = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"


def noting_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A line of the log for each request, and a number that its other lines have too, that goes
    with it to the worker and that whoever asked can name."""

    def respond(request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        number = request_ids.taken_from(request.headers.get(request_ids.HEADER, ""))
        with request_ids.known_as(number):
            response = get_response(request)
            _note(request, response, (perf_counter() - started) * 1000)
        response.headers[request_ids.HEADER] = number
        return response

    return respond


def _note(request: HttpRequest, response: HttpResponse, milliseconds: float) -> None:
    said = {
        "method": request.method if request.method in METHODS else "other",
        "route": logs.route(request),
        "status": response.status_code,
        "ms": round(milliseconds, 1),
    }
    _count(said)
    user, why = _who(request), request.META.get(logs.WHY, "")
    line = " ".join(map(str, said.values())) + " ms"
    line += f", user {user}" if user else ""
    level = logging.WARNING if why else logging.INFO
    log.log(level, "%s", f"{line}: {why}" if why else line, extra=said | {"user": user, "why": why})


def _count(said: dict[str, Any]) -> None:
    counting.REQUESTS.add(said["route"], said["method"], f"{said['status'] // 100}xx")
    counting.REQUEST_SECONDS.add(said["route"], seconds=said["ms"] / 1000)


def _who(request: HttpRequest) -> int | None:
    """Whoever it is known to be by now: a line of the log is not worth a query."""
    user = getattr(request, "user", None)
    if type(user) is SimpleLazyObject:
        user = getattr(request, "_cached_user", None)
    return user.pk if user else None


def guarding_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Scripts, styles and pictures come from this site and from nowhere else; nothing asks for
    more of the device than its camera; and nobody keeps a page of which its view says nothing."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = _ADMIN if request.path.startswith("/admin/") else _STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return respond


class LoginRequiredMiddleware(DjangosMiddleware):
    """Every page is for people who are logged in, unless its view says otherwise."""

    def handle_no_permission(  # type: ignore[override]  # Django's own only ever redirects
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """A part of a page that asks for news would be filled with the log-in page: reload it. A
        program could not read that page."""
        if of_program(request):
            return problem(request, of_status(401))
        if "HX-Request" in request.headers:
            return HttpResponseClientRefresh()
        return super().handle_no_permission(request, view_func)
