"""Three addresses without an account, for whatever looks after the site: is it alive, is it ready,
how much of what?

They are answered before anything else looks at the request: no session, no host name, no redirect
to HTTPS, no line of the log, and for the first not even the database.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from recognition.services.site.health import health
from recognition.views.metrics import metrics


def healthz(_request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return JsonResponse({"alive": True})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Photos are taken and answered."""
    found = health()
    return JsonResponse(found.as_json(), status=200 if found.ready else 503)


PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def probes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that answers them."""

    def respond(request: HttpRequest) -> HttpResponse:
        view = PROBES.get(request.path_info)
        if view is None:
            return get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = view(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return respond
